"""Every hyperparameter of binary segmentation: its default, its range and what it means."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tunebook.images.dividing import Split, fold_parameter, folds_parameter
from tunebook.spec.parameters import Fields, parameter
from tunebook.splitting import check_fold

LEARNED = ("unet", "attention-unet", "segresnet")
"""Families of models that are trained; the others are baselines."""
EVEN = 0.5
"""The prior of a model without a bias."""


class Data(Fields):
    """Where the scans lie, and how they are cut into tiles."""

    root: str = parameter(
        meaning="Folder with the splits, from the book; may hold ${NAME}. A split is a folder with images/ and masks/ "
        "(PNG, TIFF) of the same stems; or root is a CSV file with the columns image, mask and split.",
        identity="path",
    )
    train: str = parameter("train", meaning="Folder (or name in the column split) of the training split.")
    val: str = parameter("val", meaning="That of the selection split.")
    test: str = parameter("test", meaning="That of the reported split.")
    channel: int | None = parameter(
        None, meaning="The one channel (from 0) to use of images with several; null: grey or RGB.", ge=0
    )
    normalize: Literal["percentile", "minmax", "none"] = parameter(
        "none",
        meaning="How a whole scan is brought to 0..255 before any tile is cut: none (values must lie there), "
        "percentile (1st to 99.8th, clipped), or minmax.",
    )
    image_size: int | None = parameter(
        None,
        meaning="Longest side, in pixels, that a scan is reduced to before it is cut; a smaller one is left as it is. "
        "Predictions are brought back to the scan's own size, where they are scored. null: as it is.",
        also=("page_size",),
        ge=16,
    )
    tile: int = parameter(256, meaning="Side of the square tiles, in pixels, in training and prediction.", ge=16)
    overlap: int = parameter(
        64, meaning="Pixels by which neighbouring tiles overlap in prediction, less than a tile.",
        also=("patch_overlap",), ge=0,
    )  # fmt: skip
    blend: Literal["gaussian", "linear", "uniform"] = parameter(
        "gaussian", meaning="Weights of a tile's pixels where tiles overlap in prediction."
    )
    tiles_per_image: int = parameter(8, meaning="Tiles drawn from each training scan in an epoch.", ge=1)
    foreground: float = parameter(
        0.33,
        meaning="Share of a scan's tiles that are drawn around a foreground pixel, where it has any (nnU-Net: 0.33); "
        "the others lie anywhere.",
        ge=0,
        le=1,
    )
    train_images: int | None = parameter(
        None, meaning="So many scans of the training split, drawn by subset_seed; null: all.", ge=1
    )
    val_images: int | None = parameter(
        None, meaning="So many scans of the selection split, drawn by subset_seed; null: all.", ge=1
    )
    subset_seed: int = parameter(0, meaning="Seed of these draws; never the replicate's.", ge=0)
    split: Split = Field(default_factory=Split)
    folds: int | None = folds_parameter()
    fold: int | None = fold_parameter()

    @model_validator(mode="after")
    def _folded(self) -> "Data":
        check_fold(self.folds, self.fold)
        return self

    @model_validator(mode="after")
    def _overlaps_less_than_a_tile(self) -> "Data":
        if self.overlap >= self.tile:
            raise ValueError(f"must have an overlap below its tile, {self.tile}; got {self.overlap}")
        return self


class Augmentation(Fields):
    """What training tiles undergo at random; masks likewise."""

    flips: bool = parameter(True, meaning="Whether tiles are mirrored, left to right and top to bottom.")
    rotations: bool = parameter(True, meaning="Whether tiles are turned by quarter turns.")
    brightness: float = parameter(
        0.1, meaning="Most that is added to or taken from a tile, as a share of 255.", ge=0, le=1
    )
    contrast: float = parameter(
        0.1, meaning="Most by which the distance from a tile's mean grows or shrinks, as a share of it.", ge=0, lt=1
    )


class Model(Fields):
    """What predicts a mask."""

    family: Literal["unet", "attention-unet", "segresnet", "black", "white", "constant", "otsu"] = parameter(
        "unet",
        meaning="unet (Ronneberger et al. 2015, with group normalisation); attention-unet and segresnet are MONAI's. "
        "The others are the baselines of every page: black, white, constant (the share of foreground in training "
        "everywhere), otsu (each scan's grey values by Otsu's threshold, on the side that training scans say).",
    )
    width: int = parameter(
        16, meaning="Channels of the first level; every level has twice as many, unet 512 at most.", ge=1, le=1024
    )
    depth: int = parameter(4, meaning="Levels; every level halves the tile.", ge=1, le=8)
    dropout: float = parameter(
        0.0,
        meaning="Share of channels dropped in training: of unet at its lowest level, of MONAI's where they do.",
        ge=0,
        lt=1,
    )
    prior: Annotated[float | None, BeforeValidator(lambda prior: None if prior == EVEN else prior)] = parameter(
        None,
        meaning="Foreground share that an untrained model says, by the bias of its last layer; null or 0.5: a half, "
        "without a bias.",
        gt=0,
        lt=1,
    )


class Loss(Fields):
    """What training minimises, of logits and masks of the tiles of a batch."""

    kind: Literal["bce-dice", "tversky", "focal"] = parameter(
        "bce-dice",
        meaning="bce-dice: bce_weight · BCE + (1 - bce_weight) · Dice; tversky (Salehi et al. 2017); focal (Lin et "
        "al. 2017).",
    )
    bce_weight: float = parameter(
        0.5, meaning="Weight of the cross-entropy in bce-dice; 1: no Dice, 0: Dice alone.", ge=0, le=1
    )
    dice_smooth: float = parameter(
        1.0,
        meaning="s in Dice = 1 - (2·I + s) / (P + T + s), and in tversky; of no use below 1e-3 on tiles without "
        "foreground.",
        also=("dice_smooths", "smooth"),
        gt=0,
    )
    pos_weight: float = parameter(
        1.0,
        meaning="Weight of foreground pixels in the cross-entropy; moves a calibrated model's threshold to "
        "1 / (1 + pos_weight).",
        also=("pos_weights",),
        gt=0,
    )
    per: Literal["image", "batch"] = parameter(
        "batch", meaning="Whether Dice and tversky are of each tile, then averaged, or of the batch as a whole."
    )
    tversky_alpha: float = parameter(0.3, meaning="Weight of false positives in tversky.", ge=0, le=1)
    tversky_beta: float = parameter(0.7, meaning="Weight of false negatives in tversky.", ge=0, le=1)
    focal_gamma: float = parameter(2.0, meaning="Focusing of the focal loss; 0: none.", ge=0)
    focal_alpha: float | None = parameter(
        0.25, meaning="Weight of foreground in the focal loss, 1 - alpha of background; null: 1 for both.", gt=0, lt=1
    )

    @model_validator(mode="after")
    def _weighs_something(self) -> "Loss":
        if self.tversky_alpha + self.tversky_beta == 0:
            raise ValueError("must weigh false positives or false negatives in tversky; both weights are 0")
        return self


class Optimizer(Fields):
    """How weights move."""

    name: Literal["adam", "adamw", "sgd"] = parameter("adamw", meaning="adam, adamw, or sgd with momentum 0.9.")
    lr: float = parameter(1e-3, meaning="Learning rate after warm-up.", also=("learning_rate",), gt=0)
    weight_decay: float = parameter(
        0.0, meaning="Weight decay: decoupled of adamw, coupled (L2) of adam and sgd.", ge=0
    )


class Schedule(Fields):
    """The learning rate over the steps."""

    name: Literal["constant", "cosine"] = parameter("constant", meaning="constant, or cosine from lr to 0.")
    warmup: int = parameter(0, meaning="Steps over which lr rises linearly from 0.", ge=0)


class Budget(Fields):
    """How long a model is trained."""

    epochs: int = parameter(10, meaning="Epochs: each draws tiles_per_image new tiles of every training scan.", ge=1)


class OperatingPoint(Fields):
    """How the threshold is chosen on the split that a study selects by; 0.5 is reported beside it."""

    choose: Literal["f1", "recall", "precision"] = parameter(
        "f1",
        meaning="What the threshold maximises there, over the pixels of all scans: f1 (and with it IoU); recall: among "
        "thresholds whose precision is at_least; precision: among those whose recall is.",
        identity="scoring",
    )
    at_least: float = parameter(
        0.5,
        meaning="The precision (for recall; for precision the recall) that the threshold must have on that split; "
        "where none has it, the nearest is taken and said to be so.",
        gt=0,
        le=1,
        identity="scoring",
    )


class Boundary(Fields):
    """How far a border may be off in the boundary scores."""

    tolerance: float = parameter(
        2.0, meaning="Pixels of the scan within which a border pixel counts as found.", ge=0, identity="scoring"
    )


class Config(Fields):
    """One model for binary masks."""

    data: Data
    augmentation: Augmentation = Field(default_factory=Augmentation)
    model: Model = Field(default_factory=Model)
    loss: Loss = Field(default_factory=Loss)
    optimizer: Optimizer = Field(default_factory=Optimizer)
    schedule: Schedule = Field(default_factory=Schedule)
    batch_size: int = parameter(16, meaning="Tiles per step; the last step of an epoch has what is left.", ge=1)
    budget: Budget = Field(default_factory=Budget)
    precision: Literal["fp32", "bf16"] = parameter("fp32", meaning="fp32, or bf16 autocast.")
    threshold: OperatingPoint = Field(default_factory=OperatingPoint)
    boundary: Boundary = Field(default_factory=Boundary)

"""Every hyperparameter of promptable segmentation: its default, its range and what it means."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from tunebook.images.containers import LETTERS
from tunebook.images.dividing import Split, fold_parameter, folds_parameter
from tunebook.images.slices import ranged
from tunebook.spec.parameters import Fields, parameter
from tunebook.splitting import check_fold
from tunebook.tasks.promptable_segmentation.presets import filled

Method = Literal["lora", "fact", "adaptformer", "frozen", "full", "none"]
Target = Literal["q", "k", "v", "proj", "mlp"]
TARGETS: tuple[Target, ...] = ("q", "k", "v", "proj", "mlp")
DEPTHS = {"small": 6, "vit_b": 12, "vit_l": 24, "vit_h": 32}
"""Size -> blocks of its image encoder, as in `sam.sizes`, which stands behind torch."""


class Data(Fields):
    """Where the images lie."""

    root: str = parameter(
        meaning="Folder with the splits, from the book; may hold ${NAME}. A split is a folder with images and labels "
        "(PNG, TIFF), a container (HDF5, Zarr) that holds both, or a folder of containers.",
        identity="path",
    )
    # The fingerprint covers the files of all splits together; these say which of them is which.
    train: str = parameter(
        "train",
        meaning="Folder or container of the training split below root; [from:to] behind it takes these slices of its "
        "volumes alone, to excluded.",
        as_before="train",
    )
    val: str = parameter("val", meaning="That of the selection split.", as_before="val")
    test: str = parameter("test", meaning="That of the reported split.", as_before="test")
    image_key: str = parameter("raw", meaning="Key of the images in HDF5 or Zarr containers.", as_before="raw")
    label_key: str = parameter("labels", meaning="Key of the labels in HDF5 or Zarr containers.", as_before="labels")
    axis: Literal["t", "z", "y", "x"] | None = parameter(
        None,
        meaning="Axis along which volumes are read as slices, by name (z, y, x, t); null: images are flat.",
        as_before=None,
    )
    axes: str | None = parameter(
        None,
        meaning="Names of a volume's axes in order, such as zyx or zcyx; null: those that the file names, else zyx and "
        "channels last.",
        as_before=None,
    )
    channel: int | None = parameter(
        None, meaning="The one channel (from 0) to use of images with several; null: grey or RGB.", as_before=None, ge=0
    )
    normalize: Literal["percentile", "minmax", "none"] = parameter(
        "percentile",
        meaning="How a whole image, of a volume the slice, is brought to 0..255 before any crop, alike in training and "
        "testing: percentile (1st to 99.8th, clipped), minmax, or none.",
    )
    split: Split = Field(default_factory=Split)
    folds: int | None = folds_parameter()
    fold: int | None = fold_parameter()

    @field_validator("train", "val", "test")
    @classmethod
    def _range(cls, split: str) -> str:
        """One way to write a range: [:9] is [0:9]."""
        name, taken = ranged(split)
        return name if taken is None else f"{name}{taken}"

    @field_validator("axes")
    @classmethod
    def _letters(cls, axes: str | None) -> str | None:
        fits = axes is None or (
            set(axes) <= set(LETTERS) and len(set(axes) - {"c"}) >= 2 and len(set(axes)) == len(axes)
        )
        if not fits:
            raise ValueError(f"must name each axis once, by the letters {LETTERS}, at least two but c; got {axes}")
        return axes

    @model_validator(mode="after")
    def _folded(self) -> "Data":
        check_fold(self.folds, self.fold)
        return self

    @model_validator(mode="after")
    def _sliced(self) -> "Data":
        if self.axis is not None and self.axes is not None and self.axis not in self.axes:
            raise ValueError(f"must have the axis {self.axis} among its axes; got {self.axes}")
        return self


class Model(Fields):
    """What is adapted."""

    family: Literal["sam", "otsu-watershed"] = parameter(
        "sam", meaning="sam, or otsu-watershed: the classical floor, which learns nothing and takes no prompts."
    )
    size: Literal["small", "vit_b", "vit_l", "vit_h"] = parameter(
        "small", meaning="Size of the Segment-Anything model."
    )
    weights: str = parameter(
        "tunebook-small",
        meaning="Starting weights: a shipped name, file:PATH, hf:OWNER/NAME[@REVISION], micro-sam:NAME, study:STUDY, "
        "or random.",
        identity="path",
    )


class Adapter(Fields):
    """How the image encoder is adapted; prompt encoder and decoders are trained by every method but none."""

    method: Method = parameter(
        "lora",
        meaning="lora (Hu et al. 2021), fact (Jie and Deng 2023), adaptformer (Chen et al. 2022), frozen (encoder "
        "untouched, decoders trained), full (everything trained), none (zero-shot: nothing trained).",
    )
    rank: int = parameter(4, meaning="Rank of the update of lora and fact.", ge=1, le=4096)
    alpha: float = parameter(4.0, meaning="Scale of lora's update; see scaling.", gt=0)
    scaling: Literal["alpha", "alpha/rank"] = parameter(
        "alpha/rank", meaning="What lora's update is multiplied by: alpha (micro-sam), or alpha/rank (Hu et al. 2021)."
    )
    targets: tuple[Target, ...] = parameter(
        ("q", "v"),
        meaning="Layers that get lora's update: attention's q, k, v and proj, both linear layers of the mlp.",
        min_length=1,
    )
    blocks: tuple[Annotated[int, Field(ge=0)], ...] | None = parameter(
        None,
        meaning="Blocks of the encoder, from 0, that lora, fact and adaptformer change and that full trains; null: all "
        "(full: the rest of the encoder too).",
        as_before=None,
        min_length=1,
    )
    dropout: float | None = parameter(
        None,
        meaning="Share of numbers dropped in training: of lora's input, of fact's and adaptformer's code; null: none.",
        as_before=None,
        gt=0,
        lt=1,
    )
    projection: int = parameter(64, meaning="Width of adaptformer's code.", as_before=64, ge=1, le=65536)
    scale: float | Literal["learnable"] = parameter(
        "learnable",
        meaning="What adaptformer's update is multiplied by: a number, or learnable: one per block, from 1.",
        as_before="learnable",
    )
    variant: Literal["tunebook", "micro-sam"] = parameter(
        "tunebook",
        meaning="tunebook: starts as the identity. micro-sam: fact with nothing zero at the start, adaptformer with "
        "its input added once more; both change the model before the first step.",
        as_before="tunebook",
    )

    @field_validator("targets", "blocks")
    @classmethod
    def _ordered(cls, chosen: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        """A set: its order and repetitions mean nothing."""
        if chosen is None:
            return None
        return tuple(sorted(set(chosen), key=lambda one: TARGETS.index(one) if one in TARGETS else one))

    @field_validator("scale")
    @classmethod
    def _positive(cls, scale: float | str) -> float | str:
        if isinstance(scale, float) and scale <= 0:
            raise ValueError(f"must be > 0 or learnable; got {scale:g}")
        return scale


class Prompts(Fields):
    """The simulated user of interactive training."""

    start: Literal["alternate", "point", "box"] = parameter(
        "alternate",
        meaning="Where prompting starts: a random point of the object at even steps and a box at odd ones, or always "
        "one of them.",
        as_before="alternate",
    )
    rounds: int = parameter(3, meaning="Prompt rounds per step (sub-iterations); losses are averaged over them.", ge=1)
    objects: int = parameter(8, meaning="Objects drawn per image and step.", ge=1)
    mask_probability: float = parameter(
        0.5, meaning="Chance, per object and round, that the last mask is given as a prompt.", ge=0, le=1
    )
    box_jitter: float = parameter(
        0.025, meaning="Each side of a box moves outwards by up to this fraction of its length.", ge=0, le=1
    )
    margin: int = parameter(
        3,
        meaning="How far around an object's box a negative click may fall where the mask invents nothing, in cells of "
        "the decoder's masks (a quarter of a token, 2 or 4 pixels of the model's input).",
        as_before=3,
        ge=1,
    )


class Iterative(Fields):
    """The simulated user of the modes ip and ib: a start prompt, then a click on and one beside the object each time.

    Clicks fall where the last mask is wrong, drawn alike for every run, so that scoring repeats.
    """

    iterations: int = parameter(8, meaning="Prompts in all, the start included.", as_before=8, ge=1)
    masks: bool = parameter(False, meaning="Whether the last mask is given as a prompt too.", as_before=False)


class Automatic(Fields):
    """The decoder for automatic instance segmentation (ais)."""

    enabled: bool = parameter(True, meaning="Train the decoder jointly and score the mode ais.")
    settings: Literal["small", "micro-sam"] = parameter(
        "small",
        meaning="Grid of post-processing settings searched on the selection split; micro-sam: its 525 combinations.",
        identity="scoring",
    )


class Loss(Fields):
    """Weights of what is added up; the Dice error of the masks has weight 1."""

    iou: float = parameter(1.0, meaning="Weight of the squared error of predicted IoUs.", as_before=1.0, ge=0)
    automatic: float = parameter(1.0, meaning="Weight of the automatic decoder's loss.", as_before=1.0, ge=0)


class Optimizer(Fields):
    """How a step changes what is trained."""

    name: Literal["adamw"] = parameter("adamw", meaning="AdamW (Loshchilov and Hutter 2019).")
    lr: float = parameter(1e-3, meaning="Peak learning rate.", gt=0)
    weight_decay: float = parameter(0.01, meaning="Decoupled weight decay.", ge=0)
    clip: float | None = parameter(
        1.0, meaning="Largest norm of the gradient of all trained tensors; null: not clipped.", gt=0
    )
    scheme: Literal["one-step", "two-step"] = parameter(
        "one-step",
        meaning="one-step: one update on the summed losses. two-step: one on the interactive loss, then, with the "
        "image encoded again, one on the automatic loss (micro-sam).",
        as_before="one-step",
    )


class Schedule(Fields):
    """The learning rate over a run's full length."""

    name: Literal["cosine", "constant", "plateau"] = parameter(
        "cosine", meaning="After the warm-up: cosine to zero, constant, or lowered when validation stands still."
    )
    warmup: float = parameter(0.05, meaning="Fraction of the steps over which the rate rises linearly.", ge=0, le=1)
    factor: float = parameter(0.9, meaning="What plateau multiplies the rate by.", as_before=0.9, gt=0, lt=1)
    patience: int = parameter(
        3, meaning="Validations without improvement that plateau waits before it lowers the rate.", as_before=3, ge=0
    )


class Validation(Fields):
    """The loss on the split val, for plateau, early stopping and the best weights; its prompts never change."""

    every: int | None = parameter(
        None,
        meaning="Steps from one validation to the next; null: one pass over the training images.",
        as_before=None,
        ge=1,
    )


class Sampler(Fields):
    """Which windows of an image are trained on."""

    min_objects: int = parameter(
        1,
        meaning="Objects that a window must hold, background not counted; an image with fewer gives what it has. 0: "
        "windows lie anywhere.",
        as_before=1,
        ge=0,
    )
    min_size: int = parameter(
        0,
        meaning="Pixels of the image that an object must have within a window to be trained on; a smaller one is "
        "background there. 1 is the same as 0.",
        as_before=0,
        ge=0,
    )

    @field_validator("min_size")
    @classmethod
    def _least(cls, min_size: int) -> int:
        """One way to write that any will do: every object has a pixel."""
        return 0 if min_size == 1 else min_size


class Augmentation(Fields):
    """How training windows are changed by chance; labels follow, and distances are computed afterwards."""

    flips: bool = parameter(True, meaning="Mirror each axis with probability 1/2.", as_before=True)
    rotations: bool = parameter(False, meaning="Turn by 0, 90, 180 or 270 degrees.", as_before=False)
    zoom: float = parameter(
        0.0,
        meaning="The window's side is multiplied by exp(U(-zoom, zoom)); what it shows is resized.",
        as_before=0.0,
        ge=0,
        le=1,
    )
    brightness: float = parameter(
        0.0,
        meaning="U(-brightness, brightness) times 255 is added; of this and all below, values stay in 0..255.",
        as_before=0.0,
        ge=0,
        le=1,
    )
    contrast: float = parameter(
        0.0, meaning="Values are stretched about their mean by exp(U(-contrast, contrast)).", as_before=0.0, ge=0, le=1
    )
    noise: float = parameter(
        0.0,
        meaning="Normal noise is added, alike in all channels, of deviation U(0, noise) times 255.",
        as_before=0.0,
        ge=0,
        le=1,
    )
    blur: float = parameter(
        0.0, meaning="Gaussian blur of deviation U(0, blur) in pixels of the image.", as_before=0.0, ge=0, le=16
    )


class Budget(Fields):
    """How far a run is trained."""

    steps: int = parameter(300, meaning="Training steps; without effect where epochs are given.", ge=1)
    epochs: int | None = parameter(
        None, meaning="Passes over the training images, in place of steps; null: steps count.", as_before=None, ge=1
    )


class Config(Fields):
    """A configuration of promptable segmentation."""

    preset: Literal["tunebook", "micro-sam"] = parameter(
        "tunebook",
        meaning="Where defaults come from; micro-sam: those of its training (see the reference). What a study names "
        "counts first.",
        identity="shorthand",
    )
    data: Data
    model: Model = Field(default_factory=Model)
    adapter: Adapter = Field(default_factory=Adapter)
    prompts: Prompts = Field(default_factory=Prompts)
    iterative: Iterative = Field(default_factory=Iterative)
    automatic: Automatic = Field(default_factory=Automatic)
    loss: Loss = Field(default_factory=Loss)
    optimizer: Optimizer = Field(default_factory=Optimizer)
    schedule: Schedule = Field(default_factory=Schedule)
    validation: Validation = Field(default_factory=Validation)
    early_stopping: int | None = parameter(
        None,
        meaning="Validations without improvement after which training ends; null: never before its length.",
        as_before=None,
        ge=1,
    )
    keep_weights: Literal["best", "last"] = parameter(
        "last", meaning="Weights that a run keeps: the last, or the best by validation.", as_before="last"
    )
    sampler: Sampler = Field(default_factory=Sampler)
    augmentation: Augmentation = Field(default_factory=Augmentation)
    batch_size: int = parameter(4, meaning="Images per step.", ge=1)
    crop: int | None = parameter(
        None,
        meaning="Side in pixels of the square window that the model sees, resized to its input; larger images are "
        "covered by overlapping windows, smaller ones padded. null: the model's input size.",
        ge=16,
    )
    precision: Literal["fp32", "bf16"] = parameter("fp32", meaning="fp32, or bf16 autocast.")
    budget: Budget = Field(default_factory=Budget)

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_preset(cls, values: Any) -> Any:
        return filled(values) if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _within_depth(self) -> "Config":
        depth, blocks = DEPTHS[self.model.size], self.adapter.blocks
        if blocks is not None and max(blocks) >= depth:
            message = f"must be blocks from 0 to {depth - 1}, which {self.model.size} has"
            raise _invalid(("adapter", "blocks"), message, list(blocks))
        return self


def _invalid(at: tuple[str, ...], message: str, got: Any) -> ValidationError:
    """A mistake at a field of a group, found by the whole."""
    details = InitErrorDetails(type=PydanticCustomError("value_error", message), loc=at, input=got)
    return ValidationError.from_exception_data(Config.__name__, [details])

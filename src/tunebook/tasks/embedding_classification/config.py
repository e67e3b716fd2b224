"""Every hyperparameter of embedding classification: its default, its range and what it means."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from tunebook.spec.parameters import Fields, StandsFor, parameter
from tunebook.splitting import Fractions, check_fold, check_fractions
from tunebook.tasks.embedding_classification.presets import filled

# What flags of BirdNET-Analyzer stand for
SMOOTHED = StandsFor({True: 0.1, False: 0.0})
MIXED = StandsFor({True: "once", False: "none"})
FOCAL: Mapping[bool, Mapping[str, float | None]] = {
    True: {"focal_gamma": 2.0, "focal_alpha": 0.25},
    False: {"focal_gamma": 0.0, "focal_alpha": None},
}


class Split(Fields):
    """Which rows are trained on, selected by and reported."""

    column: str = parameter("split", meaning="Column that names each row's split; of no effect with fractions.")
    names: tuple[str, ...] = parameter(
        ("train", "val", "test"),
        meaning="The splits, by their names in that column; rows of other splits are left out. Of no effect with "
        "fractions.",
        min_length=2,
    )
    train: str = parameter("train", meaning="The split that heads are trained on.")
    val: str = parameter(
        "val",
        meaning="With data.folds the split that is pooled with train, if the table has it, and that each part is in "
        "turn; of no effect without.",
        as_before="val",
    )
    by: tuple[str, ...] = parameter(
        (),
        meaning="Columns (site, file, date) whose combined value never stands in two splits: given splits that break "
        "this are refused, and splits by fractions and folds keep to it.",
    )
    fractions: Fractions = parameter(
        None,
        meaning="Split -> share of the rows, where the table gives no splits; whole groups (by) are dealt out. One "
        "number is the share of val; the rest is train.",
        also=("val_split",),
    )
    seed: int = parameter(0, meaning="Seed of the dealing by fractions and folds; never the replicate's.", ge=0)

    @model_validator(mode="after")
    def _has_training(self) -> "Split":
        known = tuple(self.fractions) if self.fractions is not None else self.names
        if self.train not in known:
            raise ValueError(f"must name its training split among {', '.join(known)}; got {self.train}")
        if self.fractions is not None:
            check_fractions(self.fractions)
        return self


class Data(Fields):
    """The table of embeddings, and what its columns mean."""

    table: str = parameter(
        meaning="The table, from the book; may hold ${NAME}: a Parquet file, an NPZ file with an array per column, or "
        "a folder SPLIT/CLASS/*.birdnet.embeddings.txt as BirdNET writes them.",
        identity="path",
    )
    embedding: str = parameter("embedding", meaning="Column of the embeddings: lists of one length, or a 2-D array.")
    id: str | None = parameter(None, meaning="Column that names each row; null: its number.")
    label: str = parameter(
        "label", meaning="Column of the labels: text, a number, true or false, or a list of texts (multi-label)."
    )
    separator: str | None = parameter(
        None, meaning="What stands between the classes of one row, as in `wren,robin`; makes the task multi-label."
    )
    positive: str | tuple[str, ...] | None = parameter(
        None,
        meaning="Label or labels that are positive, against all others: a binary task. null: binary where labels are "
        "true and false or 1 and 0, else multi-class or multi-label.",
    )
    background: tuple[str, ...] = parameter(
        ("noise", "background", "other", "silence"),
        meaning="Labels that stand for no class: rows whose targets are 0 throughout (in any case of letters).",
    )
    groups: tuple[str, ...] = parameter(
        (),
        meaning="Columns (domain, site) whose combined values get scores of their own within each split.",
        identity="scoring",
    )
    item: str | None = parameter(
        None,
        meaning="Column (recording) whose rows are scored as one, by their pooled score and with every class that any "
        "of them has; null: each row by itself.",
        identity="scoring",
    )
    pool: Literal["max", "mean", "top-k"] = parameter(
        "max", meaning="How the scores of an item's rows become one: the largest, the mean, or the mean of the k "
        "largest.", identity="scoring",
    )  # fmt: skip
    k: int = parameter(3, meaning="How many scores top-k takes.", ge=1, identity="scoring")
    quality: str = parameter("quality", meaning="Column that subset.quality looks at.")
    hardness: str = parameter("hardness", meaning="Column that subset.negatives looks at: an earlier model's score.")
    split: Split = Field(default_factory=Split)
    folds: int | None = parameter(
        None,
        meaning="Cross-validation: the rows of train and val are dealt out, by whole groups, to so many parts; in fold "
        "i part i is val and the others are train. Each fold is a replicate. null: none.",
        as_before=None,
        ge=2,
    )
    fold: int | None = parameter(
        None, meaning="The part that is val; set by the replicate. null: the first.", as_before=None, ge=0
    )

    @model_validator(mode="after")
    def _folds_hold_together(self) -> "Data":
        check_fold(self.folds, self.fold)
        if self.folds is not None and self.split.train == self.split.val:
            raise ValueError(f"must have another split for val than for train, {self.split.train}")
        return self


class Upsampling(Fields):
    """More rows for small classes; of the training split alone, after the splits are made."""

    mode: Literal["repeat", "mean", "linear", "smote"] = parameter(
        "repeat",
        meaning="repeat rows; mean: of two rows of the class; linear: between two at a random point; smote: between a "
        "row and one of its 5 nearest of the class (Chawla et al. 2002).",
        also=("upsampling_mode",),
    )
    ratio: float = parameter(
        0.0,
        meaning="Every class gets this share of the largest class's rows; 0: none.",
        also=("upsampling_ratio",),
        ge=0,
        le=1,
    )


class Subset(Fields):
    """Which rows of the training split are used. What is drawn is drawn by the replicate's seed."""

    quality: tuple[str, ...] | None = parameter(
        None, meaning="Keep rows of these qualities, and rows without one; null: all.", min_length=1
    )
    positives: int | float | None = parameter(
        None, meaning="Keep so many rows that carry a class, or this share of them (below 1.0); null: all.", gt=0
    )
    negatives: float | None = parameter(
        None, meaning="Keep rows of no class only where the hardness is at least this; null: all."
    )
    balance: bool = parameter(
        False, meaning="Draw from every larger class (binary: the larger side) as many rows as the smallest has."
    )
    upsampling: Upsampling = Field(default_factory=Upsampling)

    @field_validator("positives")
    @classmethod
    def _share_or_number(cls, positives: int | float | None) -> int | float | None:
        if positives is not None and positives >= 1 and (positives < 2 or positives != int(positives)):
            raise ValueError("must be a share below 1, or a number of rows, at least 2")
        return positives


class Head(Fields):
    """What stands on the embedding."""

    kind: Literal["mlp", "logistic-regression", "majority"] = parameter(
        "mlp",
        meaning="mlp: a linear layer, or two with a ReLU between; logistic-regression (scikit-learn) and majority (the "
        "share of each class, whatever the embedding) are the baselines of every page.",
    )
    hidden_units: int = parameter(0, meaning="Width of the hidden layer; 0: none, a linear head.", ge=0, le=65536)
    dropout: float = parameter(0.0, meaning="Share of the hidden layer dropped in training.", ge=0, lt=1)
    input_dropout: bool = parameter(False, meaning="Whether the embedding is dropped at the same rate as well.")
    standardise: bool = parameter(
        True, meaning="Whether embeddings are centred and scaled, dimension by dimension, by the training rows."
    )
    c: float = parameter(1.0, meaning="Inverse strength of logistic regression's L2 penalty (scikit-learn's C).", gt=0)


class Loss(Fields):
    """What training minimises: cross-entropy, summed over classes, mean over rows."""

    kind: Literal["auto", "bce", "softmax"] = parameter(
        "auto",
        meaning="bce: every class by itself (sigmoid); softmax: one class a row, for multi-class alone; auto: softmax "
        "for multi-class, else bce.",
    )
    label_smoothing: Annotated[float, SMOOTHED] = parameter(
        0.0, meaning="How much targets are smoothed; true means 0.1, false 0.", ge=0, lt=1
    )
    smoothing: Literal["symmetric", "positives"] = parameter(
        "symmetric",
        meaning="symmetric: towards the middle (Szegedy et al. 2016); positives: positives lose it, negatives stay 0.",
    )
    focal: bool | None = parameter(
        None,
        meaning="true: focal_gamma 2 and focal_alpha 0.25, where these are not given; false: 0 and null, whatever is "
        "given; null: as they are.",
        identity="shorthand",
        also=("focal_loss", "use_focal_loss"),
    )
    focal_gamma: float = parameter(
        0.0, meaning="Focusing of the focal loss (Lin et al. 2017); 0: none.", also=("focal_loss_gamma",), ge=0
    )
    focal_alpha: float | None = parameter(
        None,
        meaning="Weight of positives in the focal loss, 1 - alpha that of negatives; null: 1 for both.",
        also=("focal_loss_alpha",),
        gt=0,
        lt=1,
    )

    @model_validator(mode="before")
    @classmethod
    def _focal_flag(cls, values: Any) -> Any:
        """Only what the flag stands for is kept: a study that starts from these values may change them."""
        flag = values.get("focal") if isinstance(values, Mapping) else None
        if not isinstance(flag, bool):
            return values
        rest = {name: value for name, value in values.items() if name != "focal"}
        return {**FOCAL[True], **rest} if flag else {**rest, **FOCAL[False]}


class Mixup(Fields):
    """Rows mixed with others, labels likewise (Zhang et al. 2018)."""

    kind: Annotated[Literal["none", "batch", "once"], MIXED] = parameter(
        "none",
        meaning="batch: every batch with itself in another order; once: a share of the rows that carry a class, before "
        "training begins, as BirdNET does; true means once, false none.",
        also=("mixup",),
    )
    alpha: float = parameter(0.2, meaning="Of Beta(alpha, alpha), which the weight of the mixture is drawn from.", gt=0)
    fraction: float = parameter(0.25, meaning="Share of the rows that once mixes.", gt=0, le=1)


class Optimizer(Fields):
    """How weights move."""

    name: Literal["adam", "adamw", "sgd"] = parameter("adam", meaning="adam, adamw, or sgd with momentum 0.9.")
    lr: float = parameter(1e-3, meaning="Learning rate after warm-up.", also=("learning_rate",), gt=0)
    weight_decay: float = parameter(0.0, meaning="Decoupled weight decay of adamw, on kernels.", ge=0)
    l2: float = parameter(0.0, meaning="Weight of the sum of squared kernels in the loss (Keras's l2).", ge=0)


class Schedule(Fields):
    """The learning rate over the epochs, changed at every step."""

    name: Literal["cosine", "constant"] = parameter("cosine", meaning="cosine from lr to final, or constant.")
    warmup: float = parameter(
        0.1, meaning="Share of the epochs, at most 5 of them, over which lr rises linearly from 0.", ge=0, lt=1
    )
    final: float = parameter(0.1, meaning="Share of lr at which the cosine ends.", ge=0, le=1)


class Budget(Fields):
    """How long a head is trained at most."""

    epochs: int = parameter(50, meaning="Epochs, which the schedule is laid out for.", ge=1)


class EarlyStopping(Fields):
    """When training ends before its length; looked at after every epoch, on a split that is not trained on."""

    patience: int | None = parameter(
        10, meaning="Epochs without improvement after which training ends; null: never before its length.", ge=1
    )
    metric: Literal["loss", "ap", "auroc"] = parameter(
        "loss", meaning="What improves: the loss (without smoothing, mixing and penalties), or macro AP or AUROC."
    )
    min_delta: float = parameter(0.0, meaning="By how much it must improve to count.", ge=0)
    split: str = parameter("val", meaning="The split it is looked at on.")


class OperatingPoint(Fields):
    """How the threshold is chosen on the split that a study selects by; 0.5 is reported beside it."""

    choose: Literal["auto", "f1", "balanced_accuracy", "recall", "precision"] = parameter(
        "auto",
        meaning="What the threshold maximises there: f1 (of several labels their mean) or balanced_accuracy; recall: "
        "among thresholds whose precision is at_least; precision: among those whose recall is. auto: balanced_accuracy "
        "where a study selects by that, else f1.",
        identity="scoring",
    )
    at_least: float = parameter(
        0.9,
        meaning="The precision (for recall; for precision the recall) that the threshold must have on that split; "
        "where none has it, the nearest is taken and said to be so.",
        gt=0,
        le=1,
        identity="scoring",
    )


class Config(Fields):
    """One head on frozen embeddings."""

    preset: Literal["tunebook", "birdnet"] = parameter(
        "tunebook",
        meaning="Set of defaults; birdnet: those of BirdNET-Analyzer 2.4.0's custom classifiers.",
        identity="shorthand",
    )
    data: Data
    subset: Subset = Field(default_factory=Subset)
    head: Head = Field(default_factory=Head)
    loss: Loss = Field(default_factory=Loss)
    mixup: Mixup = Field(default_factory=Mixup)
    optimizer: Optimizer = Field(default_factory=Optimizer)
    schedule: Schedule = Field(default_factory=Schedule)
    batch_size: int = parameter(32, meaning="Rows per step; the last step of an epoch has what is left.", ge=1)
    budget: Budget = Field(default_factory=Budget)
    early_stopping: EarlyStopping = Field(default_factory=EarlyStopping)
    keep_weights: Literal["best", "last"] = parameter(
        "best", meaning="Weights that a run keeps: those of its best epoch by early_stopping, or the last."
    )
    threshold: OperatingPoint = Field(default_factory=OperatingPoint)
    precision: Literal["fp32", "fp64", "bf16"] = parameter(
        "fp32", meaning="Arithmetic of training: fp32, fp64, or bf16 autocast (products alone)."
    )
    arithmetic: Literal["exact", "fast"] = parameter(
        "exact",
        meaning="exact: a run trained in a cohort ends in the same bits as one trained alone; fast: products of a "
        "cohort are joined and may round otherwise.",
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_preset(cls, values: Any) -> Any:
        return filled(values) if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _selects_apart(self) -> "Config":
        if self.early_stopping.split == self.data.split.train:
            raise ValueError("must look at early stopping on a split that is not trained on")
        return self

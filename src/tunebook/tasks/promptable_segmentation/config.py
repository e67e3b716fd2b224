"""Every hyperparameter of promptable segmentation: its default, its range and what it means."""

from typing import Literal

from pydantic import Field

from tunebook.spec.parameters import Fields, parameter

Method = Literal["lora", "frozen", "full", "none"]
Target = Literal["q", "k", "v"]


class Data(Fields):
    """Where the images lie."""

    root: str = parameter(
        meaning="Folder with <split>/images and <split>/labels, from the book; may hold ${NAME}.", identity="path"
    )
    # The fingerprint covers the files of all splits together; these say which of them is which.
    train: str = parameter("train", meaning="Folder of the training split below root.", as_before="train")
    val: str = parameter("val", meaning="Folder of the selection split below root.", as_before="val")
    test: str = parameter("test", meaning="Folder of the reported split below root.", as_before="test")
    normalize: Literal["percentile", "minmax", "none"] = parameter(
        "percentile",
        meaning="How a whole image is brought to 0..255 before any crop, alike in training and testing: "
        "percentile (1st to 99.8th, clipped), minmax, or none.",
    )


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
        meaning="lora (low-rank updates), frozen (encoder untouched, decoders trained), full (everything trained), "
        "none (zero-shot: nothing trained).",
    )
    rank: int = parameter(4, meaning="Rank of the low-rank update.", ge=1, le=4096)
    alpha: float = parameter(4.0, meaning="Scale of the low-rank update; see scaling.", gt=0)
    scaling: Literal["alpha", "alpha/rank"] = parameter(
        "alpha/rank", meaning="What the update is multiplied by: alpha, or alpha/rank (Hu et al. 2021)."
    )
    targets: tuple[Target, ...] = parameter(
        ("q", "v"), meaning="Attention projections that get an update.", min_length=1
    )


class Prompts(Fields):
    """The simulated user of interactive training."""

    rounds: int = parameter(3, meaning="Prompt rounds per step (sub-iterations); losses are averaged over them.", ge=1)
    objects: int = parameter(8, meaning="Objects drawn per image and step.", ge=1)
    mask_probability: float = parameter(
        0.5, meaning="Chance, per object and round, that the last mask is given as a prompt.", ge=0, le=1
    )
    box_jitter: float = parameter(
        0.025, meaning="Each side of a box moves outwards by up to this fraction of its length.", ge=0, le=1
    )


class Automatic(Fields):
    """The decoder for automatic instance segmentation (ais)."""

    enabled: bool = parameter(True, meaning="Train the decoder jointly and score the mode ais.")
    settings: Literal["small", "micro-sam"] = parameter(
        "small",
        meaning="Grid of post-processing settings searched on the selection split; micro-sam: its 525 combinations.",
        identity="scoring",
    )


class Optimizer(Fields):
    """One optimizer step per training step, on the sum of the interactive and the automatic loss."""

    name: Literal["adamw"] = parameter("adamw", meaning="AdamW (Loshchilov and Hutter 2019).")
    lr: float = parameter(1e-3, meaning="Peak learning rate.", gt=0)
    weight_decay: float = parameter(0.01, meaning="Decoupled weight decay.", ge=0)
    clip: float = parameter(1.0, meaning="Largest norm of the gradient of all trained tensors.", gt=0)


class Schedule(Fields):
    """The learning rate over a run's full length."""

    name: Literal["cosine", "constant"] = parameter("cosine", meaning="After the warm-up: cosine to zero, or constant.")
    warmup: float = parameter(0.05, meaning="Fraction of the steps over which the rate rises linearly.", ge=0, le=1)


class Budget(Fields):
    """How far a run is trained."""

    steps: int = parameter(300, meaning="Optimizer steps.", ge=1)


class Config(Fields):
    """A configuration of promptable segmentation."""

    data: Data
    model: Model = Field(default_factory=Model)
    adapter: Adapter = Field(default_factory=Adapter)
    prompts: Prompts = Field(default_factory=Prompts)
    automatic: Automatic = Field(default_factory=Automatic)
    optimizer: Optimizer = Field(default_factory=Optimizer)
    schedule: Schedule = Field(default_factory=Schedule)
    batch_size: int = parameter(4, meaning="Images per step.", ge=1)
    crop: int | None = parameter(
        None,
        meaning="Side in pixels of the square window that the model sees, resized to its input; larger images are "
        "covered by overlapping windows, smaller ones padded. null: the model's input size.",
        ge=16,
    )
    precision: Literal["fp32", "bf16"] = parameter("fp32", meaning="fp32, or bf16 autocast.")
    budget: Budget = Field(default_factory=Budget)

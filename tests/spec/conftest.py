"""A small task whose study files the tests read."""

from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, model_validator

from tunebook.errors import InputError, Problem
from tunebook.spec.parameters import Fields, parameter
from tunebook.spec.study import Study
from tunebook.spec.workload import Workload


class Data(Fields):
    root: str = parameter(meaning="Folder of the images", identity="path")
    train: str = parameter("train", meaning="Name of the training split")


class Model(Fields):
    weights: str = parameter("small", meaning="Starting weights", identity="path")
    size: Literal["tiny", "vit_b"] = parameter("tiny", meaning="Size of the encoder")


class Adapter(Fields):
    method: Literal["lora", "frozen", "full"] = parameter("lora", meaning="What is trained")
    rank: int = parameter(4, meaning="Rank", ge=1)
    alpha: float = parameter(4.0, meaning="Scale", gt=0)
    targets: tuple[str, ...] = parameter(("q", "v"), meaning="Adapted projections", min_length=1)
    dropout: float | None = parameter(None, meaning="Dropout, or null for none", ge=0, lt=1)
    variant: str = parameter("plain", meaning="Added later", as_before="plain")


class Optimizer(Fields):
    name: Literal["adam", "sgd"] = parameter("adam", meaning="Optimizer")
    lr: float = parameter(1e-3, meaning="Learning rate", gt=0)


class Decoder(Fields):
    lr: float = parameter(1e-4, meaning="Learning rate of the decoder", gt=0)


class Budget(Fields):
    steps: int | None = parameter(100, meaning="Steps", ge=1)
    epochs: int | None = parameter(None, meaning="Epochs", ge=1)

    @model_validator(mode="after")
    def _one_of_them(self) -> "Budget":
        if self.steps is not None and self.epochs is not None:
            raise ValueError("must have steps or epochs; got both")
        return self


class ToyConfig(Fields):
    data: Data = parameter(meaning="Images")
    model: Model = parameter(Model(), meaning="Model")
    adapter: Adapter = parameter(Adapter(), meaning="Adapter")
    optimizer: Optimizer = parameter(Optimizer(), meaning="Optimizer")
    decoder: Decoder = parameter(Decoder(), meaning="Decoder")
    budget: Budget = parameter(Budget(), meaning="Length")
    crop: int = parameter(64, meaning="Pixels", ge=8)
    threshold: float = parameter(0.5, meaning="Threshold of the scoring", identity="scoring")


class Toy:
    """Methods other than lora have no rank, scale or targets; frozen trains nothing."""

    name = "toy"
    version = "1"
    Config: type[BaseModel] = ToyConfig
    metrics: Mapping[str, Any] = dict.fromkeys(("ais.msa", "ais.sa50", "box.msa", "point.msa"))

    def without_effect(self, config: BaseModel) -> Set[str]:
        assert isinstance(config, ToyConfig)
        lora = {f"adapter.{name}" for name in ("rank", "alpha", "targets", "dropout", "variant")}
        return {
            "lora": set[str](),
            "full": lora,
            "frozen": lora | {"optimizer", "decoder", "budget", "seed"},
        }[config.adapter.method]


@pytest.fixture(scope="session")
def workload() -> Workload:
    return Toy()


@pytest.fixture
def workload_of() -> Callable[[str], Workload]:
    def find(name: str) -> Workload:
        if name != "toy":
            raise InputError(Problem("task", f"must be one of toy; got {name}"))
        return Toy()

    return find


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Write a study file and give its path."""

    def write(text: str) -> Path:
        path = tmp_path / "lora.study.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def study_of() -> Callable[..., Study]:
    """A study of the toy task with these keys beside the required ones."""

    def build(**keys: Any) -> Study:
        return Study(**{"task": "toy", "base": {"data": {"root": "cells"}}, "space": {"rank": [4]}, **keys})

    return build

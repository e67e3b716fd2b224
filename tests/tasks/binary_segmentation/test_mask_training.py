"""Training on tiles: what it minimises, that it repeats itself, and that it can be stopped."""

import math
import random
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tunebook.tasks.binary_segmentation import resuming, training
from tunebook.tasks.binary_segmentation.config import Augmentation, Config, Data, Schedule
from tunebook.tasks.binary_segmentation.drawing import Epochs, Tiles
from tunebook.tasks.binary_segmentation.scans import Loaded
from tunebook.tasks.binary_segmentation.training import Trained, rate, train
from tunebook.train import checkpoints
from tunebook.train.seeding import deterministic


@pytest.fixture(autouse=True)
def _repeatable() -> Iterator[None]:
    deterministic(threads=1, device="cpu")
    yield
    torch.use_deterministic_algorithms(False)


def configured(**changes) -> Config:
    """Small tiles, a small network, few steps; `model__width=8` sets a field of a part."""
    values: dict = {
        "data": {"root": "scans", "tile": 16, "overlap": 4, "tiles_per_image": 3},
        "model": {"width": 4, "depth": 2},
        "optimizer": {"lr": 0.02},
        "batch_size": 4,
        "budget": {"epochs": 3},
    }
    for path, value in changes.items():
        part, _, name = path.partition("__")
        values[part] = values.get(part, {}) | {name: value} if name else value
    return Config.model_validate(values)


def loaded(number=2, side=24) -> list[Loaded]:
    """Dark scans with a bright square each."""
    found = []
    for at in range(number):
        draws = np.random.default_rng(at)
        mask = np.zeros((side, side), bool)
        top, left = draws.integers(0, side - 8, 2)
        mask[top : top + 8, left : left + 8] = True
        image = draws.integers(0, 60, (side, side, 3)) + 150 * mask[..., None]
        found.append(Loaded(str(at), image.astype(np.uint8), mask, mask))
    return found


def epochs(config: Config, seed=0) -> Epochs:
    """The tiles of two scans: 6 an epoch, in steps of 4 and 2."""
    return Epochs(loaded(), config.data, config.augmentation, seed, limit_bytes=10**8)


def run(config: Config, *, seed=0, shared: Epochs | None = None, length: int | None = None, state: Path | None = None):
    """What was trained, and its curve."""
    steps = config.budget.epochs * math.ceil(6 / config.batch_size)
    course = train(
        config,
        (shared or epochs(config, seed)).of,
        seed=seed,
        length=steps if length is None else length,
        device="cpu",
        state=state,
    )
    points = []
    while True:
        try:
            points.append(next(course))
        except StopIteration as ended:
            return ended.value, points


def same(one: Trained, other: Trained) -> bool:
    """Whether all tensors have the same bits."""
    left, right = one.network.state_dict(), other.network.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


VARIANTS = [
    {},
    {"loss__bce_weight": 0.0, "optimizer__name": "sgd", "schedule__name": "cosine"},
    {"loss__kind": "tversky", "model__dropout": 0.5, "optimizer__name": "adam"},
    {"loss__kind": "focal", "precision": "bf16", "schedule__warmup": 3},
    {"model__family": "attention-unet", "model__dropout": 0.3, "batch_size": 5},
    {"model__family": "segresnet", "optimizer__weight_decay": 0.1},
]


# What it does ---------------------------------------------------------------------------------------------


def test_a_network_learns_what_is_bright():
    """The loss falls, and what it says of tiles that it has not seen is nearly all right."""
    config = configured(budget__epochs=25)
    trained, points = run(config)
    tiles = epochs(config, seed=7).of(0)
    trained.network.eval()
    said = trained.network(training.inputs(torch.from_numpy(tiles.images)))[:, 0] > 0

    assert points[-1].values["loss"] < 0.6 * points[0].values["loss"]
    assert (said.numpy() == tiles.masks).mean() > 0.97


def test_a_point_is_the_mean_over_the_tiles_of_an_epoch():
    """At its last step; a smaller last batch weighs less. With a learning rate of nothing it can be told by hand."""
    config = configured(optimizer__lr=1e-30, loss__per="image")
    trained, points = run(config)
    drawn = epochs(config)

    assert [point.step for point in points] == [2, 4, 6]
    for at, point in enumerate(points):
        tiles = drawn.of(at)
        logits = trained.network(training.inputs(torch.from_numpy(tiles.images)))[:, 0]
        expected = training.loss_of(config.loss)(logits, torch.from_numpy(tiles.masks)).item()
        assert point.values == {"loss": pytest.approx(expected, rel=1e-5)}


def test_the_share_of_foreground_is_that_of_the_first_epoch():
    """Of the tiles, which are drawn around foreground, not of the scans."""
    trained, _ = run(configured())

    assert trained.foreground == pytest.approx(epochs(configured()).of(0).masks.mean())


class Fleeting:
    """Tiles of which none is kept: which epochs were asked for, and how many others somebody had then."""

    def __init__(self, config: Config) -> None:
        self.drawn = Epochs(loaded(), config.data, config.augmentation, 0, limit_bytes=1)
        self.asked: list[int] = []
        self.held: list[int] = []
        self.parts: list[weakref.ref] = []

    def of(self, epoch: int) -> Tiles:
        self.asked.append(epoch)
        self.held.append(sum(part() is not None for part in self.parts))
        tiles = self.drawn.of(epoch)
        self.parts += [weakref.ref(tiles.images), weakref.ref(tiles.masks)]
        return tiles


def test_one_epoch_is_held_at_a_time_and_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first too, whose share of foreground is told at the end; training that goes on draws it once more."""
    monkeypatch.setattr(resuming, "SECONDS", 0.0)
    config, state = configured(), tmp_path / "state"
    whole, half, rest = (Fleeting(config) for _ in range(3))
    expected, _ = run(config, shared=whole)
    run(config, shared=half, length=4, state=state)
    trained, _ = run(config, shared=rest, state=state)

    assert [each.asked for each in (whole, half, rest)] == [[0, 1, 2], [0, 1], [0, 2]]
    assert not any(whole.held + half.held + rest.held)
    assert same(trained, expected)
    assert trained.foreground == expected.foreground == epochs(config).of(0).masks.mean()


def test_steps_end_in_the_middle_of_an_epoch():
    """A length that is no whole number of epochs is kept."""
    _, points = run(configured(), length=3)

    assert [point.step for point in points] == [2, 3]


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_weights_move_as_the_optimizer_says(name: str):
    """A step of Adam is as long as the learning rate, whatever the gradient; decay is decoupled of adamw alone."""
    plain, decayed = (
        run(configured(optimizer__name=name, optimizer__weight_decay=decay), length=1)[0] for decay in (0.0, 0.5)
    )
    start = training.build(configured().model, seed=0)
    name_of = "network.down.0.0.weight"
    before, one, other = (net.get_parameter(name_of) for net in (start, plain.network, decayed.network))
    moved = (one - before).abs().max().item()

    assert not torch.equal(one, other)
    if name == "sgd":
        assert moved > 0
    else:
        assert moved == pytest.approx(0.02, rel=1e-3)
    if name == "adamw":
        assert torch.allclose(one - other, before * 0.02 * 0.5, atol=1e-6)


def test_the_rate_rises_and_falls():
    """Linear warm-up in steps, then a constant, or a cosine that ends at nothing."""
    constant, cosine = (
        [rate(step, total=8, schedule=Schedule(name=name, warmup=4)) for step in range(8)]
        for name in ("constant", "cosine")
    )

    assert constant == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    assert cosine[:5] == [0.25, 0.5, 0.75, 1, 1]
    assert cosine[5:] == pytest.approx([0.5 * (1 + math.cos(math.pi * at / 4)) for at in (1, 2, 3)])
    assert rate(7, total=8, schedule=Schedule(name="constant")) == 1


# Repeating ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_a_run_ends_in_the_bits_of_the_run_alone(seed: int):
    """Whatever was trained before it on the same tiles, in whatever order, and whatever was drawn elsewhere."""
    configs = random.Random(seed).sample(
        [configured(**variant, budget__epochs=2) for variant in VARIANTS], len(VARIANTS)
    )
    drawn = epochs(configs[0], seed)
    torch.manual_seed(3)
    together = [run(config, seed=seed, shared=drawn) for config in configs]

    for config, (trained, points) in zip(configs, together, strict=True):
        torch.manual_seed(4)
        alone, curve = run(config, seed=seed)

        assert same(trained, alone)
        assert points == curve


def test_another_seed_is_another_run():
    """So the test above can fail."""
    config = configured()
    drawn = epochs(config)

    assert not same(run(config, seed=0, shared=drawn)[0], run(config, seed=1, shared=drawn)[0])


def test_dropout_is_drawn_by_step():
    """Two steps drop other channels: training without the second draw ends elsewhere."""
    config = configured(model__dropout=0.5)

    assert not same(run(config)[0], run(configured())[0])


# What is not finite ---------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_ends_a_run():
    """Its step is said, and nothing is trained."""
    trained, points = run(configured(optimizer__lr=1e30, optimizer__name="sgd"))

    assert trained is None
    assert any(not math.isfinite(value) for value in points[-1].values.values())
    assert all(math.isfinite(value) for point in points[:-1] for value in point.values.values())


def test_weights_that_are_not_finite_end_a_run():
    """Also after the last step, which no loss follows."""
    trained, points = run(configured(optimizer__lr=1e30), length=1)

    assert trained is None
    assert points[-1].step == 1
    assert list(points[-1].values) == ["weights"]


# Going on -------------------------------------------------------------------------------------------------


class Stopped(Exception):
    """The plug is pulled."""


class Plug:
    """Tiles that can be had until an epoch."""

    def __init__(self, drawn: Epochs, until: int) -> None:
        self.drawn, self.until = drawn, until

    def of(self, epoch: int):
        if epoch >= self.until:
            raise Stopped
        return self.drawn.of(epoch)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: " ".join(map(str, variant.values())))
def test_a_stopped_training_goes_on_to_the_same_bits(variant: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Weights and curve are those of a training that was never stopped."""
    monkeypatch.setattr(resuming, "SECONDS", 0.0)
    config, state = configured(**variant), tmp_path / "state"
    with pytest.raises(Stopped):
        run(config, shared=Plug(epochs(config), 1), state=state)
    steps = []
    build = training.inputs
    monkeypatch.setattr(training, "inputs", lambda images: steps.append(1) or build(images))
    trained, points = run(config, state=state)
    done = len(steps)
    expected, curve = run(config)

    assert done == 4 if config.batch_size == 4 else 2
    assert same(trained, expected)
    assert points == curve


def test_the_end_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A cohort that is stopped at its last run does not train the first again."""
    trained, points = run(configured(), state=tmp_path / "state")
    monkeypatch.setattr(training, "inputs", lambda images: pytest.fail("nothing is left to train"))
    again, curve = run(configured(), state=tmp_path / "state")

    assert same(trained, again)
    assert points == curve


def test_states_are_written_now_and_then(tmp_path: Path):
    """Not every epoch of a short run: writing waits for the disk."""
    state = tmp_path / "state"
    with pytest.raises(Stopped):
        run(configured(), shared=Plug(epochs(configured()), 2), state=state)

    assert not state.exists()


@pytest.mark.parametrize("spoil", ["damaged", "elsewhere"])
def test_a_state_that_cannot_be_used_is_told_about(spoil: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Training starts anew, and ends as ever."""
    state = tmp_path / "state"
    expected, points = run(configured(), state=state)
    if spoil == "damaged":
        state.write_bytes(state.read_bytes()[:100])
    else:
        tensors, facts = checkpoints.load(state)
        checkpoints.save(state, tensors, facts | {"where": "another machine"})
    again, curve = run(configured(), state=state)

    assert "training starts anew: " in capsys.readouterr().out
    assert same(again, expected)
    assert curve == points


def test_augmentation_reaches_training():
    """Runs with other tiles are other runs."""
    plain = configured(augmentation=Augmentation(flips=False, rotations=False, brightness=0, contrast=0))

    assert isinstance(plain.data, Data)
    assert not same(run(plain)[0], run(configured())[0])


@pytest.mark.gpu
def test_a_gpu_repeats_itself(tmp_path: Path):
    """Alone and after others: the same bits."""
    deterministic(threads=1, device="cuda")
    for variant in VARIANTS:
        config = configured(**variant)
        found = []
        for _ in range(2):
            course = train(config, epochs(config).of, seed=0, length=6, device="cuda", state=None)
            points = list(course)
            found.append([point.values for point in points])
        assert found[0] == found[1]

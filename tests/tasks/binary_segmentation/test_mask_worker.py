"""The worker of binary segmentation: cohorts, checkpoints, whole scans, and what it hands to scoring."""

import math
import random
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tunebook.records import Configuration, Run
from tunebook.task import Context
from tunebook.tasks.binary_segmentation import drawing, floors, scans, worker
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.worker import Worker
from tunebook.train import checkpoints

SIZES = {"train": 2, "val": 1, "test": 2}
STEPS = 4


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book whose scans, 40 × 52, hold a bright square each; the last of test has none."""
    for split, number in SIZES.items():
        for kind in ("images", "masks"):
            (tmp_path / "scans" / split / kind).mkdir(parents=True)
        for at in range(number):
            save_scan(tmp_path, split, at)
    return tmp_path


def save_scan(book: Path, split: str, at: int) -> None:
    draws = np.random.default_rng([len(split), at])
    mask = np.zeros((40, 52), bool)
    top, left = draws.integers(0, 28, 2)
    mask[top : top + 12, left : left + 12] = (split, at) != ("test", 1)
    image = (draws.integers(0, 60, (40, 52, 3)) + 150 * mask[..., None]).astype(np.uint8)
    Image.fromarray(image).save(book / "scans" / split / "images" / f"{at}.png")
    Image.fromarray(mask.astype(np.uint8) * 255).save(book / "scans" / split / "masks" / f"{at}.png")


def some_run(*, seed=0, **changes) -> Run:
    """A run of small tiles and few steps; `model__family="otsu"` sets a field of a part."""
    values: dict = {
        "data": {"root": "scans", "tile": 16, "overlap": 4, "tiles_per_image": 4},
        "model": {"width": 4, "depth": 2},
        "batch_size": 4,
        "budget": {"epochs": 2},
    }
    for path, value in changes.items():
        part, _, name = path.partition("__")
        values[part] = values.get(part, {}) | {name: value}
    dumped = Config.model_validate(values).model_dump()
    return Run("binary-segmentation", "1", Configuration(dumped, dumped), {"seed": seed}, {}, STEPS)


def context(book: Path, run: Run, *, into: str = "runs") -> Context:
    """Where a run happens; files of its own."""
    folder = book / into / run.id
    folder.mkdir(parents=True, exist_ok=True)
    return Context(book, folder / "checkpoint", folder / "state", run.length, "cpu", 1, run.replicate["seed"])


def trained(book: Path, *runs: Run, into: str = "runs"):
    """A worker that has trained runs, their contexts, and what it said of them."""
    contexts = [context(book, run, into=into) for run in runs]
    made = Worker()
    return made, contexts, list(made.train(runs, contexts))


# Training -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 1])
def test_a_run_of_a_cohort_is_that_of_the_run_alone(book: Path, order: int):
    """Checkpoint and curve, whatever the others' seeds, losses and tiles, in another order."""
    runs = [some_run(seed=seed, loss__bce_weight=weight) for seed in (0, 1) for weight in (0.0, 0.5)]
    runs = [*runs, some_run(augmentation__flips=False), some_run(model__dropout=0.5), some_run(model__family="otsu")]
    random.Random(order).shuffle(runs)
    _, contexts, progress = trained(book, *runs)

    for run, place in zip(runs, contexts, strict=True):
        _, (alone,), points = trained(book, run, into="alone")
        assert alone.checkpoint.read_bytes() == place.checkpoint.read_bytes()
        assert [point for point in progress if point.run == run.id] == points


def test_scans_and_tiles_are_made_once_for_a_cohort(book: Path, monkeypatch: pytest.MonkeyPatch):
    """Each file is read once, and each epoch of a seed is drawn once, for all losses and for what comes after."""
    read, drawn = [], []
    load, draw = scans.load, drawing.draw
    monkeypatch.setattr(scans, "load", lambda scan, data: read.append(scan.image) or load(scan, data))
    monkeypatch.setattr(
        drawing, "draw", lambda *args, seed, epoch: drawn.append((seed, epoch)) or draw(*args, seed=seed, epoch=epoch)
    )
    runs = [some_run(seed=seed, loss__bce_weight=weight) for weight in (0.0, 0.5, 1.0) for seed in (0, 1)]
    made, contexts, _ = trained(book, *runs)
    for run, place in zip(runs, contexts, strict=True):
        list(made.predict(run, "train", place))
        list(made.predict(run, "val", place))

    assert len(read) == len(set(read)) == SIZES["train"] + SIZES["val"]
    assert sorted(drawn) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_scans_that_do_not_fit_are_read_again(book: Path):
    """Nothing depends on what is kept."""
    run = some_run()
    made, (place,), _ = trained(book, run)
    made._scans = worker.SharedScans(limit_bytes=0)
    first, again = (list(made.examples(run, "test", place)) for _ in range(2))

    assert not made._scans._kept
    assert all(np.array_equal(one.image, other.image) for one, other in zip(first, again, strict=True))


class Read:
    """What was read, while it lives: `held` says at each reading how many scans are alive, `masks` are of own size."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.held: list[int] = []
        self.images: list[weakref.ref] = []
        self.masks: list[weakref.ref] = []
        load = scans.load

        def seen(scan, data):
            self.held.append(self.alive())
            found = load(scan, data)
            self.names.append(found.name)
            self.images.append(weakref.ref(found.image))
            self.masks.append(weakref.ref(found.mask))
            return found

        monkeypatch.setattr(scans, "load", seen)

    def alive(self) -> int:
        return sum(image() is not None for image in self.images)


@pytest.mark.parametrize("family", ["unet", "constant", "otsu"])
def test_training_holds_no_scans_that_do_not_fit(book: Path, family: str, monkeypatch: pytest.MonkeyPatch):
    """They are read again for each epoch, one after the other; the checkpoint is that of scans that were kept."""
    for at in range(SIZES["train"], 6):
        save_scan(book, "train", at)
    run = some_run(model__family=family, data__tiles_per_image=2)
    _, (kept,), _ = trained(book, run)
    read, place, made = Read(monkeypatch), context(book, run, into="again"), Worker()
    made._scans = worker.SharedScans(limit_bytes=1)
    alive = [read.alive() for _ in made.train([run], [place])]

    assert place.checkpoint.read_bytes() == kept.checkpoint.read_bytes()
    assert set(alive) <= {0}
    assert max(read.held) <= 2
    assert min(map(read.names.count, map(str, range(6)))) >= (2 if family == "unet" else 1)


def test_training_keeps_no_masks_of_the_scans_own_size(book: Path, monkeypatch: pytest.MonkeyPatch):
    """Where scans are worked on at another; who asks for one later gets it, and then it is kept."""
    read = Read(monkeypatch)
    run = some_run(data__image_size=26)
    made, (place,), _ = trained(book, run)
    trained_on = made._scans._bytes, [mask() for mask in read.masks]
    (first, second) = made.examples(run, "train", place)
    again = list(made.examples(run, "train", place))

    assert trained_on == (2 * 20 * 26 * 4, [None, None])
    assert [example.truth.shape for example in (first, second)] == [(40, 52)] * 2
    assert again[0].truth is first.truth
    assert sorted(read.names) == ["0", "0", "1", "1"]
    assert made._scans._bytes == 2 * (20 * 26 * 4 + 40 * 52)


def test_a_run_that_diverges_leaves_the_others_to_go_on(book: Path):
    """Its last point is not finite, it has no checkpoint, and the next is trained."""
    broken, sound = some_run(optimizer__lr=1e30, optimizer__name="sgd"), some_run()
    _, contexts, progress = trained(book, broken, sound)
    last = [step.point for step in progress if step.run == broken.id][-1]

    assert not all(map(math.isfinite, last.values.values()))
    assert [place.checkpoint.exists() for place in contexts] == [False, True]
    assert [step.point.step for step in progress if step.run == sound.id] == [2, 4]


def test_each_run_has_its_checkpoint_before_the_next_begins(book: Path):
    """What is killed with a cohort is little."""
    runs = [some_run(), some_run(loss__bce_weight=0.0)]
    contexts = [context(book, run) for run in runs]
    for progress in Worker().train(runs, contexts):
        if progress.run == runs[1].id:
            assert contexts[0].checkpoint.exists()
            break
    else:
        pytest.fail("the second run said nothing")


def test_what_is_known_of_a_trained_run(book: Path):
    """Its parameters, and how much foreground its tiles held; a baseline has none."""
    run, black = some_run(), some_run(model__family="black")
    made, contexts, _ = trained(book, run, black)
    tensors, _ = checkpoints.load(contexts[0].checkpoint)
    found = made.quantities(run, contexts[0])

    assert found["trainable_parameters"] == sum(tensor.numel() for tensor in tensors.values())
    assert 0 < found["foreground"] < 1
    assert made.quantities(black, contexts[1]) == {"trainable_parameters": 0}


# Whole scans ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["unet", "black", "white", "constant", "otsu"])
@pytest.mark.parametrize("image_size", [None, 26])
def test_predictions_are_of_the_scan_s_own_size(book: Path, family: str, image_size: int | None):
    """8 bit, in the order of the examples, also where scans are worked on at half their size."""
    run = some_run(model__family=family, data__image_size=image_size)
    made, (place,), _ = trained(book, run)
    examples, predictions = list(made.examples(run, "test", place)), list(made.predict(run, "test", place))

    assert [one.item for one in predictions] == [one.item for one in examples] == ["0", "1"]
    for example, prediction in zip(examples, predictions, strict=True):
        found = prediction.arrays["probability"]
        assert found.dtype == np.uint8
        assert example.truth.shape == found.shape == (40, 52)
        assert example.image.shape == ((40, 52, 3) if image_size is None else (20, 26, 3))


def test_baselines_take_their_facts_from_the_training_scans(book: Path):
    """They are in the checkpoint, and prediction reads nothing else."""
    run = some_run(model__family="constant")
    made, (place,), points = trained(book, run)
    _, facts = checkpoints.load(place.checkpoint)
    (first, _) = made.predict(run, "test", place)

    assert points == []
    assert {name: float(value) for name, value in facts.items()} == {"share": 2 * 144 / (2 * 40 * 52)}
    expected = floors.probability("constant", {"share": 144 / (40 * 52)}, np.zeros((40, 52, 3), np.uint8))
    assert np.array_equal(first.arrays["probability"], expected)


# Scoring --------------------------------------------------------------------------------------------------


def test_a_run_is_calibrated_scored_and_drawn(book: Path):
    """Otsu finds the bright squares: all metrics are 1, and a scan without foreground has no value of its own."""
    run = some_run(model__family="otsu")
    made, (place,), _ = trained(book, run)
    (example,), (prediction,) = list(made.examples(run, "val", place)), list(made.predict(run, "val", place))
    (chosen,) = made.calibrate(run, [prediction], [example], "val", metric="f1")
    scores = {score.metric: score for score in made.score(run, prediction, example, {"threshold": chosen})}
    panels = made.picture(run, prediction, example, {"threshold": chosen}, metric="f1")

    assert (chosen.mode, chosen.split, chosen.metric) == ("threshold", "val", "f1")
    assert scores["scan.f1"].value == 1
    assert scores["f1"].counts == {"tp": 144, "fp": 0, "fn": 0, "tn": 40 * 52 - 144}
    assert panels.pixels.threshold == chosen.values["threshold"]
    assert sum(panels.pixels.foreground) == 144


def test_thresholds_that_cannot_be_had_are_said(book: Path):
    """A model that says the same everywhere has one precision, and the goal is missed."""
    run = some_run(model__family="white", threshold__choose="recall", threshold__at_least=0.9)
    made, (place,), _ = trained(book, run)
    examples, predictions = list(made.examples(run, "val", place)), list(made.predict(run, "val", place))
    (chosen,) = made.calibrate(run, predictions, examples, "val", metric="f1")

    assert chosen.values["missed"] is True
    assert chosen.values["edge"] == "only"
    assert chosen.metric == "recall"

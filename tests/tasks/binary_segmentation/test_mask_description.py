"""What binary segmentation is, without torch: identity, folding, inputs, length, cohorts, what is refused."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tunebook import simulate, task
from tunebook.cli import app
from tunebook.errors import DataError
from tunebook.fingerprints import FingerprintCache, of_inputs
from tunebook.records import Configuration
from tunebook.spec.canonical import configuration
from tunebook.spec.fields import nested
from tunebook.tasks.binary_segmentation import TASK
from tunebook.tasks.binary_segmentation.config import LEARNED, Config

BASELINES = ("black", "white", "constant", "otsu")
GRID = """\
study: grid
question: Which loss finds strokes of a pen?
task: binary-segmentation
base:
  data: {root: pages, tile: 64, overlap: 0}
space:
  loss.bce_weight: [0, 0.2, 0.4, 0.6, 0.8, 1]
  loss.dice_smooth: [1e-4, 1e-5, 1e-6]
  loss.pos_weight: [1, 5, 10, 25]
replicates: {seed: 2}
confirm: null
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """A book with simulated pages, that tests read and leave alone."""
    path = tmp_path_factory.mktemp("book")
    simulate.scans(path / "pages", seed=0, train=5, val=2, test=1, size=64)
    (path / "grid.study.yaml").write_text(GRID)
    return path


def canonical(changes: Mapping[str, Any] | None = None) -> Configuration:
    """The canonical configuration with changes, by dotted path."""
    return configuration(TASK, nested({"data.root": "pages", **(changes or {})}))


def configured(changes: Mapping[str, Any] | None = None) -> Config:
    """The same as the task's Config."""
    return Config.model_validate(canonical(changes).values)


def same(one, other) -> bool:
    return canonical(one).id == canonical(other).id


def fingerprint(book: Path, changes=None) -> str:
    cache = FingerprintCache(book / "cache.sqlite")
    return of_inputs(TASK.inputs(configured(changes), book), cache=cache)["data"]


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


# Folding ------------------------------------------------------------------------------------------------

TVERSKY, FOCAL = {"loss.kind": "tversky"}, {"loss.kind": "focal"}
ONLY_BCE, ONLY_DICE = {"loss.bce_weight": 1}, {"loss.bce_weight": 0}
TRAINED = {
    "data.tile": 128,
    "data.overlap": 0,
    "data.blend": "uniform",
    "data.tiles_per_image": 3,
    "data.foreground": 0.9,
    "augmentation.flips": False,
    "augmentation.rotations": False,
    "augmentation.brightness": 0.5,
    "augmentation.contrast": 0.5,
    "model.width": 8,
    "model.depth": 2,
    "model.dropout": 0.5,
    "model.prior": 0.1,
    "loss.bce_weight": 0.7,
    "loss.dice_smooth": 0.1,
    "loss.pos_weight": 7.0,
    "loss.per": "image",
    "optimizer.name": "adam",
    "optimizer.lr": 0.1,
    "optimizer.weight_decay": 0.1,
    "schedule.name": "cosine",
    "schedule.warmup": 9,
    "batch_size": 3,
    "budget.epochs": 7,
    "precision": "bf16",
}
"""Field that matters to a model that is trained, and to no baseline -> a value that is not its default."""


def test_the_published_grid_is_55_configurations():
    """Without Dice its smoothing is nothing, without cross-entropy the weight of positives is: 48 + 4 + 3."""
    points = [
        canonical({"loss.bce_weight": weight, "loss.dice_smooth": smooth, "loss.pos_weight": positives}).id
        for weight in (0, 0.2, 0.4, 0.6, 0.8, 1)
        for smooth in (1e-4, 1e-5, 1e-6)
        for positives in (1, 5, 10, 25)
    ]

    assert len(points) == 72
    assert len(set(points)) == 55
    assert len(set(points[:12])) == 3
    assert len(set(points[-12:])) == 4


def test_one_training_has_one_configuration():
    """A prior of a half is none, and of batches of one tile Dice is of a tile either way."""
    assert canonical({"model.prior": 0.5}).id == canonical({}).id != canonical({"model.prior": 0.4}).id
    ones = [canonical({"batch_size": 1, "loss.per": per}).id for per in ("image", "batch")]
    assert ones[0] == ones[1]


def test_check_counts_the_published_grid(book: Path, capsys):
    """72 declared, 17 folded, 55 configurations with two replicates, and the four baselines of every page."""
    with pytest.raises(SystemExit) as ended:
        app(["check", str(book)])

    assert ended.value.code == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:5] == [
        "grid: Which loss finds strokes of a pen?",
        "      72 declared",
        "      17 equivalent to another: a parameter has no effect there",
        "      55 distinct configurations",
        "     110 runs (1 case, 2 replicates)",
    ]
    assert [line.strip() for line in said[5:7]] == [
        "4 baselines: 4 configurations that the page compares with",
        "114 new",
    ]


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        (ONLY_BCE, {"loss.dice_smooth": 1e-4, "loss.per": "image"}),
        (ONLY_DICE, {"loss.pos_weight": 25.0}),
        ({}, {"loss.tversky_alpha": 0.5, "loss.tversky_beta": 0.5, "loss.focal_gamma": 0.0, "loss.focal_alpha": None}),
        (TVERSKY, {"loss.bce_weight": 0.1, "loss.pos_weight": 5.0, "loss.focal_gamma": 0.0, "loss.focal_alpha": 0.5}),
        (TVERSKY | ONLY_BCE, ONLY_DICE),
        (FOCAL, {"loss.bce_weight": 0.1, "loss.dice_smooth": 0.1, "loss.pos_weight": 5.0, "loss.per": "image"}),
        (FOCAL, {"loss.tversky_alpha": 0.5, "loss.tversky_beta": 0.5}),
        ({}, {"data.subset_seed": 3}),
        ({}, {"data.root": "elsewhere"}),
        ({}, {"threshold.choose": "recall", "threshold.at_least": 0.9, "boundary.tolerance": 5.0}),
        ({"model.family": "black"}, {"data.train_images": 3, "data.subset_seed": 3}),
        *(({"model.family": family}, TRAINED) for family in BASELINES),
        *(({"model.family": family}, {**TRAINED, **FOCAL}) for family in BASELINES),
    ],
)
def test_what_cannot_matter_is_no_part_of_a_configuration(changes, idle):
    """Points that differ in it alone are one run."""
    assert same(changes, {**changes, **idle})


@pytest.mark.parametrize(
    ("changes", "matters"),
    [
        *(({}, {path: value}) for path, value in TRAINED.items()),
        (ONLY_BCE, {"loss.pos_weight": 25.0}),
        (ONLY_DICE, {"loss.dice_smooth": 1e-4}),
        (ONLY_DICE, {"loss.per": "image"}),
        (TVERSKY, {"loss.dice_smooth": 1e-4}),
        (TVERSKY | ONLY_BCE, {"loss.per": "image"}),
        (TVERSKY, {"loss.tversky_alpha": 0.5}),
        (TVERSKY, {"loss.tversky_beta": 0.5}),
        (FOCAL, {"loss.focal_gamma": 0.0}),
        (FOCAL, {"loss.focal_alpha": None}),
        ({"data.train_images": 3}, {"data.subset_seed": 3}),
        ({"model.family": "constant", "data.train_images": 3}, {"data.subset_seed": 3}),
        ({"model.family": "white", "data.val_images": 3}, {"data.subset_seed": 3}),
        ({"model.family": "otsu"}, {"data.train_images": 3}),
        ({"model.family": "otsu"}, {"data.normalize": "minmax"}),
        ({"model.family": "otsu"}, {"data.image_size": 64}),
        ({"model.family": "black"}, {"model.family": "white"}),
    ],
)
def test_what_matters_is_a_part_of_it(changes, matters):
    """The part that it belongs to is there."""
    assert not same(changes, {**changes, **matters})


def test_a_seed_matters_to_what_is_trained():
    """A baseline draws nothing: it has one run whatever the replicates."""
    for family in (*LEARNED, *BASELINES):
        without = TASK.without_effect(configured({"model.family": family}))
        assert ("seed" in without) == (family in BASELINES)


# What it says of itself ---------------------------------------------------------------------------------


def test_the_task_is_installed_and_starts_quickly():
    """It is found by its name, and nothing that is slow to import is imported for it."""
    code = (
        "import sys; from tunebook import task; found = task.find('binary-segmentation'); "
        "found.baselines(found.Config(data={'root': 'x'})); "
        "print(sorted({'torch', 'monai', 'polars', 'sklearn', 'skimage', 'scipy'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
    assert task.find("binary-segmentation").name == "binary-segmentation"
    assert next(iter(TASK.metrics)) == "f1"
    assert TASK.splits(configured({"data.test": "pages_test"})) == ("train", "val", "test")


def test_the_baselines_are_black_white_constant_and_otsu():
    """Laid over any configuration they are these families, whatever it trained."""
    found = {name: values["model"]["family"] for name, values in TASK.baselines(configured()).items()}

    assert found == {"all black": "black", "all white": "white", "constant": "constant", "Otsu": "otsu"}


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({}, 10 * 3),  # 5 scans of 8 tiles are 40: 16, 16, 8
        ({"budget.epochs": 3, "data.tiles_per_image": 2, "batch_size": 5}, 3 * 2),
        ({"data.train_images": 1, "batch_size": 64}, 10),
        ({"data.train_images": 2}, 10),
        *(({"model.family": family}, 1) for family in BASELINES),
    ],
)
def test_a_model_has_as_many_steps_as_its_epochs_have_batches(book: Path, changes, steps):
    """The last batch of an epoch may be smaller; a baseline is fitted at once."""
    assert TASK.length(configured(changes), book) == steps


def test_the_length_of_missing_scans_is_refused(tmp_path: Path):
    """The folder is named."""
    with pytest.raises(DataError, match="pages: must be a folder that holds the splits"):
        TASK.length(configured(), tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss.bce_weight": 0.2},
        FOCAL,
        {"optimizer.lr": 0.1},
        {"schedule.name": "cosine"},
        {"batch_size": 3},
        {"model.width": 8},
        {"model.family": "segresnet"},
        {"precision": "bf16"},
    ],
)
def test_models_that_differ_in_this_share_scans_and_tiles(changes):
    """They train one after the other in one process."""
    assert TASK.cohort(configured(changes)) == TASK.cohort(configured())


@pytest.mark.parametrize(
    "changes",
    [
        {"data.tile": 128},
        {"data.train_images": 3},
        {"data.foreground": 0.5},
        {"data.normalize": "minmax"},
        {"augmentation.flips": False},
        {"model.family": "otsu"},
    ],
)
def test_models_that_differ_in_this_do_not(changes):
    """Other scans or other tiles; a baseline needs no tiles."""
    assert TASK.cohort(configured(changes)) != TASK.cohort(configured())


def test_baselines_share_scans_alone():
    """Whatever is trained beside them."""
    floors = {TASK.cohort(configured({"model.family": family, "augmentation.flips": False})) for family in BASELINES}

    assert floors == {TASK.cohort(configured({"model.family": "otsu", "loss.kind": "focal"}))}
    assert TASK.cohort(configured({"model.family": "otsu", "data.val_images": 1})) not in floors


# Data ---------------------------------------------------------------------------------------------------


def test_data_are_their_content_whatever_the_subset(tmp_path: Path):
    """One fingerprint wherever they lie; another when a pixel of any split changes, or a file has another name."""
    simulate.scans(tmp_path / "pages", seed=0, train=2, val=1, test=1, size=64)
    first = fingerprint(tmp_path)
    (tmp_path / "pages").rename(tmp_path / "moved")
    moved = {"data.root": "moved"}

    assert fingerprint(tmp_path, moved) == fingerprint(tmp_path, {**moved, "data.train_images": 1}) == first
    save(tmp_path / "moved/test/masks/page-0000.png", np.zeros((64, 64), np.uint8))
    changed = fingerprint(tmp_path, moved)
    for what in ("images", "masks"):
        (tmp_path / f"moved/val/{what}/page-0000.png").rename(tmp_path / f"moved/val/{what}/other.png")
    assert len({first, changed, fingerprint(tmp_path, moved)}) == 3


def test_a_table_is_a_part_of_its_data(tmp_path: Path):
    """With all files that it names, wherever they lie; another pairing is other data."""
    for name in ("a", "b", "v", "t"):
        save(tmp_path / f"scans/{name}.png", np.full((8, 8), ord(name), np.uint8))
        save(tmp_path / f"truth/{name}.png", np.eye(8, dtype=np.uint8) * ord(name))
    (tmp_path / "lists").mkdir()
    rows = [f"../scans/{name}.png,../truth/{name}.png,{split}" for name, split in
            (("a", "train"), ("b", "train"), ("v", "val"), ("t", "test"))]  # fmt: skip
    table, changes = tmp_path / "lists/pages.csv", {"data.root": "lists/pages.csv"}

    table.write_text("\n".join(["image,mask,split", *rows]))
    first = fingerprint(tmp_path, changes)
    (found,) = TASK.inputs(configured(changes), tmp_path)
    assert (found.role, found.root, len(found.files), found.files[0]) == ("data", tmp_path, 9, table)
    TASK.verify(configured(changes), tmp_path)
    table.write_text("\n".join(["image,mask,split", *rows]).replace("truth/a", "truth/x").replace("truth/b", "truth/a")
                     .replace("truth/x", "truth/b"))  # fmt: skip
    assert fingerprint(tmp_path, changes) != first


def test_verify_names_every_bad_file_at_once(tmp_path: Path):
    """Of all splits, those outside of a subset too."""
    simulate.scans(tmp_path / "pages", seed=0, train=2, val=1, test=1, size=64)
    save(tmp_path / "pages/train/masks/page-0000.png", np.arange(4096, dtype=np.uint8).reshape(64, 64))
    save(tmp_path / "pages/train/masks/page-0001.png", np.zeros((64, 63), np.uint8))
    (tmp_path / "pages/test/images/page-0000.png").write_bytes(b"")

    for changes in ({}, {"data.train_images": 1}):
        with pytest.raises(DataError) as caught:
            TASK.verify(configured(changes), tmp_path)
        assert [str(Path(problem.place).relative_to(tmp_path / "pages")) for problem in caught.value.problems] == [
            "train/masks/page-0000.png",
            "train/masks/page-0001.png",
            "test/images/page-0000.png",
        ]


def test_scans_that_can_be_used_are(book: Path):
    """Nothing is said of them, and every metric can be had."""
    TASK.verify(configured(), book)
    for metric in TASK.metrics:
        assert TASK.refusal(configured(), book, metric=metric, split="val") == ""


def test_a_subset_larger_than_its_split_is_refused_before_anything_is_read(book: Path):
    """With the numbers."""
    with pytest.raises(DataError, match=r"data\.val_images: must be at most 2, the scans of the split val; got 50"):
        TASK.inputs(configured({"data.val_images": 50}), book)


def test_training_scans_without_foreground_are_refused(tmp_path: Path):
    """There is nothing to learn from; blank pages beside others are fine."""
    simulate.scans(tmp_path / "pages", seed=0, train=2, val=1, test=1, size=64, blank=1)
    TASK.verify(configured(), tmp_path)
    save(tmp_path / "pages/train/masks/page-0001.png", np.zeros((64, 64), np.uint8))

    with pytest.raises(DataError, match="data.train, train: must have foreground to learn from; the masks of its 2 "):
        TASK.verify(configured(), tmp_path)


def test_a_split_without_foreground_judges_nothing(tmp_path: Path):
    """Blank pages are fine beside others; alone they say nothing of any mask."""
    simulate.scans(tmp_path / "pages", seed=0, train=2, val=2, test=2, size=64, blank=1)
    save(tmp_path / "pages/test/masks/page-0001.png", np.zeros((64, 64), np.uint8))
    TASK.verify(configured(), tmp_path)

    assert TASK.refusal(configured(), tmp_path, metric="f1", split="val") == ""
    for metric in ("f1", "ap"):
        refused = TASK.refusal(configured(), tmp_path, metric=metric, split="test")
        assert refused == "must be judged on a split with foreground, which test has not"

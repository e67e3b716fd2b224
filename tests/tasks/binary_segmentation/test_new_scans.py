"""A trained run on scans without masks."""

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from trained_networks import CHOSEN, LEVEL, drawn_run, save, scan

from tunebook.errors import DataError
from tunebook.tasks.binary_segmentation.applying import predict
from tunebook.tasks.binary_segmentation.worker import Worker


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Two scans of their own sizes, one of them in a folder and smaller than a tile; and a note."""
    save(tmp_path / "new" / "a.png", scan(0))
    save(tmp_path / "new" / "site" / "b.png", scan(1, (12, 30)))
    (tmp_path / "new" / "notes.txt").write_text("mine")
    (tmp_path / "new" / ".hidden.png").write_text("no image")
    return tmp_path / "new"


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_predictions_are_those_of_the_run(tmp_path: Path):
    """What the worker stores of a split is what is written of its images, and the mask is that at the threshold."""
    for at in range(2):
        save(tmp_path / "scans" / "test" / "images" / f"{at}.png", scan(at))
        save(tmp_path / "scans" / "test" / "masks" / f"{at}.png", np.zeros((40, 52), np.uint8))
    run, context = drawn_run(tmp_path, data__image_size=30)
    predict(run, context, CHOSEN, on=tmp_path / "scans" / "test" / "images", to=tmp_path / "out")
    stored = {each.item: each.arrays["probability"] for each in Worker().predict(run, "test", context)}

    for at in ("0", "1"):
        mask = pixels(tmp_path / "out" / "masks" / f"{at}.png")
        np.testing.assert_array_equal(pixels(tmp_path / "out" / "probabilities" / f"{at}.png"), stored[at])
        np.testing.assert_array_equal(mask, (stored[at] >= LEVEL) * 255)
        assert 0 < mask.mean() < 255


def test_folders_names_and_sizes_are_kept(tmp_path: Path, new: Path):
    """Each scan has a mask of its own size in its place, and a line of the table; what is no image is said."""
    run, context = drawn_run(tmp_path)
    said = predict(run, context, CHOSEN, on=new, to=tmp_path / "out")
    with (tmp_path / "out" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    written = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))

    assert written == [
        "masks/a.png", "masks/site/b.png", "predictions.csv", "probabilities/a.png", "probabilities/site/b.png",
    ]  # fmt: skip
    assert pixels(tmp_path / "out" / "masks" / "site" / "b.png").shape == (12, 30)
    assert [(row["scan"], row["width"], row["height"]) for row in rows] == [
        ("a.png", "52", "40"), ("site/b.png", "30", "12"),
    ]  # fmt: skip
    for row in rows:
        mask = pixels(tmp_path / "out" / "masks" / row["scan"]) > 0
        assert int(row["foreground"]) == mask.sum()
        assert float(row["share"]) == pytest.approx(mask.mean(), rel=1e-5)
    assert said[0].startswith("2 scans of 2,440 pixels; ")
    assert said[-2:] == (
        "1 scan smaller than a tile of 16 pixels, continued by zeros",
        "1 passed over, which is no PNG or TIFF: notes.txt",
    )


def test_one_file_is_enough(tmp_path: Path, new: Path):
    """Its mask lies directly in the folder."""
    run, context = drawn_run(tmp_path)
    predict(run, context, CHOSEN, on=new / "site" / "b.png", to=tmp_path / "out")

    assert [path.name for path in (tmp_path / "out" / "masks").iterdir()] == ["b.png"]


def test_all_that_cannot_be_used_is_named_and_nothing_written(tmp_path: Path, new: Path):
    """A broken file, other channels, 16 bits that no range was named for: one message."""
    (new / "broken.png").write_bytes((new / "a.png").read_bytes()[:60])
    tifffile.imwrite(new / "channels.tif", np.zeros((5, 20, 20), np.uint8), photometric="minisblack")
    save(new / "deep.png", np.full((20, 20), 4000, np.uint16))
    run, context = drawn_run(tmp_path)
    with pytest.raises(DataError) as caught:
        predict(run, context, CHOSEN, on=new, to=tmp_path / "out")
    told = {Path(problem.place).name: problem.message for problem in caught.value.problems}

    assert told.keys() == {"broken.png", "channels.tif", "deep.png"}
    assert "0..255 when normalize is none; it has 4000" in told["deep.png"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "message"), [("a.tif", "only file of its stem; a.png"), ("", "holds images and masks")]
)
def test_what_is_not_meant_is_refused(tmp_path: Path, new: Path, name: str, message: str):
    """Two files that would give one mask; and a split of a data set, whose masks are no scans."""
    if name:
        tifffile.imwrite(new / name, scan(0))
    for folder in () if name else ("images", "masks"):
        save(new / folder / "c.png", scan(2))
    run, context = drawn_run(tmp_path)

    with pytest.raises(DataError, match=message):
        predict(run, context, CHOSEN, on=new, to=tmp_path / "out")


def test_a_folder_without_scans_is_refused(tmp_path: Path):
    """It says which files there would have to be."""
    (tmp_path / "new").mkdir()
    run, context = drawn_run(tmp_path)

    with pytest.raises(DataError, match="must hold png, tif, tiff files; it holds none"):
        predict(run, context, CHOSEN, on=tmp_path / "new", to=tmp_path / "out")


@pytest.mark.parametrize(
    ("family", "facts", "level"), [("white", {}, 255), ("black", {}, 0), ("constant", {"share": "0.2"}, 51)]
)
def test_baselines_answer_too(tmp_path: Path, new: Path, family: str, facts: dict[str, str], level: int):
    """Their answer is the same everywhere, and there is no tile to be smaller than."""
    run, context = drawn_run(tmp_path, model__family=family, facts=facts)
    said = predict(run, context, CHOSEN, on=new, to=tmp_path / "out")

    assert np.unique(pixels(tmp_path / "out" / "probabilities" / "a.png")).tolist() == [level]
    assert not any("tile" in sentence for sentence in said)

"""A trained run on images without labels, without prompts and from a person's."""

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from finished_runs import SETTINGS, finished
from segmentation_examples import write_cells, write_png, write_tiff

from tunebook.errors import DataError
from tunebook.task import Prediction
from tunebook.tasks.promptable_segmentation import applying, inference, watershed
from tunebook.tasks.promptable_segmentation.applying import predict
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.items import items
from tunebook.tasks.promptable_segmentation.worker import Worker


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with images of all kinds."""
    book = tmp_path_factory.mktemp("book")
    write_cells(book / "cells")
    return book


def stored(book: Path, split: str, changes: dict | None = None) -> list[tuple[Prediction, np.ndarray]]:
    """What the worker keeps of a split, with the truth."""
    run, context = finished(book, changes)
    worker = Worker()
    predictions, examples = (list(ask(run, split, context)) for ask in (worker.predict, worker.examples))
    return [(one, other.truth) for one, other in zip(predictions, examples, strict=True)]


def test_all_objects_are_those_of_the_run(cells: Path, tmp_path: Path):
    """The maps that the worker stores, post-processed as was chosen, are the label maps; each has its line."""
    run, context = finished(cells)
    said = predict(run, context, SETTINGS, on=cells / "cells" / "test" / "images", to=tmp_path / "out")
    with (tmp_path / "out" / "predictions.csv").open() as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    total = 0
    for prediction, _ in stored(cells, "test"):
        wanted = watershed.instances(prediction.arrays["ais"], **watershed.recorded(SETTINGS["ais"].values))
        found = tifffile.imread(tmp_path / "out" / "labels" / f"{prediction.item}.tif")
        areas = np.bincount(wanted.ravel())[1:]
        total += len(areas)

        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == np.uint16
        assert int(rows[prediction.item]["objects"]) == len(areas)
        assert rows[prediction.item]["median_area"] == (f"{np.median(areas):g}" if len(areas) else "")
    assert total > 0
    assert said[0] == f"2 images, {total} objects, found without prompts"


@pytest.mark.parametrize(("mode", "split", "item"), [("point", "test", "small"), ("box", "val", "large")])
def test_prompts_are_answered_as_in_scoring(cells: Path, tmp_path: Path, mode: str, split: str, item: str):
    """The prompts of the truth give the masks that the worker stores; of a large image too, in several windows.

    Scoring knows how large an object is, a point does not: only in one window both must be the same.
    """
    run, context = finished(cells)
    ((prediction, truth),) = (each for each in stored(cells, split) if each[0].item == item)
    asked = _asked(truth, mode)
    write_png(tmp_path / "new" / "site" / f"{item}.png", _image(cells / "cells" / split / "images" / f"{item}.png"))
    columns = {"point": "x,y", "box": "x0,y0,x1,y1"}[mode]
    table = tmp_path / "new" / {"point": "points.csv", "box": "boxes.csv"}[mode]
    lines = [f"site/{item}.png,{','.join(map(str, one))}" for one in asked]
    table.write_text("\n".join([f"image,{columns}", *lines]) + "\n")
    said = predict(run, context, SETTINGS, on=tmp_path / "new", to=tmp_path / "out")
    wanted = inference.label_map(prediction.arrays, mode, shape=truth.shape, window=128, components=False)

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out" / "labels" / "site" / f"{item}.tif"), wanted)
    assert said[0].endswith(f"from {len(asked)} {mode} prompts of {table.name}")
    assert len(np.unique(wanted)) > 2


def _image(path: Path) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(path))


def _asked(truth: np.ndarray, mode: str) -> list[tuple[int, ...]]:
    """The prompts of scoring, in pixels of the image; all objects of this image lie whole in a window."""
    from tunebook.images import pixels
    from tunebook.tasks.promptable_segmentation import interactive

    tiles = pixels.tiles(truth.shape, size=128, overlap=64)
    asked = interactive.asked(truth, tiles)
    corners = np.tile(asked.windows[:, ::-1], 1 if mode == "point" else 2)
    return [tuple(map(int, row)) for row in (asked.points if mode == "point" else asked.boxes).numpy() + corners]


def test_an_image_without_a_prompt_has_no_objects(cells: Path, tmp_path: Path):
    """It is said; the other's object has the number of its row, whatever it is called in the table."""
    for name in ("one", "other"):
        write_png(tmp_path / "new" / f"{name}.png", np.full((30, 40), 9, np.uint8))
    (tmp_path / "new" / "boxes.csv").write_text("image,x0,y0,x1,y1\none,5,5,20,20\n")
    run, context = finished(cells)
    said = predict(run, context, {}, on=tmp_path / "new", to=tmp_path / "out")

    assert said[1] == "1 image without a prompt, so without objects"
    assert set(np.unique(tifffile.imread(tmp_path / "out/labels/one.tif"))) <= {0, 1}
    assert not tifffile.imread(tmp_path / "out/labels/other.tif").any()


def test_every_row_that_is_no_prompt_is_named(cells: Path, tmp_path: Path):
    """With its line: an unknown image, no number, beside the image; an empty box. Nothing is written."""
    write_png(tmp_path / "new" / "one.png", np.zeros((30, 40), np.uint8))
    (tmp_path / "new" / "boxes.csv").write_text(
        "image,x0,y0,x1,y1\nnone,1,1,2,2\none,1,x,2,2\none,1,1,41,2\none,9,1,9,2\none,0,0,40,30\n"
    )
    run, context = finished(cells)
    with pytest.raises(DataError) as caught:
        predict(run, context, SETTINGS, on=tmp_path / "new", to=tmp_path / "out")

    assert [(problem.place.rpartition(":")[2], problem.message) for problem in caught.value.problems] == [
        ("2", "must name one of the images; got none"),
        ("3", "must hold a number in each column"),
        ("4", "must lie in its image of 40 × 30 pixels; got 1, 1, 41, 2"),
        ("5", "must have x0 < x1 and y0 < y1; got 9, 1, 9, 2"),
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"points.csv": "image,x,y\n", "boxes.csv": "image,x0,y0,x1,y1\n"},
            "must hold points.csv or boxes.csv; it holds",
        ),
        ({"points.csv": "image,x\none,1\n"}, "must have the columns image, x, y; it lacks y"),
        ({"points.csv": "image,x,y\n"}, "must hold a row for each object; it is empty"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(cells: Path, tmp_path: Path, tables: dict[str, str], message: str):
    """Two tables, a column that lacks, no rows."""
    write_png(tmp_path / "new" / "one.png", np.zeros((30, 40), np.uint8))
    for name, text in tables.items():
        (tmp_path / "new" / name).write_text(text)
    run, context = finished(cells)

    with pytest.raises(DataError, match=message):
        predict(run, context, SETTINGS, on=tmp_path / "new", to=tmp_path / "out")


def test_a_run_without_a_decoder_asks_for_prompts(cells: Path, tmp_path: Path):
    """The message says what to lie beside the images; the floor needs none, and takes none."""
    write_png(tmp_path / "new" / "one.png", np.zeros((30, 40), np.uint8))
    run, context = finished(cells, {"automatic.enabled": False})
    with pytest.raises(DataError, match=r"points.csv or boxes.csv must lie beside the images.*\n    give each object"):
        predict(run, context, {}, on=tmp_path / "new", to=tmp_path / "out")
    floor, place = finished(cells, {"model.family": "otsu-watershed"})
    said = predict(floor, place, SETTINGS, on=tmp_path / "new", to=tmp_path / "out")
    (tmp_path / "new" / "points.csv").write_text("image,x,y\none,1,1\n")

    assert said == ("1 image, 0 objects, found without prompts", "1 image without objects")
    with pytest.raises(DataError, match="must not lie beside the images: otsu-watershed takes no prompts"):
        predict(floor, place, SETTINGS, on=tmp_path / "new", to=tmp_path / "out")


def test_slices_of_volumes_are_images(cells: Path, tmp_path: Path):
    """Along data.axis, of stacks and containers: each slice has a label map, named as items are."""
    volume = np.random.default_rng(0).integers(0, 255, (2, 30, 40)).astype(np.uint8)
    write_tiff(tmp_path / "new" / "stack.tif", volume)
    with h5py.File(tmp_path / "new" / "held.h5", "w") as file:
        file["raw"] = volume
    run, context = finished(cells, {"data.axis": "z", "model.family": "otsu-watershed"})
    predict(run, context, SETTINGS, on=tmp_path / "new", to=tmp_path / "out")
    found = {path.stem: tifffile.imread(path) for path in (tmp_path / "out" / "labels").iterdir()}

    assert sorted(found) == ["held-z0000", "held-z0001", "stack-z0000", "stack-z0001"]
    assert all(label.shape == (30, 40) for label in found.values())
    np.testing.assert_array_equal(found["held-z0001"], found["stack-z0001"])


def test_all_that_cannot_be_used_is_named(cells: Path, tmp_path: Path):
    """A stack without data.axis and a broken file: one message."""
    write_tiff(tmp_path / "new" / "stack.tif", np.zeros((5, 30, 40), np.uint8))
    (tmp_path / "new" / "broken.png").write_text("no image")
    run, context = finished(cells)
    with pytest.raises(DataError) as caught:
        predict(run, context, SETTINGS, on=tmp_path / "new", to=tmp_path / "out")

    assert sorted(Path(problem.place).name for problem in caught.value.problems) == ["broken.png", "stack.tif"]


def test_many_objects_need_more_bits(tmp_path: Path):
    """Beyond 65,535 objects a label map is of 32 bits."""
    image = applying.NewImage(Path("many"), Path("many.png"), (300, 300))
    applying._written(np.arange(90_000, dtype=np.int32).reshape(300, 300), image, tmp_path)
    found = tifffile.imread(tmp_path / "labels" / "many.tif")

    assert (found.dtype, int(found.max())) == (np.uint32, 89_999)


def test_items_and_new_images_are_named_alike(cells: Path):
    """What a split calls an image, its label map is called."""
    config = Config.model_validate(finished(cells)[0].configuration.values)
    names = [item.name for item in items(config, cells, "test")]
    _, images = applying.new_images.found(cells / "cells" / "test" / "images", config.data)

    assert [image.name.as_posix() for image in images] == names

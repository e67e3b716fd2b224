"""The items of a split: files, containers and slices, and what an object in them is."""

import re
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path

import h5py
import numpy as np
import pytest
from one_run import work
from segmentation_examples import a_job, a_run, canonical, configured, write_png, write_tiff
from tests.images.container_examples import WRITERS, a_volume, write_hdf5, write_stack, write_volume, write_zarr

from tunebook.errors import DataError, StudyError
from tunebook.fingerprints import FingerprintCache, of_inputs
from tunebook.folders import RunFolder
from tunebook.images import pixels
from tunebook.records import Run
from tunebook.task import Context, Example
from tunebook.tasks.promptable_segmentation import TASK, items
from tunebook.tasks.promptable_segmentation.batches import Sample, batches
from tunebook.tasks.promptable_segmentation.config import Augmentation
from tunebook.tasks.promptable_segmentation.worker import Worker

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
RAW, LABELS = a_volume()
ARRAYS = {"raw": RAW, "labels": LABELS}


def save(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG or TIFF by its suffix."""
    (write_png if path.suffix.lower() == ".png" else write_tiff)(path, pixels)


def problems(caught: pytest.ExceptionInfo[DataError]) -> list[tuple[str, str]]:
    """Name of the file and message of every problem."""
    return [(Path(problem.place).name, problem.message) for problem in caught.value.problems]


def sliced(split: str, **changes) -> dict[str, object]:
    """Changes that make three splits of six slices, along z."""
    ranges = {"data.train": f"{split}[0:3]", "data.val": f"{split}[3:4]", "data.test": f"{split}[4:6]"}
    return {**ranges, "data.axis": "z", **{f"data.{name}": value for name, value in changes.items()}}


def found(book: Path, changes, split: str = "train") -> list[items.Item]:
    return list(items.items(configured(changes), book, split))


def examples(book: Path, changes, split: str) -> list[Example]:
    """What the worker makes of a split."""
    run = Run(TASK.name, TASK.version, canonical(changes), {"seed": 0}, {}, 2)
    folder = RunFolder.of(book, run)
    context = Context(book, folder.checkpoint, folder.state, 2, device="cpu", threads=1, seed=0)
    return list(Worker().examples(run, split, context))


def identity(book: Path, changes) -> str:
    return a_run(book, changes).id


# Files --------------------------------------------------------------------------------------------------


def test_pairs_are_matched_by_stem_and_ordered_by_name(tmp_path: Path):
    """The extensions of an image and its label may differ, in case too; hidden files are passed over."""
    for name in ("b.PNG", "a.tif", "c.tiff", ".DS_Store.png"):
        save(tmp_path / "train/images" / name, GREY)
    for name in ("a.png", "b.tif", "c.TIF"):
        save(tmp_path / "train/masks" / name, GREY)
    found = items.pairs(tmp_path, "train")

    assert [(pair.item, pair.image.name, pair.label.name) for pair in found] == [
        ("a", "a.tif", "a.png"),
        ("b", "b.PNG", "b.tif"),
        ("c", "c.tiff", "c.TIF"),
    ]


def test_all_unpaired_files_are_named_at_once(tmp_path: Path):
    """An image without label, a label without image, two of one stem, and a format we do not read."""
    (tmp_path / "val/images").mkdir(parents=True)
    (tmp_path / "val/images/photo.jpg").write_bytes(b"")
    for name in ("a.png", "a.tif", "lonely.png"):
        save(tmp_path / "val/images" / name, GREY)
    for name in ("a.png", "orphan.png"):
        save(tmp_path / "val/labels" / name, GREY)

    with pytest.raises(DataError) as caught:
        items.pairs(tmp_path, "val")
    assert [name for name, _ in problems(caught)] == ["a.tif", "photo.jpg", "lonely.png", "orphan.png"]
    assert "must have a label" in str(caught.value)
    assert "must have an image" in str(caught.value)


def test_a_missing_split_says_which_there_are(tmp_path: Path):
    """The way out of a wrong split name is the list of right ones."""
    (tmp_path / "training/images").mkdir(parents=True)

    with pytest.raises(DataError, match=r"train: must be a folder .*\n.* has training"):
        items.pairs(tmp_path, "train")


def test_a_missing_root_is_named(tmp_path: Path):
    """A data root that does not exist is what the message says."""
    with pytest.raises(DataError, match="nowhere: must be a folder that holds the splits"):
        items.pairs(tmp_path / "nowhere", "train")


def test_missing_and_doubled_folders_are_refused(tmp_path: Path):
    """Images must be there, and exactly one folder of labels."""
    (tmp_path / "train/labels").mkdir(parents=True)
    (tmp_path / "train/masks").mkdir()

    with pytest.raises(DataError) as caught:
        items.pairs(tmp_path, "train")
    assert problems(caught) == [
        ("images", "must be a folder of images; it does not exist"),
        ("train", "must hold one folder of labels, labels or masks; labels and masks exist"),
    ]


def test_an_empty_split_is_refused(tmp_path: Path):
    """No images is an error, not a score of nothing."""
    (tmp_path / "train/images").mkdir(parents=True)
    (tmp_path / "train/labels").mkdir()

    with pytest.raises(DataError, match="must hold at least one png, tif or tiff; it is empty"):
        items.pairs(tmp_path, "train")


# Containers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WRITERS)
def test_slices_of_every_kind_of_volume_are_examples(tmp_path, kind):
    """Named by file and slice, in order, normalised one by one, with the objects of the slice."""
    split = write_volume(tmp_path / "cells", kind, RAW, LABELS)
    changes = sliced(split, normalize="minmax")

    train, val, test = (examples(tmp_path, changes, name) for name in ("train", "val", "test"))

    assert [example.item for example in train] == ["volume-z0000", "volume-z0001", "volume-z0002"]
    assert [example.item for example in val + test] == ["volume-z0003", "volume-z0004", "volume-z0005"]
    for at, example in enumerate(train + val + test):
        assert np.array_equal(example.image, pixels.normalise(RAW[at], "minmax"))
        assert np.array_equal(example.truth, np.searchsorted([0, 7, 300], LABELS[at]))
    assert test[1].truth.max() == 0


@pytest.mark.parametrize("kind", ["h5", "zarr2", "zarr3"])
def test_a_folder_holds_containers(tmp_path, kind):
    """Flat arrays are one item, volumes one for each slice; the order is that of the names."""
    for name, depth in (("b", None), ("a", 2)):
        arrays = {key: array[0] if depth is None else array[:depth] for key, array in ARRAYS.items()}
        if kind == "h5":
            write_hdf5(tmp_path / f"cells/train/{name}.hdf5", arrays)
        else:
            write_zarr(tmp_path / f"cells/train/{name}.zarr", arrays, version=int(kind[-1]))

    assert [item.name for item in found(tmp_path, {"data.axis": "z"})] == ["a-z0000", "a-z0001", "b"]


def test_keys_and_axes_and_channels_are_those_of_the_configuration(tmp_path):
    """An OME-like array with two channels, of which the second is seen."""
    raw = np.stack([RAW, RAW // 2], axis=1)[None]
    write_zarr(tmp_path / "cells/train.zarr", {"image/0": raw, "labels/cells/0": LABELS[None, :, None]}, version=2)
    changes = {"data.train": "train.zarr", "data.image_key": "image/0", "data.label_key": "labels/cells/0"}

    seen = examples(tmp_path, {**changes, "data.axis": "y", "data.axes": "tzcyx", "data.channel": 1}, "train")

    assert len(seen) == 40
    assert np.array_equal(seen[9].image, pixels.normalise(RAW[:, 9] // 2, "percentile"))
    assert np.array_equal(seen[9].truth > 0, LABELS[:, 9] > 0)
    with pytest.raises(DataError, match=r"image/0, z = 0: .*\(40, 40, 2\)\n.*set data.channel to one of 0 to 1"):
        examples(tmp_path, {**changes, "data.axis": "z", "data.axes": "tzcyx"}, "train")


def test_a_range_takes_slices_of_every_volume(tmp_path):
    """Of each container of a folder; names do not depend on the range."""
    for name in ("one", "two"):
        write_hdf5(tmp_path / f"cells/em/{name}.h5", ARRAYS)

    names = [item.name for item in found(tmp_path, {"data.train": "em[4:]", "data.axis": "z"})]

    assert names == ["one-z0004", "one-z0005", "two-z0004", "two-z0005"]


def test_names_are_in_the_order_of_slices(tmp_path):
    """Of more slices than four digits can count, too."""
    long = np.zeros((10002, 2, 2), np.uint8)
    write_hdf5(tmp_path / "cells/long.h5", {"raw": long, "labels": long})

    seen = found(tmp_path, {"data.train": "long.h5[9998:]", "data.axis": "z"})

    assert [item.name for item in seen] == [f"long-z{at:05d}" for at in range(9998, 10002)]


def test_flat_files_and_stacks_share_a_folder(tmp_path):
    """A PNG or a TIFF of one image, alpha and all, is one item under any axis."""
    write_stack(tmp_path / "cells/train/images/stack.tif", RAW)
    write_stack(tmp_path / "cells/train/labels/stack.tif", LABELS)
    save(tmp_path / "cells/train/images/flat.png", GREY)
    save(tmp_path / "cells/train/labels/flat.tif", GREY)
    save(tmp_path / "cells/train/images/rgba.tif", np.dstack([GREY] * 4))
    save(tmp_path / "cells/train/labels/rgba.tif", GREY)

    seen = examples(tmp_path, {"data.axis": "z"}, "train")

    assert [example.item for example in seen] == ["flat", "rgba", *(f"stack-z000{at}" for at in range(6))]


# Objects ------------------------------------------------------------------------------------------------


def test_pieces_of_an_id_are_objects_in_a_slice_and_one_object_in_an_image(tmp_path):
    """In space an id may branch, and a slice shows its pieces; a flat label says itself what belongs together."""
    label = np.zeros((3, 12, 12), np.uint16)
    label[:, 2:4, 2:4], label[:, 8:10, 8:10], label[:, 4:6, 4:6] = 5, 5, 5  # the first and the last touch at a corner
    write_hdf5(tmp_path / "cells/volume.h5", {"raw": label, "labels": label})
    write_hdf5(tmp_path / "cells/flat.h5", {"raw": label[0], "labels": label[0]})

    def counts(split, axis, axes=None):
        changes = {"data.train": split, "data.axis": axis, "data.axes": axes}
        return {int(example.truth.max()) for example in examples(tmp_path, changes, "train")}

    assert counts("volume.h5[0:3]", "z") == {2}
    assert counts("volume.h5[0:3]", "t", "tyx") == {1}
    assert counts("flat.h5", "z") == {1}


# Normalisation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["percentile", "minmax"])
def test_training_sees_the_pixels_that_testing_sees(tmp_path, how):
    """A slice is normalised as a whole in both, and a window is cut from it afterwards."""
    raw = RAW.copy()
    raw[4] = raw[0]
    split = write_volume(tmp_path / "cells", "h5", raw, LABELS)
    changes = sliced(split, normalize=how)
    train, test = (examples(tmp_path, changes, name)[0] for name in ("train", "test"))
    sample = Sample(train.image, train.truth.astype(np.int32))
    stream = batches(
        [sample], seed=0, batch_size=1, window=16, size=16, objects=1, augmentation=Augmentation(flips=False)
    )

    everywhere = np.lib.stride_tricks.sliding_window_view(test.image[..., 0], (16, 16))
    for batch in islice(stream, 4):
        window = batch.images[0].permute(1, 2, 0).numpy()
        places = np.argwhere((everywhere == window[..., 0]).all(axis=(2, 3)))
        assert len(places) == 1
        y, x = map(int, places[0])
        assert np.array_equal(window, pixels.cut(test.image, pixels.Tile(y, x, 16, 16, 16)))


def test_training_images_are_held_as_they_were_read(tmp_path):
    """A twelfth of the memory for grey of 8 bits; windows of them are those of the normalised image, in every bit."""
    write_hdf5(tmp_path / "cells/train.h5", {"raw": RAW[0], "labels": LABELS[0]})
    config = configured({"data.train": "train.h5"})
    (item,) = items.items(config, tmp_path, "train")

    held, label = items.read_scaled(item, config.data)
    image, same = items.read(item, config.data)
    assert (held.pixels.dtype, held.pixels.shape) == (np.uint8, (40, 40))
    assert np.array_equal(label, same)
    light = Augmentation(rotations=True, blur=1.0, contrast=0.3, brightness=0.2, noise=0.1, zoom=0.2)
    one, other = (
        batches([Sample(each, label)], seed=0, batch_size=2, window=24, size=32, objects=2, augmentation=light)
        for each in (image, held)
    )
    for plain, lazy in islice(zip(one, other, strict=False), 4):
        assert plain.images.numpy().tobytes() == lazy.images.numpy().tobytes()


# Identity -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["h5", "zarr2", "zarr3"])
def test_every_file_of_a_container_is_fingerprinted(tmp_path, kind):
    """One voxel, or what its metadata say, is another run."""
    split = write_volume(tmp_path / "cells", kind, RAW, LABELS)
    before = identity(tmp_path, sliced(split))
    (data,) = TASK.inputs(configured(sliced(split)), tmp_path)

    assert len(data.files) == len(set(data.files))
    if kind == "h5":
        with h5py.File(tmp_path / "cells/volume.h5", "a") as file:
            file["raw"][5, 0, 0] += 1
        assert identity(tmp_path, sliced(split)) != before
        return
    for name in ("raw/5.0.0", ".zgroup") if kind == "zarr2" else ("raw/c/5/0/0", "zarr.json"):
        path = tmp_path / "cells/volume.zarr" / name
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        cache = FingerprintCache(tmp_path / f"{path.name}.sqlite")
        changed = of_inputs(TASK.inputs(configured(sliced(split)), tmp_path), cache=cache)
        path.write_bytes(content)
        assert changed != of_inputs(TASK.inputs(configured(sliced(split)), tmp_path), cache=cache), name


def test_ranges_keys_and_axes_are_part_of_a_run(tmp_path):
    """The same files, read in another way, are another run; a range has one spelling."""
    arrays = {"raw": RAW, "labels": LABELS, "other": RAW, "cells": LABELS}
    write_hdf5(tmp_path / "cells/volume.h5", arrays)
    plain = sliced("volume.h5")
    others = (
        {"data.train": "volume.h5[0:2]"},
        {"data.image_key": "other"},
        {"data.label_key": "cells"},
        {"data.axes": "zyx"},
        {"data.channel": 0},
        {"data.axis": "y", "data.axes": "yzx"},
    )

    assert len({identity(tmp_path, {**plain, **change}) for change in ({}, *others)}) == 7
    assert identity(tmp_path, {**plain, "data.train": "volume.h5[:3]"}) == identity(tmp_path, plain)
    assert identity(tmp_path, {**plain, "data.image_key": "raw"}) == identity(tmp_path, plain)


def test_what_is_new_leaves_older_runs_their_id():
    """At their defaults the fields of volumes are no part of a configuration."""
    assert not [path for path in canonical().effective if re.search("axis|axes|channel|_key|sampler|augment", path)]


# Leaks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WRITERS)
def test_splits_share_no_slice(tmp_path, kind):
    """Neighbours may meet, but a slice is in one split; however the path is written."""
    split = write_volume(tmp_path / "cells", kind, RAW, LABELS)
    TASK.inputs(configured(sliced(split)), tmp_path)

    for test, shared in ((f"./{split}[2:6]", "train and test both have 2"), (split, "train and test both have 0 to 2")):
        with pytest.raises(DataError, match=f"volume.*must not give a slice to two splits.*{shared}"):
            TASK.inputs(configured({**sliced(split), "data.test": test}), tmp_path)


def test_splits_share_no_flat_file(tmp_path):
    """One folder for two splits, or a link into another: a problem for every two splits that meet."""
    for name in ("a", "b"):
        save(tmp_path / f"cells/train/images/{name}.png", GREY)
        save(tmp_path / f"cells/train/labels/{name}.png", GREY)
    for split in ("val", "linked"):
        save(tmp_path / f"cells/{split}/images/c.png", GREY)
        save(tmp_path / f"cells/{split}/labels/c.png", GREY)
    (tmp_path / "cells/linked/images/d.png").symlink_to(tmp_path / "cells/train/images/b.png")
    save(tmp_path / "cells/linked/labels/d.png", GREY)

    with pytest.raises(DataError) as caught:
        TASK.inputs(configured({"data.test": "train"}), tmp_path)
    message = "must not be an image of two splits; train and test both have it and 1 more"
    assert problems(caught) == [("a.png", message)]
    with pytest.raises(DataError) as caught:
        TASK.inputs(configured({"data.test": "linked"}), tmp_path)
    assert problems(caught) == [("b.png", "must not be an image of two splits; train and test both have it")]


@pytest.mark.parametrize("kind", ["h5", "zarr3"])
def test_splits_share_no_flat_array(tmp_path, kind):
    """A container of one image is an image."""
    split = write_volume(tmp_path / "cells", kind, RAW[0], LABELS[0])

    with pytest.raises(DataError) as caught:
        TASK.inputs(configured({f"data.{name}": split for name in ("train", "val", "test")}), tmp_path)
    message = "must not be an image of two splits; {} and {} both have it"
    pairs = (("train", "val"), ("train", "test"), ("val", "test"))
    assert problems(caught) == [(split, message.format(*pair)) for pair in pairs]


# Trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.image_key": "image"}, r"volume\.h5, image: must be an array; its arrays are "),
        ({"data.axis": None}, r"volume\.h5, raw: must be one image; it is a stack .*\n.*set data.axis to z or y or x"),
        ({"data.test": "volume.h5[4:9]"}, r"volume\.h5, raw: must have the slices \[4:9\] along z; it has 0 to 5"),
        ({"data.label_key": "float"}, r"volume\.h5, float: must hold integer ids; it is float32"),
        (
            {"data.label_key": "small"},
            r"small: must be as large as its image, z 6 × y 40 × x 40; it is z 6 × y 40 × x 39",
        ),
        ({"data.label_key": "short"}, r"short: must be as large as its image, z 6 .*; it is z 5 ×"),
        ({"data.test": "other.h5[4:6]"}, r"other\.h5: must be an HDF5 file or a Zarr folder; it does not exist"),
    ],
)
def test_what_does_not_fit_is_named_before_anything_is_trained(tmp_path, changes, message):
    """File and key, what must be and what is there."""
    arrays = {**ARRAYS, "float": LABELS.astype(np.float32), "small": LABELS[..., 1:], "short": LABELS[:5]}
    write_hdf5(tmp_path / "cells/volume.h5", arrays)
    config = configured({**sliced("volume.h5"), **changes})

    with pytest.raises(DataError, match=message):
        TASK.inputs(config, tmp_path)


def test_every_slice_that_cannot_be_used_is_named_at_once(tmp_path):
    """Pixels that are no numbers, and a negative id, with file, key and slice."""
    raw, labels = RAW.astype(np.float32), LABELS.astype(np.int32)
    raw[1, 0, 0], labels[4, 0, 0] = np.nan, -1
    write_hdf5(tmp_path / "cells/volume.h5", {"raw": raw, "labels": labels})

    with pytest.raises(DataError) as caught:
        TASK.verify(configured(sliced("volume.h5")), tmp_path)
    assert problems(caught) == [
        ("volume.h5, raw, z = 1", "must hold numbers that are finite in float32; 1 pixels are not"),
        ("volume.h5, labels, z = 4", "must hold ids from 0 (background) on; the lowest is -1"),
    ]


def test_problems_of_all_splits_are_named_at_once(tmp_path):
    """Two keys that are missing, and a split."""
    write_hdf5(tmp_path / "cells/volume.h5", {"data": RAW})

    with pytest.raises(DataError) as caught:
        TASK.inputs(configured({**sliced("volume.h5"), "data.test": "nowhere"}), tmp_path)
    assert [place for place, _ in problems(caught)] == ["volume.h5, raw", "volume.h5, labels", "nowhere"]


def test_a_stack_without_an_axis_says_the_way_out(tmp_path):
    """It is no image; its slices are."""
    write_stack(tmp_path / "cells/train/images/a.tif", RAW)
    write_stack(tmp_path / "cells/train/labels/a.tif", LABELS)

    with pytest.raises(DataError, match=r"a\.tif: must be one image; it is a stack .* axes ZYX\n.*set data.axis to z"):
        examples(tmp_path, {}, "train")
    with pytest.raises(DataError, match=r"a\.tif: must be a volume to take the slices \[0:2\]; .*\n.*set data.axis"):
        found(tmp_path, {"data.train": "train[0:2]"})


def test_containers_stand_beside_no_images(tmp_path):
    """Which of them is meant would be a guess; a container among the images is told where to go."""
    save(tmp_path / "cells/train/images/a.png", GREY)
    save(tmp_path / "cells/train/labels/a.png", GREY)
    write_hdf5(tmp_path / "cells/train/b.h5", ARRAYS)

    with pytest.raises(DataError, match=r"train: must hold either images and labels, or containers; .* b\.h5"):
        found(tmp_path, {})
    shutil.move(tmp_path / "cells/train/b.h5", tmp_path / "cells/train/images/b.h5")
    with pytest.raises(DataError, match=r"b\.h5: must be a png, tif or tiff file\n.*put it into .*train, with image"):
        found(tmp_path, {})


def test_two_containers_of_one_name_are_refused(tmp_path):
    """Their items would have one name."""
    write_hdf5(tmp_path / "cells/train/a.h5", ARRAYS)
    write_zarr(tmp_path / "cells/train/a.zarr", ARRAYS)

    with pytest.raises(DataError, match="train: must hold one item of the name a-z0000; it holds several"):
        found(tmp_path, {"data.axis": "z"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.train": "a.h5[3:2]"}, r"must take slices \[from:to\] with from < to; got \[3:2\]"),
        ({"data.axis": "w"}, "data.axis"),
        ({"data.axes": "zzyx"}, "must name each axis once"),
        ({"data.axes": "abc"}, "must name each axis once"),
        ({"data.axis": "t", "data.axes": "zyx"}, "must have the axis t among its axes; got zyx"),
    ],
)
def test_names_that_mean_nothing_are_refused_in_the_study(changes, message):
    """Before any file is looked for."""
    with pytest.raises(StudyError, match=message):
        canonical(changes)


def test_files_that_are_not_there_cost_no_import(tmp_path):
    """The command line, and a study of flat files, start without the libraries of containers."""
    save(tmp_path / "train/images/a.tif", GREY)
    save(tmp_path / "train/labels/a.tif", GREY)
    code = (
        "import sys; from pathlib import Path; from tunebook.tasks.promptable_segmentation import items\n"
        f"items.pairs(Path({str(tmp_path)!r}), 'train'); import tunebook.tasks.promptable_segmentation.description\n"
        "sys.exit(' '.join({'h5py', 'zarr', 'skimage', 'torch'} & set(sys.modules)) or 0)"
    )

    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (seen.returncode, seen.stderr.strip()) == (0, "")


# A run --------------------------------------------------------------------------------------------------


def test_a_study_of_a_volume_runs(tmp_path):
    """Trained on some slices of an HDF5 volume, calibrated on one, scored on others, the empty one included."""
    split = write_volume(tmp_path / "cells", "h5", RAW, LABELS)
    run = a_run(tmp_path, {**sliced(split), "crop": 32, "sampler.min_objects": 2, "augmentation.zoom": 0.2})

    outcome = work(a_job(run, tmp_path))

    folder = RunFolder.of(tmp_path, run)
    assert outcome.status == "finished", outcome.reason
    assert folder.predicted("test") == ("volume-z0004", "volume-z0005")
    assert [point.step for point in folder.read_curve()] == [1, 2]

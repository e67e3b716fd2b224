"""How a study of objects begins: on folders, on containers; what is read decides."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation import TASK
from tunebook.tasks.promptable_segmentation.beginning import start
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.items import every


def container(path: Path, *, shape: tuple[int, ...] = (32, 32), image: str = "raw", label: str = "labels") -> Path:
    """Noise, and a label with two objects in it."""
    ids = np.zeros(shape, np.uint16)
    ids[..., 2:6, 2:6], ids[..., 10:14, 10:14] = 1, 2
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file[image] = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
        file[label] = ids
    return path


def config_of(data: Path) -> Config:
    """The configuration that a beginning's base means, its dotted paths unfolded."""
    begun = start(data)
    assert begun is not None
    values: dict[str, dict[str, object]] = {}
    for path, value in begun.base.items():
        group, _, name = path.partition(".")
        if group == "data":
            values.setdefault("data", {})[name] = value
    return Config.model_validate(values)


def test_containers_of_splits_are_read_by_their_keys(tmp_path: Path):
    """train.h5, val.h5, test.h5 with keys of other names; the task reads what is written."""
    for split in ("train", "val", "test"):
        container(tmp_path / f"{split}.h5", image="volumes/image", label="volumes/gt")
    config = config_of(tmp_path)

    assert (config.data.image_key, config.data.label_key) == ("volumes/image", "volumes/gt")
    assert config.data.train == "train.h5"
    assert {split: len(items) for split, items in every(config, tmp_path).items()} == {"train": 1, "val": 1, "test": 1}


def test_one_volume_is_parted_along_its_slices(tmp_path: Path):
    """The first of them train, the last are reported; a file alone is enough."""
    volume = container(tmp_path / "em.h5", shape=(10, 32, 32))
    config = config_of(volume)

    assert (config.data.axis, config.data.train, config.data.test) == ("z", "em.h5[0:6]", "em.h5[8:]")
    assert {split: len(items) for split, items in every(config, tmp_path).items()} == {"train": 6, "val": 2, "test": 2}


def test_containers_without_names_of_splits_are_refused(tmp_path: Path):
    """What to do stands beside it."""
    for name in "abc":
        container(tmp_path / f"{name}.h5")
    with pytest.raises(DataError, match="for each of train, val and test; it has a, b, c"):
        start(tmp_path)


def test_a_container_without_labels_names_its_arrays(tmp_path: Path):
    """So that the right one can be renamed."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["other"] = np.zeros((8, 8)), np.zeros((8, 8))
    with pytest.raises(DataError, match="its arrays are other, raw"):
        start(tmp_path)


def test_classes_are_no_objects_and_that_is_said(tmp_path: Path):
    """A few values in many pieces each: it may begin, with less certainty, and asks to look."""
    label = np.zeros((24, 24), np.uint8)
    label[1::4, 1::4], label[3::4, 3::4] = 1, 2
    for number in range(6):
        for folder, pixels in (("images", label), ("labels", label)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    begun = start(tmp_path)

    assert begun is not None
    assert begun.certainty == 0.5
    assert begun.why["data.root"].startswith("LOOK: ")


def test_a_text_file_begins_nothing(tmp_path: Path):
    """Nor does an empty folder."""
    (tmp_path / "a.txt").write_text("a")

    assert TASK.start(tmp_path / "a.txt") is None
    assert TASK.start(tmp_path) is None

"""Which images a person means by a path."""

from pathlib import Path

import pytest

from tunebook.errors import DataError
from tunebook.images.listing import listed, table


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_files_below_a_folder_are_found_in_order(tmp_path: Path):
    """Of the suffixes, in any case of letters; hidden ones and those of hidden folders are not looked at."""
    touch(tmp_path, "b.PNG", "a/c.tif", ".d.png", ".e/f.png", "notes.txt")
    found = listed(tmp_path, (".png", ".tif"))

    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == ["a/c.tif", "b.PNG"]
    assert [found.named(path).as_posix() for path in found.paths] == ["a/c", "b"]
    assert found.told("PNG or TIFF") == ("1 passed over, which is no PNG or TIFF: notes.txt",)


def test_a_zarr_folder_is_one_image(tmp_path: Path):
    """What lies in it is not looked at; one may be named itself."""
    touch(tmp_path, "volume.zarr/raw/zarr.json", "volume.zarr/raw/c.png")

    assert listed(tmp_path, (".png", ".zarr")).paths == (tmp_path / "volume.zarr",)
    assert listed(tmp_path / "volume.zarr", (".zarr",)).paths == (tmp_path / "volume.zarr",)


def test_what_lies_there_on_purpose_is_not_told(tmp_path: Path):
    """A table of prompts; of many others the first few are named."""
    touch(tmp_path, "a.png", "points.csv", *(f"{letter}.txt" for letter in "pqrs"))
    found = listed(tmp_path, (".png",), beside=("points.csv",))

    assert found.told("PNG") == ("4 passed over, which are no PNG: p.txt, q.txt, r.txt, …",)


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    """The message says which it must be."""
    touch(tmp_path, "a.jpg")

    with pytest.raises(DataError, match="a.jpg: must be a png, tif file"):
        listed(tmp_path / "a.jpg", (".png", ".tif"))


def test_dots_in_names_are_kept(tmp_path: Path):
    """Only the suffix goes, so `a.0.png` and `a.1.png` are two images."""
    touch(tmp_path, "a.0.png", "a.1.png")
    found = listed(tmp_path, (".png",))

    assert [found.named(path).name for path in found.paths] == ["a.0", "a.1"]


def test_a_table_is_the_same_everywhere():
    """UTF-8 with one line end; commas in names are quoted."""
    assert table(["a", "b"], [["ä,", 1]]) == 'a,b\n"ä,",1\n'.encode()

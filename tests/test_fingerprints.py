"""Fingerprints of what files hold."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from tunebook import fingerprints
from tunebook.errors import DataError
from tunebook.fingerprints import FingerprintCache, Input, fingerprint, of_inputs

LONG_AGO = time.time() - 1000


@pytest.fixture
def cache(tmp_path: Path) -> FingerprintCache:
    """An empty cache."""
    return FingerprintCache(tmp_path / "cache" / "fingerprints.sqlite")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with two files that have been there for long."""
    root = tmp_path / "data"
    (root / "deep").mkdir(parents=True)
    (root / "a.txt").write_text("alpha")
    (root / "deep" / "b.txt").write_text("beta")
    age(root)
    return root


def age(root: Path) -> None:
    """Let files have been modified long ago; the time of their last change stays that of now."""
    for file in files(root):
        os.utime(file, (LONG_AGO, LONG_AGO))


def files(root: Path) -> list[Path]:
    """Every file below a folder."""
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file have been written a minute ago."""
    now = time.time
    monkeypatch.setattr("tunebook.fingerprints.time.time", lambda: now() + 60)


def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A list that grows by each file that is read."""
    read: list[Path] = []
    original = fingerprints._hash

    def reading(file: Path) -> tuple[str, str]:
        read.append(file)
        return original(file)

    monkeypatch.setattr(fingerprints, "_hash", reading)
    return read


def test_a_moved_folder_is_the_same(cache: FingerprintCache, data: Path) -> None:
    """Only names below the root and contents count."""
    before = fingerprint(data, files(data), cache=cache)
    moved = data.rename(data.with_name("elsewhere"))

    assert fingerprint(moved, reversed(files(moved)), cache=cache) == before
    assert len(before) == 64


def test_an_edited_file_is_another(cache: FingerprintCache, data: Path) -> None:
    """Same size, same modification time, other content."""
    before = fingerprint(data, files(data), cache=cache)
    (data / "a.txt").write_text("gamma")
    age(data)

    assert fingerprint(data, files(data), cache=cache) != before


def test_a_renamed_or_missing_file_is_another(cache: FingerprintCache, data: Path) -> None:
    """Names and the set of files are part of it."""
    whole = fingerprint(data, files(data), cache=cache)
    part = fingerprint(data, [data / "a.txt"], cache=cache)
    (data / "a.txt").rename(data / "c.txt")

    assert len({whole, part, fingerprint(data, files(data), cache=cache)}) == 3


@pytest.mark.usefixtures("later")
def test_a_known_file_is_not_read_again(cache: FingerprintCache, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Size, times and inode stand for the content."""
    first = fingerprint(data, files(data), cache=cache)
    read = hashed(monkeypatch)

    assert fingerprint(data, files(data), cache=cache) == first
    assert read == []


@pytest.mark.usefixtures("later")
def test_a_touched_file_alone_is_read_again(
    cache: FingerprintCache, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed time is reason enough to look."""
    first = fingerprint(data, files(data), cache=cache)
    os.utime(data / "a.txt")
    read = hashed(monkeypatch)

    assert fingerprint(data, files(data), cache=cache) == first
    assert read == [data / "a.txt"]


def test_a_file_written_just_now_is_not_trusted(
    cache: FingerprintCache, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It might change once more within the clock's granularity, so it is read each time."""
    fingerprint(data, files(data), cache=cache)
    read = hashed(monkeypatch)

    fingerprint(data, files(data), cache=cache)

    assert len(read) == 2


def test_unreadable_files_are_named_at_once(cache: FingerprintCache, data: Path) -> None:
    """Every file that is not there stands in the message."""
    with pytest.raises(DataError) as caught:
        fingerprint(data, [data / "x", data / "a.txt", data / "y"], cache=cache)

    assert [problem.place for problem in caught.value.problems] == [str(data / "x"), str(data / "y")]


def test_a_file_outside_of_the_folder_is_refused(cache: FingerprintCache, data: Path) -> None:
    """It would have no name that a moved folder keeps."""
    with pytest.raises(DataError, match="must lie below"):
        fingerprint(data / "deep", files(data), cache=cache)


def test_a_cache_that_is_something_else_is_named(cache: FingerprintCache, data: Path) -> None:
    """The message says that the file may go."""
    cache.path.parent.mkdir()
    cache.path.write_text("no database, and long enough to be taken for one" * 10)

    with pytest.raises(DataError, match="must be Tunebook's cache .*\n.*delete it"):
        fingerprint(data, files(data), cache=cache)


def test_a_renamed_weights_file_is_the_same_input(tmp_path):
    """Where names do not matter the fingerprint is that of the content, for one file its sha256."""
    cache = FingerprintCache(tmp_path / "cache.sqlite")
    first, second = tmp_path / "a.safetensors", tmp_path / "elsewhere" / "b.safetensors"
    second.parent.mkdir()
    for path in (first, second):
        path.write_bytes(b"tensors")
    found = [
        of_inputs([Input("weights", path.parent, (path,), named=False)], cache=cache)["weights"]
        for path in (first, second)
    ]

    assert found == [hashlib.sha256(b"tensors").hexdigest()] * 2
    assert of_inputs([Input("data", tmp_path, (first,))], cache=cache)["data"] not in found


@pytest.mark.usefixtures("later")
def test_a_cache_that_only_reads_writes_nothing(
    cache: FingerprintCache, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes what another one remembered, hashes the rest each time, and leaves the file as it is."""
    first = data / "a.txt"
    cache.hashes([first])
    before, read = cache.path.read_bytes(), hashed(monkeypatch)
    reading = FingerprintCache(cache.path, reading=True)

    assert reading.hashes(files(data)) == reading.hashes(files(data))
    assert [path.name for path in read] == ["b.txt", "b.txt"]
    assert cache.path.read_bytes() == before

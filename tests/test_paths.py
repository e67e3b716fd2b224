"""Where the paths of a study file lead."""

from pathlib import Path

import pytest

from tunebook.errors import InputError
from tunebook.folders import resolve


def test_paths_start_from_the_book(tmp_path: Path):
    """A variable within changes nothing of that; an absolute path is itself."""
    assert resolve("data/cells", tmp_path, place="data.root") == (tmp_path / "data" / "cells").resolve()
    assert resolve("/data", tmp_path, place="data.root") == Path("/data")


def test_a_variable_starts_from_where_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`export IMAGES=../images` means what it means to the shell; in the middle of a path it is a part of it."""
    here, book = tmp_path / "here", tmp_path / "book"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("IMAGES", "../images")

    assert resolve("${IMAGES}/cells", book, place="data.root") == (tmp_path / "images" / "cells").resolve()
    assert resolve("all/${IMAGES}", book, place="data.root") == (book / "images").resolve()

    monkeypatch.setenv("IMAGES", "/images")

    assert resolve("${IMAGES}/cells", book, place="data.root") == Path("/images/cells")


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With where it stands, and what to do."""
    monkeypatch.delenv("IMAGES", raising=False)

    with pytest.raises(InputError, match=r"data.root: \$\{IMAGES\} needs the environment variable IMAGES"):
        resolve("${IMAGES}", tmp_path, place="data.root")

"""Under which versions, on which machine."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tunebook.execute.provenance import git_state, provenance


def commit(folder: Path) -> None:
    """Make a folder a repository with one commit."""
    (folder / "book.yaml").write_text("a")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True)


def test_versions_device_threads_and_times_are_recorded(tmp_path: Path) -> None:
    """All text, times in UTC."""
    found = provenance("cpu", 2, book=tmp_path, started=datetime(2020, 1, 1, tzinfo=UTC))

    assert found["numpy"] == np.__version__
    assert (found["device"], found["threads"]) == ("cpu", "2")
    assert found["started"] == "2020-01-01T00:00:00+00:00"
    assert {"python", "torch", "host", "platform", "processor", "ended"} <= set(found)
    assert all(isinstance(value, str) for value in found.values())


def test_the_commit_of_the_book_is_recorded(tmp_path: Path) -> None:
    """With `dirty` once a tracked file has changed; new files, as runs are, do not count."""
    commit(tmp_path)
    clean = git_state(tmp_path)["git commit"]
    (tmp_path / "new").write_text("b")
    unchanged = git_state(tmp_path)["git commit"]
    (tmp_path / "book.yaml").write_text("b")

    assert len(clean) == 40
    assert unchanged == clean
    assert git_state(tmp_path)["git commit"] == f"{clean} dirty"


def test_a_book_outside_of_git_has_no_commit(tmp_path: Path) -> None:
    """There is no entry, rather than an empty one."""
    assert git_state(tmp_path) == {}

"""What all commands share: help, version, and how mistakes are said."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tunebook import __version__

COMMANDS = (
    "new",
    "look",
    "check",
    "run",
    "status",
    "page",
    "decide",
    "note",
    "audit",
    "compare",
    "export",
    "predict",
    "score",
    "prune",
    "pack",
    "schema",
    "simulate",
    "ledger",
)


@pytest.mark.parametrize("words", [["--help"], []])
def test_help_lists_every_command(tunebook, words):
    """With its first sentence; without words help is printed too."""
    said = tunebook(*words)

    lines = [line.split() for line in (said.out + said.err).partition("Commands:")[2].splitlines() if line.strip()]
    assert [line[0] for line in lines] == list(COMMANDS)
    assert all(len(line) > 3 for line in lines)


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), ["simulate", "cells"], ["ledger", "rebuild"]])
def test_every_command_explains_itself(tunebook, command):
    """`--help` of each says how it is called."""
    said = tunebook(*command, "--help")

    assert said.code == 0
    assert f"Usage: tunebook {' '.join(command)}" in said.out


def test_the_version_is_printed(tunebook):
    """Alone on its line."""
    assert tunebook("--version").out == f"{__version__}\n"


def test_the_package_is_a_program():
    """`python -m tunebook` is the same as `tunebook`."""
    done = subprocess.run(
        [sys.executable, "-m", "tunebook", "--version"], capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stdout == f"{__version__}\n"


@pytest.mark.parametrize("words", [["run"], ["nothing"], ["run", ".", "--retry", "all"], ["simulate", "cells"]])
def test_wrong_words_are_refused(tunebook, words):
    """With exit code 2 and how it is called."""
    said = tunebook(*words)

    assert said.code == 2
    assert "Usage: tunebook" in said.err


def test_what_is_no_book_is_refused(tunebook, tmp_path: Path):
    """Exit code 2, the number of problems, the place, and the way out."""
    said = tunebook("run", tmp_path / "gone")

    assert said.code == 2
    assert said.err.splitlines() == [
        "1 problem:",
        f"  {tmp_path / 'gone'}: must be a book's folder or a study file (NAME.study.yaml); there is none",
        "    tunebook run BOOK, or tunebook run BOOK/NAME.study.yaml",
    ]


def test_a_file_that_cannot_be_used_is_named(tunebook, tmp_path: Path):
    """What the operating system refuses is said with its place, not with a traceback."""
    (tmp_path / "a.study.yaml").write_text("task: x\n")
    (tmp_path / ".lock").mkdir()
    said = tunebook("ledger", "rebuild", tmp_path)

    assert said.code == 2
    assert f"{tmp_path / '.lock'}: must be a file or a folder that can be used; got Is a directory" in said.err

"""The documentation: builds as a site without a warning, and what is generated in it is as the code is."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tunebook.analyse.audit.codes import CODES

ROOT = Path(__file__).resolve().parents[2]


def _script(name):
    """A program of scripts/, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = _script("reference")


@pytest.mark.parametrize("page", sorted(REFERENCE.PAGES))
def test_the_reference_is_current(page):
    """The tables of docs/reference are those that `make docs` writes."""
    assert REFERENCE.current(page) == REFERENCE.PAGES[page]()


def test_every_command_has_its_help_in_the_reference():
    """Each command of the program is a section of the reference, with a sentence that says what it does."""
    text = REFERENCE.commands()
    listed = subprocess.run(
        [sys.executable, "-m", "tunebook", "--help"], capture_output=True, text=True, check=True
    ).stdout.split("Commands:")[1]
    names = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]

    assert len(names) > 10
    assert [name for name in names if f"## {name}" not in text] == []


def test_every_option_is_explained():
    """No argument or option of a command is without its meaning."""
    silent = [line for line in REFERENCE.commands().splitlines() if line.startswith("| ") and line.endswith("|  |")]

    assert silent == []


def test_the_site_builds_without_a_warning(tmp_path):
    """Every page is in the navigation, and every link and anchor leads somewhere."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "tutorial.html").exists()


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_finding_has_a_page(code):
    """Under its code and name, with the meaning that a page shows for it, and listed among the others."""
    page = (ROOT / "docs" / "findings" / f"{code}.md").read_text()

    assert page.startswith(f"# {code} {CODES[code].name}\n")
    assert CODES[code].meaning in " ".join(page.split())
    assert f"| [{code}](findings/{code}.md) | {CODES[code].name} |" in (ROOT / "docs" / "findings.md").read_text()


def test_no_page_of_a_finding_is_left_over():
    """Every page of docs/findings belongs to a code that there is."""
    assert {path.stem for path in (ROOT / "docs" / "findings").glob("*.md")} == set(CODES)

"""The commands in the documentation, run page by page on small data: a page whose commands fail misleads."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tunebook.folders import lock

DOCS = Path(__file__).resolve().parents[2] / "docs"
FENCE = re.compile(r"^```(?P<kind>\w+)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 240


@dataclass(frozen=True)
class Step:
    """A file to write, or commands to run."""

    text: str
    file: str = ""


def steps(page: str) -> list[Step]:
    """What a reader does who follows a page from its top: files with a title are written, `sh` is run."""
    found = [Step(fence["text"], fence["file"] or "") for fence in FENCE.finditer(page) if _done(fence)]
    return found if any(not step.file for step in found) else []


def _done(fence: re.Match[str]) -> bool:
    return fence["kind"] == "sh" or bool(fence["file"])


PAGES = {
    path.relative_to(DOCS).as_posix(): found
    for path in sorted(DOCS.rglob("*.md"))
    if (found := steps(path.read_text()))
}
BOOKS = {"birds": "embedding.md", "ink": "masks.md", "tutorial": "tutorial.md"}
"""Book -> the page that makes it; other pages go on from it."""


def follow(page: str, folder: Path) -> None:
    """Do what a page says in a folder; it has to work."""
    variables = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
    }
    for step in PAGES[page]:
        if step.file:
            target = folder / step.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text)
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step.text],
            cwd=folder, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip

        assert done.returncode == 0, f"{page}:\n{step.text}\n{done.stdout}\n{done.stderr}"


def needed(page: str) -> list[str]:
    """The pages whose books a page goes on from."""
    words = "".join(step.text for step in PAGES[page])
    return [maker for book, maker in BOOKS.items() if maker != page and re.search(rf"\b{book}\b", words)]


def made(page: str, shared: Path) -> Path:
    """A folder in which a page was followed, once for all workers of a test run."""
    folder = shared / page
    with lock(shared / f"{page}.lock", wait=SECONDS):
        if not (folder / "followed").exists():
            folder.mkdir(parents=True)  # a second try of a page that failed ends here
            follow(page, folder)
            (folder / "followed").touch()
    return folder


@pytest.mark.docs
@pytest.mark.timeout(2 * SECONDS)
@pytest.mark.parametrize("page", [*BOOKS.values(), *sorted(set(PAGES) - set(BOOKS.values()))])
def test_what_a_page_says_can_be_done(page, tmp_path, tmp_path_factory, worker_id):
    """Whoever follows a page of the documentation gets through without an error."""
    own = tmp_path_factory.getbasetemp()
    shared = (own if worker_id == "master" else own.parent) / "followed"
    if page in BOOKS.values():
        made(page, shared)
        return
    for maker in needed(page):
        shutil.copytree(made(maker, shared), tmp_path, dirs_exist_ok=True)
    follow(page, tmp_path)


def test_commands_and_files_are_found():
    """Commands are those in `sh`; a file has its path as title; what is only shown is neither."""
    page = '```sh\nls\n```\n\n```yaml title="a/b.yaml"\nx: 1\n```\n\n```yaml\ny: 2\n```\n\n```text\nrm\n```\n'

    assert steps(page) == [Step("ls\n"), Step("x: 1\n", "a/b.yaml")]


def test_a_page_without_commands_is_none():
    """A page that only shows files has nothing to run."""
    assert steps('```yaml title="a.yaml"\nx: 1\n```\n') == []


def test_there_are_pages_with_commands():
    """The tutorial is among the pages that are run: an expression that finds nothing would pass everything."""
    assert "tutorial.md" in PAGES

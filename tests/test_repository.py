"""The repository keeps its own promises: its words, its links, its commands, its tests."""

import ast
import hashlib
import re
import subprocess
import tomllib
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parent.parent

# Written in two parts, so that this file does not hold what it looks for.
FOREIGN = [
    "/work" + "/",
    "/root" + "/",
    "/home" + "/",
    "/tmp/" + "plan",
    "sub" + "agent",
    "helper" + " agent",
    "DEVELOPERS" + ".md",
    "issues" + " show",
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


@cache
def files(suffix: str = "") -> tuple[Path, ...]:
    """Every file of the checkout that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = (ROOT / name for name in sorted(set(listed.split("\0"))) if name.endswith(suffix) and name)
    return tuple(file for file in found if file.is_file())


def anchor(heading: str) -> str:
    """The fragment that a Markdown heading gets: lower case, words joined by hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def broken_links(page: Path) -> list[str]:
    """Relative links of a Markdown page that lead nowhere."""
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        exists = target.exists()
        if exists and fragment and target.suffix == ".md":
            exists = fragment in map(anchor, HEADING.findall(target.read_text()))
        if not exists:
            broken.append(link)
    return broken


def test_the_repository_speaks_of_tunebook_alone():
    """No file names a folder of somebody's machine or the tools around the repository."""
    found = []
    for file in files():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue  # an image or weights
        found += [f"{file.relative_to(ROOT)}: {word}" for word in FOREIGN if word in text]

    assert not found


def test_every_link_leads_somewhere():
    """Relative links and fragments of all Markdown files resolve."""
    golden = ROOT / "tests" / "report" / "golden"  # pages without their pictures
    pages = [page for page in files(".md") if golden not in page.parents]
    broken = {str(page.relative_to(ROOT)): links for page in pages if (links := broken_links(page))}

    assert not broken


def test_a_broken_link_is_found(tmp_path: Path):
    """The check of links can fail, for files and for headings."""
    page = tmp_path / "page.md"
    page.write_text("# One two\n[a](page.md#one-two) [b](gone.md) [c](#three) `[d](code.md)` [e](https://x.org)\n")

    assert broken_links(page) == ["gone.md", "#three"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_commands_of_a_page_are_in_the_makefile(page: str):
    """A reader who types `make …` finds the target."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(CODE.findall((ROOT / page).read_text()))))

    assert named, f"{page} names no command"
    assert named <= targets


def test_the_readme_opens_with_the_two_commands():
    """What a newcomer types stands on the first screen."""
    screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])

    assert "make demo" in screen
    assert "make test" in screen


def test_every_decision_is_listed():
    """docs/adr/README.md links each decision, in order, under its title."""
    pages = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    titles = [(page.read_text().splitlines()[0].removeprefix("# "), page.name) for page in pages]
    listed = re.findall(r"\[([^\]]+)\]\((\d+[^)]+)\)", (ROOT / "docs" / "adr" / "README.md").read_text())

    assert listed == titles


def test_every_test_states_what_it_tests():
    """A test is a sentence of the specification, and its docstring is that sentence."""
    silent = []
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node):
                silent.append(f"{file.relative_to(ROOT)}: {node.name}")

    assert not silent


def test_constraints_are_versions_alone():
    """Pins name no host and no local build, and there is one for each direct dependency."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[^\w.-]", each)[0].lower().replace("_", "-").replace(".", "-") for each in direct}

    assert all(re.fullmatch(r"[a-z0-9-]+==[a-z0-9.]+", line) for line in lines)
    assert names <= {line.partition("==")[0] for line in lines}


def test_the_wheel_holds_the_files_that_are_no_modules(tmp_path: Path):
    """Templates, shipped weights and the marker of types travel with the package."""
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("tunebook/")}
    source = {str(file.relative_to(ROOT / "src")) for file in files() if file.is_relative_to(ROOT / "src")}

    assert "tunebook/py.typed" in packed
    assert packed >= source


def test_the_shipped_weights_are_those_of_their_page():
    """Size and sha256 of docs/tunebook-small.md are those of the file."""
    page = (ROOT / "docs" / "tunebook-small.md").read_text()
    content = (ROOT / "src/tunebook/tasks/promptable_segmentation/shipped/tunebook-small.safetensors").read_bytes()

    assert f"| {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |" in page


def test_the_layers_of_the_page_are_those_that_are_checked():
    """ARCHITECTURE.md shows the layers of the import contract, highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")

    assert "```text\n" + "\n".join(layers) + "\n```" in (ROOT / "ARCHITECTURE.md").read_text()

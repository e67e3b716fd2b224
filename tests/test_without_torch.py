"""The engine, the descriptions of tasks and the command line start without torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "tunebook"

IMPORT_ALL = """
import importlib, sys
from importlib.metadata import entry_points
for name in sys.argv[1:]:
    importlib.import_module(name)
for point in entry_points(group="tunebook.tasks"):
    point.load()
found = sorted({"torch", "transformers", "peft"} & set(sys.modules))
sys.exit(f"imported: {', '.join(found)}" if found else 0)
"""

HELP = """
import sys
for name in ("torch", "transformers", "peft"):
    sys.modules[name] = None
from tunebook.cli import app
sys.argv = ["tunebook", "--help"]
app()
"""


def run(code: str, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python code in a fresh process."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def modules_without_torch() -> list[str]:
    """Dotted names of every module outside train and tasks."""
    files = [file.relative_to(PACKAGE.parent) for file in sorted(PACKAGE.rglob("*.py"))]
    names = [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]
    return [name for name in names if name.split(".")[1:2] not in (["train"], ["tasks"], ["__main__"])]


def test_the_engine_and_the_task_descriptions_import_no_torch():
    """Importing everything outside train and tasks, and loading every task's entry point, leaves torch out."""
    found = run(IMPORT_ALL, *modules_without_torch())

    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("library", ["torch", "transformers", "peft"])
def test_the_check_sees_an_import(library: str, tmp_path: Path):
    """The check above can fail: a module that imports the library is found out."""
    (tmp_path / f"{library}.py").write_text("")
    (tmp_path / "planted_import.py").write_text(f"import {library}\n")

    found = run(IMPORT_ALL, "planted_import", path=str(tmp_path))

    assert found.returncode == 1
    assert f"imported: {library}" in found.stderr


def test_help_needs_no_torch():
    """`tunebook --help` works where torch cannot be imported."""
    found = run(HELP)

    assert found.returncode == 0, found.stderr
    assert "Usage: tunebook" in found.stdout


LOOKED = """
import sys
import tunebook.book
import tunebook.study
tunebook.study.watch
heavy = {"tunebook.analyse", "tunebook.report", "tunebook.execute.processes", "sqlalchemy.orm", "PIL", "scipy"}
found = sorted(heavy & set(sys.modules))
sys.exit(f"imported: {', '.join(found)}" if found else 0)
"""


def test_looking_at_a_book_imports_no_analysis_and_no_page():
    """`tunebook status` is answered at once: what judges, draws and runs is imported where it is used."""
    found = run(LOOKED)

    assert found.returncode == 0, found.stderr


def test_every_name_of_the_conductor_is_found_in_its_module():
    """Names that are imported when they are first asked for are those that it promises."""
    from tunebook import study

    assert {name for names in study._HOMES.values() for name in names} == set(study.__all__)
    assert all(getattr(study, name) is not None for name in study.__all__)
    with pytest.raises(AttributeError, match="module tunebook.study has no attribute nothing"):
        assert study.nothing

"""The import contracts hold, and each of them can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FAULTS = {
    "a lower layer imports a higher one": ("records.py", "import tunebook.folders", "Imports point downwards"),
    "two rooms of one layer meet": ("search/planted.py", "import tunebook.ledger", "Imports point downwards"),
    "a new module has no layer": ("planted.py", "", "Imports point downwards"),
    "the engine imports torch": ("execute/planted.py", "import torch", "torch only in train and tasks"),
    "the engine reaches torch": ("study.py", "import tunebook.train.planted", "torch only in train and tasks"),
    "a page reads the ledger": ("report/planted.py", "import tunebook.ledger", "analyse and report see tables alone"),
    "an import names a task": ("book.py", "import tunebook.tasks", "Nobody imports tasks"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on the package below a folder."""
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    config = str(ROOT / "pyproject.toml")
    return subprocess.run(
        [sys.executable, "-c", code, "--config", config, "--no-cache", "--no-logo"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "COLUMNS": "200", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_hold():
    """Imports point downwards, torch stays in its rooms, pages see tables alone, tasks enter by name."""
    found = lint(ROOT)

    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_breaks_its_contract(fault: str, tmp_path: Path):
    """Each contract names itself as broken when an import goes against it."""
    file, line, contract = FAULTS[fault]
    package = tmp_path / "src" / "tunebook"
    shutil.copytree(ROOT / "src" / "tunebook", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "train" / "planted.py").write_text("import torch\n")
    with (package / file).open("a") as module:
        module.write(f"\n{line}\n")

    found = lint(tmp_path)

    assert found.returncode == 1, found.stdout + found.stderr
    assert f"{contract} BROKEN" in found.stdout

"""The wheel, installed in an environment of its own without extras."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of programs of a new environment with the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"]))
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [folder / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    pinned = ["-c", ROOT / "constraints.txt"]
    subprocess.run([*pip, *pinned, "torch"], check=True)
    subprocess.run([*pip, *pinned, wheel], check=True)
    yield folder / "venv/bin"
    shutil.rmtree(folder)


def said(installed: Path, *words: str | Path, cwd: Path) -> str:
    """What the installed command prints; it has to end well."""
    done = subprocess.run([installed / "tunebook", *words], cwd=cwd, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_brings_no_extra(installed: Path):
    """What only developers and extras need is not there."""
    names = ["monai", "onnx", "onnxruntime", "pytest", "transformers", "mkdocs"]
    look = f"from importlib.util import find_spec; print([name for name in {names} if find_spec(name)])"

    found = subprocess.run([installed / "python", "-c", look], capture_output=True, text=True, check=True).stdout

    assert found.strip() == "[]"


def test_help_is_there(installed: Path, tmp_path: Path):
    """The first thing that anybody asks for."""
    assert "Hyperparameter studies" in said(installed, "--help", cwd=tmp_path)


def test_a_new_book_is_accepted(installed: Path, tmp_path: Path):
    """`new` and `check` need nothing but the wheel."""
    said(installed, "simulate", "scans", "--out", "scans", "--size", "64", cwd=tmp_path)
    said(installed, "new", "book", "--data", "scans", cwd=tmp_path)

    assert "new" in said(installed, "check", "book", cwd=tmp_path)


def test_the_example_of_an_own_program_runs(installed: Path, tmp_path: Path):
    """From the example's files to its page."""
    shutil.copytree(
        ROOT / "examples/own-script", tmp_path / "own", ignore=shutil.ignore_patterns("runs", "ledger*", ".")
    )
    said(installed, "run", "own", cwd=tmp_path)

    assert list((tmp_path / "own/pages").glob("*.html"))

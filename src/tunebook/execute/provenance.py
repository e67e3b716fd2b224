"""Under which versions, on which machine and device a run happened."""

import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tunebook.records import Run
from tunebook.spec.program_files import distributions
from tunebook.spec.programs import TASK, Program

PACKAGES = ("tunebook", "numpy", "torch", "transformers", "peft", "scipy", "scikit-image")
GIT_SECONDS = 5.0


def provenance(device: str, threads: int, *, book: Path, started: datetime, run: Run | None = None) -> dict[str, str]:
    """Versions, machine, device, threads, git commit of the book, start and end; the end is the moment of the call.

    Packages that are not installed, and the commit of a book outside of git, have no entry.

    Args:
        device: `cpu`, `cuda:0`; a GPU's name is given when torch is imported already.
        book: The book's folder.
        started: With a time zone.
        run: What was run. Of an own program, the packages are those that its files import.
    """
    return {
        **_machine(_packages(run, book)),
        **_device(device),
        "threads": str(threads),
        **git_state(book),
        "started": started.astimezone(UTC).isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def git_state(folder: Path) -> Mapping[str, str]:
    """`git commit` of the repository that holds a folder, ending in ` dirty` when tracked files differ from it."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return {}
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"git commit": commit if changed == "" else f"{commit} dirty"}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):  # no git, or a share too slow to ask
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _packages(run: Run | None, book: Path) -> tuple[str, ...]:
    if run is None or run.task != TASK:
        return PACKAGES
    return (PACKAGES[0], *distributions(Program.of(run.configuration.values), book))


@cache
def _machine(packages: tuple[str, ...]) -> Mapping[str, str]:
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {**found, "platform": platform.platform(), "processor": _processor(), "host": platform.node()}


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _device(device: str) -> Mapping[str, str]:
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and torch is not None and torch.cuda.is_available():
        return {"device": device, "device name": torch.cuda.get_device_name(device)}
    return {"device": device}

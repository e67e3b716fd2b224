"""What all tests share: shapes are checked while testing, nothing is fetched, real data are asked for by name."""

import os
from pathlib import Path

import hypothesis
import jaxtyping
import pytest

# Before numpy, torch or matplotlib are imported by anything: one thread per process, no window, no network.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Array shapes in signatures are enforced in every test; in production they cost nothing.
# As for mypy, an int is a float.
SHAPED = ("tunebook.tasks", "tunebook.train")
CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
jaxtyping.install_import_hook(SHAPED, CHECKER)

hypothesis.settings.register_profile("tunebook", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.load_profile("tunebook")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs the real images where there are none."""
    if item.get_closest_marker("data"):
        _data_root()


@pytest.fixture
def toy_task(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The task `toy` of toy_study.py is installed; the folder that a PYTHONPATH needs for it, beside tests/."""
    import toy_study  # not before the shapes of what it imports are checked

    folder = tmp_path_factory.mktemp("installed")
    toy_study.install(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # no test pulls the plug, and disks of test machines are slow
    return folder


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the real images; tests that ask for it are skipped without it."""
    return _data_root()


def _data_root() -> Path:
    if "TUNEBOOK_DATA" not in os.environ:
        pytest.skip("TUNEBOOK_DATA is not set: export TUNEBOOK_DATA=<folder with dsb2018_nuclei and the others>")
    root = Path(os.environ["TUNEBOOK_DATA"]).resolve()
    assert root.is_dir(), f"TUNEBOOK_DATA must be a folder; got {root}"
    return root

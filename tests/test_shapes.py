"""The guard that shapes in signatures are enforced while testing."""

import sys
from pathlib import Path

import pytest
from jaxtyping import TypeCheckError, install_import_hook

import tunebook.tasks.promptable_segmentation
import tunebook.train

SHAPED = """
import numpy as np
from jaxtyping import Float

def first(batch: Float[np.ndarray, "batch width"]) -> Float[np.ndarray, " width"]:
    return batch[0]
"""


@pytest.mark.parametrize("package", [tunebook.train, tunebook.tasks.promptable_segmentation], ids=lambda p: p.__name__)
def test_the_import_hook_loaded_the_packages_with_arrays(package):
    """Both packages with torch code are loaded by jaxtyping, which adds the checks."""
    loader = type(package.__spec__.loader)

    assert loader.__module__.startswith("jaxtyping"), f"{package.__name__} was imported before the hook stood"


def test_a_wrong_shape_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The hook that conftest installs turns a wrong number of axes into an error."""
    np = pytest.importorskip("numpy")
    (tmp_path / "planted_shapes.py").write_text(SHAPED)
    monkeypatch.syspath_prepend(tmp_path)
    with install_import_hook("planted_shapes", "beartype.beartype"):
        import planted_shapes  # noqa: PLC0415  # exists only here
    monkeypatch.delitem(sys.modules, "planted_shapes")

    assert planted_shapes.first(np.zeros((2, 3))).shape == (3,)
    with pytest.raises(TypeCheckError):
        planted_shapes.first(np.zeros(3))

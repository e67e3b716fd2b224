"""The guard that shapes in signatures are enforced while testing."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import tunebook.tasks.promptable_segmentation
import tunebook.train

SHAPED = """
import numpy as np
from jaxtyping import Float

def first(batch: Float[np.ndarray, "batch width"], scale: float) -> Float[np.ndarray, " width"]:
    return batch[0] * scale
"""


@pytest.mark.parametrize("package", [tunebook.train, tunebook.tasks.promptable_segmentation], ids=lambda p: p.__name__)
def test_the_import_hook_loaded_the_packages_with_arrays(package):
    """Both packages with torch code are loaded by jaxtyping, which adds the checks."""
    loader = type(package.__spec__.loader)

    assert loader.__module__.startswith("jaxtyping"), f"{package.__name__} was imported before the hook stood"


def test_a_wrong_shape_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module of these packages, loaded while testing, refuses an array with a wrong number of axes."""
    (tmp_path / "planted_shapes.py").write_text(SHAPED)
    monkeypatch.setattr(tunebook.train, "__path__", [*tunebook.train.__path__, str(tmp_path)])
    planted = importlib.import_module("tunebook.train.planted_shapes")
    monkeypatch.delitem(sys.modules, "tunebook.train.planted_shapes")
    monkeypatch.delattr(tunebook.train, "planted_shapes")

    assert planted.first(np.zeros((2, 3)), scale=2).shape == (3,)
    with pytest.raises(TypeCheckError):
        planted.first(np.zeros(3), scale=2)

"""A trained network as files for other programs."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest
from trained_networks import CHOSEN, LEVEL, drawn_run, scan

from tunebook.errors import DataError, InputError
from tunebook.images import pixels
from tunebook.tasks.binary_segmentation import exporting, scans
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.stitching import enlarged
from tunebook.tasks.binary_segmentation.trained import answering

ALONE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tunebook", "jaxtyping", "PIL", "skimage", "scipy"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import numpy as np
from load_unet import load
network = load("weights.safetensors", "config.json")
print(network.mask(np.arange(40 * 52, dtype=np.uint8).reshape(40, 52)).shape)
"""


def loader(folder: Path) -> ModuleType:
    """The exported module, as its user imports it."""
    spec = importlib.util.spec_from_file_location("exported_loader", folder / "load_unet.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"data__blend": "linear", "model__depth": 3, "model__width": 12},
        {"data__blend": "uniform", "data__overlap": 0, "data__normalize": "minmax"},
        {"data__image_size": 30, "data__normalize": "percentile", "data__tile": 18},
    ],
)
def test_the_loader_gives_what_predict_gives(tmp_path: Path, changes: dict[str, object]):
    """Probabilities and masks of a scan, bit for bit, whatever its tiles, normalisation and size."""
    run, context = drawn_run(tmp_path, **changes)
    (tmp_path / "to").mkdir()
    exporting.weights(run, context, CHOSEN, to=tmp_path / "to")
    network = loader(tmp_path / "to").load(tmp_path / "to/weights.safetensors", tmp_path / "to/config.json")
    config = Config.model_validate(run.configuration.values)
    for at, shape in enumerate(((40, 52, 3), (41, 23))):
        image = scan(at, shape)
        pixels_of = scans._eight_bits(pixels.scaled(image, config.data.normalize))
        small = scans._reduced_image(pixels_of, config.data.image_size)
        wanted = enlarged(answering(config, context)(small), (shape[0], shape[1]))

        np.testing.assert_array_equal(network.probability(image), wanted)
        np.testing.assert_array_equal(network.mask(image), wanted >= LEVEL)


def test_the_loader_needs_torch_and_safetensors_alone(tmp_path: Path):
    """Neither Tunebook nor what it needs besides."""
    run, context = drawn_run(tmp_path)
    exporting.weights(run, context, CHOSEN, to=tmp_path)
    said = subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "(40, 52)"


def test_a_network_of_monai_is_built_again(tmp_path: Path):
    """Its tensors fit, and it answers."""
    pytest.importorskip("monai")
    run, context = drawn_run(tmp_path, model__family="segresnet")
    said = exporting.weights(run, context, CHOSEN, to=tmp_path)
    network = loader(tmp_path).load(tmp_path / "weights.safetensors", tmp_path / "config.json")

    assert network.probability(scan(0)).shape == (40, 52)
    assert said[1].endswith("safetensors, and monai")


@pytest.mark.parametrize(("tile", "depth"), [(16, 2), (18, 3)])
def test_onnx_gives_the_networks_probabilities(tmp_path: Path, tile: int, depth: int):
    """On tiles that can be halved and on others, for any number of them; the file says what it is."""
    run, context = drawn_run(tmp_path, data__tile=tile, model__depth=depth)
    said = exporting.onnx(run, context, CHOSEN, to=tmp_path)
    exporting.weights(run, context, CHOSEN, to=tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    network = loader(tmp_path).load(tmp_path / "weights.safetensors", tmp_path / "config.json")
    tiles = scan(5, (3, tile, tile, 3))
    (found,) = session.run(["probability"], {"images": tiles})
    facts = session.get_modelmeta().custom_metadata_map

    np.testing.assert_allclose(found, 1 / (1 + np.exp(-network.logits(tiles))), atol=1e-5)
    assert found.shape == (3, tile, tile)
    assert found.std() > 0.01
    assert json.loads(facts["threshold"])["level"] == LEVEL
    assert said[0].startswith(f"network.onnx holds a unet: tiles of {tile} × {tile} pixels -> probabilities")


def test_equal_networks_give_equal_bytes(tmp_path: Path):
    """Nothing of the moment or the place is in the files."""
    written = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        run, context = drawn_run(tmp_path / name)
        exporting.onnx(run, context, CHOSEN, to=tmp_path / name)
        exporting.weights(run, context, CHOSEN, to=tmp_path / name)
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})

    assert written[0] == written[1]
    assert "README.md" in written[0]


@pytest.mark.parametrize("form", ["weights", "onnx"])
def test_a_baseline_has_no_weights(tmp_path: Path, form: str):
    """What cannot be exported is refused with the way out."""
    run, context = drawn_run(tmp_path, model__family="otsu", facts={"bright": "1.0"})

    with pytest.raises(DataError, match="must be of a run that trained a network; otsu is a baseline\n.*predict"):
        getattr(exporting, form)(run, context, CHOSEN, to=tmp_path)


def test_onnx_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The core installs without onnx; the message says how to add it."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    run, context = drawn_run(tmp_path)

    with pytest.raises(InputError, match=r"needs onnx; it is not installed\n    pip install tunebook\[onnx\]"):
        exporting.onnx(run, context, CHOSEN, to=tmp_path)

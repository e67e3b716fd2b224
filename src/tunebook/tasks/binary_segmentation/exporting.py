"""A trained network for use elsewhere: safetensors with a loader that needs torch alone, or ONNX."""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from tunebook import __version__
from tunebook.errors import DataError, Problem
from tunebook.folders import write_atomically
from tunebook.records import Run, Settings
from tunebook.task import Context
from tunebook.tasks.binary_segmentation import onnx_files
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.counts import level_of
from tunebook.tasks.binary_segmentation.effects import is_learned
from tunebook.tasks.binary_segmentation.metrics import THRESHOLD
from tunebook.tasks.binary_segmentation.trained import network, threshold_of
from tunebook.train import checkpoints

WEIGHTS, FACTS, LOADER, ONNX, README = "weights.safetensors", "config.json", "load_unet.py", "network.onnx", "README.md"

USE_WEIGHTS = """## Use

```python
from load_unet import load

network = load("weights.safetensors", "config.json")
mask = network.mask(image)  # bool (h, w); image (h, w) or (h, w, 3), in its own values
probability = network.probability(image)  # uint8 (h, w), in 255ths
```

`config.json` says how a scan is normalised, reduced and cut into tiles, and from which probability on a pixel is
foreground. Masks and probabilities are those of `tunebook predict`.
"""
USE_ONNX = """## Use

```python
import onnxruntime

session = onnxruntime.InferenceSession("network.onnx")
(probability,) = session.run(["probability"], {{"images": tiles}})  # uint8 (n, h, w, 3) -> float32 (n, h, w)
```

`images` are tiles of {tile} × {tile} pixels in RGB, 0 to 255, of a scan that was normalised as a whole (`normalize` of
`config.json`) and reduced (`image_size`); tiles overlap by {overlap} pixels. A pixel is foreground from a probability
of {threshold:.6g} on. The probabilities are those of the run to 1e-5.
"""


def weights(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Write `weights.safetensors`, `config.json`, and `load_unet.py`, which applies them.

    Raises:
        DataError: when the run is a baseline, or its checkpoint cannot be read.
    """
    config = _learned(run)
    made = network(config, context)
    facts = _facts(run, config, settings)
    checkpoints.save(to / WEIGHTS, made.state_dict(), {"run": run.id, "model": json.dumps(facts["model"])})
    _write_facts(to, facts)
    write_atomically(to / LOADER, resources.files(__package__).joinpath(LOADER).read_bytes())
    write_atomically(to / README, USE_WEIGHTS.encode())
    numbers = sum(tensor.numel() for tensor in made.parameters())
    needed = "torch, numpy and safetensors" + ("" if config.model.family == "unet" else ", and monai")
    return (
        f"{WEIGHTS} holds a {config.model.family} of {numbers:,} parameters, {FACTS} how scans are shown to it",
        f"{LOADER} applies it; it needs {needed}",
    )


def onnx(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Write `network.onnx`: tiles -> probabilities, and `config.json`.

    Raises:
        DataError: as `weights`, and for a network of MONAI's.
        InputError: when onnx is not installed.
    """
    config = _learned(run)
    if config.model.family != "unet":
        message = f"must be of a unet; {config.model.family} is MONAI's"
        raise DataError(Problem("--format onnx", message, "--format weights writes it"))
    facts = _facts(run, config, settings)
    made = network(config, context)
    texts = {name: text if isinstance(text, str) else json.dumps(text) for name, text in facts.items()}
    write_atomically(to / ONNX, onnx_files.model(made.state_dict(), config, texts))
    _write_facts(to, facts)
    data, threshold = config.data, threshold_of(settings)
    write_atomically(to / README, USE_ONNX.format(tile=data.tile, overlap=data.overlap, threshold=threshold).encode())
    return (f"{ONNX} holds a unet: tiles of {data.tile} × {data.tile} pixels -> probabilities; {FACTS} says the rest",)


def _learned(run: Run) -> Config:
    config = Config.model_validate(run.configuration.values)
    if not is_learned(config):
        message = f"must be of a run that trained a network; {config.model.family} is a baseline"
        raise DataError(Problem("--format", message, "tunebook predict applies it"))
    return config


def _facts(run: Run, config: Config, settings: Mapping[str, Settings]) -> dict[str, Any]:
    data, chosen = config.data, settings[THRESHOLD]
    return {
        "format": "tunebook network 1",
        "model": config.model.model_dump(include={"family", "width", "depth", "dropout"}),
        "normalize": data.normalize,
        "channel": data.channel,
        "image_size": data.image_size,
        "tile": data.tile,
        "overlap": data.overlap,
        "blend": data.blend,
        "threshold": {
            "value": threshold_of(settings),
            "level": level_of(threshold_of(settings)),
            "chosen": f"on {chosen.split} by {chosen.metric}",
        },
        "run": run.id,
        "seed": run.replicate.get("seed"),
        "task": f"{run.task} {run.version}",
        "tunebook": __version__,
    }


def _write_facts(to: Path, facts: Mapping[str, Any]) -> None:
    write_atomically(to / FACTS, f"{json.dumps(facts, indent=2, ensure_ascii=False)}\n".encode())

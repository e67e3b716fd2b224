"""A trained model for use elsewhere: under segment-anything's names, or what was trained of it alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from tunebook import __version__
from tunebook.errors import DataError, Problem
from tunebook.folders import write_atomically
from tunebook.records import Run, Settings
from tunebook.task import Context
from tunebook.tasks.promptable_segmentation import using
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.description import effective
from tunebook.tasks.promptable_segmentation.sam import SIZES
from tunebook.tasks.promptable_segmentation.sam.weights import automatic_decoder, segment_anything
from tunebook.tasks.promptable_segmentation.starting import base_of, finds_all, finished_model
from tunebook.train import adapters, checkpoints

MODEL, STATE, WITH_DECODER = "model.safetensors", "model.pth", "model_with_decoder.pt"
TRAINED, FACTS, README = "adapter.safetensors", "adapter.json", "README.md"


def sam(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Write the model with its adapter merged, under the names of segment-anything's checkpoints.

    `model.safetensors` and `model.pth` hold the same; `model_with_decoder.pt` the automatic decoder too, as micro-sam
    keeps both. The .pth and .pt files are made of tensors alone: torch.load(weights_only=True) reads them.

    Raises:
        DataError: when the run is of no model, when its adapter cannot be merged, and as `finished_model`.
    """
    config = _of_a_model(run)
    if config.adapter.method == "adaptformer":
        message = "must be of a run whose adapter can be merged; adaptformer adds a layer with a ReLU beside each MLP"
        hint = "--format adapter writes what was trained"
        raise DataError(Problem("--format sam", f"{message}, which the original model has no place for", hint))
    model = finished_model(config, context)
    adapters.merge(model)
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    own = _apart(segment_anything(state))
    decoder = _apart(automatic_decoder(state)) if finds_all(config, book=context.book) else {}
    write_atomically(to / MODEL, safetensors.torch.save(own, {"format": "pt"}))
    torch.save(own, to / STATE)
    said = [
        f"{MODEL} and {STATE} hold the same {len(own)} tensors under the names of segment-anything; {_merged(config)}",
    ]
    if decoder:
        torch.save({"model_state": own, "decoder_state": decoder}, to / WITH_DECODER)
        said.append(f"{WITH_DECODER} holds the automatic decoder too, {len(decoder)} tensors, as micro-sam keeps them")
    said.append("torch.load(weights_only=True) reads the .pth and .pt files: they hold tensors, and no other objects")
    write_atomically(to / README, using.of_sam(config, settings, decoder=bool(decoder)).encode())
    return tuple(said)


def adapter(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Write `adapter.safetensors`, what was trained alone, and `adapter.json`, which says of what and on what.

    Raises:
        DataError: when the run is of no model or trained nothing, and as `finished_model`.
    """
    config = _of_a_model(run)
    if config.adapter.method == "none":
        message = "must be of a run that trained something; this is the model it started from"
        raise DataError(Problem("--format adapter", message, "--format sam writes the model"))
    finished_model(config, context)  # the checkpoint fits its configuration and its base
    tensors, _ = checkpoints.load(context.checkpoint)
    facts = _facts(run, config, context, settings)
    checkpoints.save(to / TRAINED, tensors, {"run": run.id, "adapter": json.dumps(effective(config.adapter))})
    write_atomically(to / FACTS, f"{json.dumps(facts, indent=2, ensure_ascii=False)}\n".encode())
    write_atomically(to / README, using.of_adapter(config).encode())
    numbers = sum(tensor.numel() for tensor in tensors.values())
    megabytes = (to / TRAINED).stat().st_size / 1e6
    return (
        f"{TRAINED} holds what was trained, {numbers:,} numbers in {len(tensors)} tensors ({megabytes:.1f} MB)",
        f"{FACTS} says what they are and of which weights: {config.model.weights}",
    )


def _of_a_model(run: Run) -> Config:
    config = Config.model_validate(run.configuration.values)
    if config.model.family != "sam":
        raise DataError(Problem("--format", f"must be of a run of a model; {config.model.family} has no weights"))
    return config


def _facts(run: Run, config: Config, context: Context, settings: Mapping[str, Settings]) -> Mapping[str, object]:
    adapter = dict(effective(config.adapter))
    if config.adapter.method == "lora":
        scale = config.adapter.alpha
        adapter["scale"] = scale if config.adapter.scaling == "alpha" else scale / config.adapter.rank
    return {
        "format": "tunebook adapter 1",
        "adapter": adapter,
        "base": {
            "size": config.model.size,
            "weights": config.model.weights,
            "sha256": base_of(config, book=context.book),
            "architecture": vars(SIZES[config.model.size]),
        },
        "window": config.crop or SIZES[config.model.size].image_size,
        "normalize": config.data.normalize,
        "automatic": {
            "trained": config.automatic.enabled,
            "settings": {} if "ais" not in settings else dict(settings["ais"].values),
        },
        "run": run.id,
        "seed": run.replicate.get("seed"),
        "tunebook": __version__,
    }


def _merged(config: Config) -> str:
    if config.adapter.method in ("lora", "fact"):
        return f"{config.adapter.method} is merged into the encoder"
    return {"full": "all of it was trained", "frozen": "its decoders were trained", "none": "nothing was trained"}[
        config.adapter.method
    ]


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that share no memory, in the order of their names."""
    return {name: tensors[name].contiguous().clone() for name in sorted(tensors)}

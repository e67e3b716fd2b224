"""The model that a run starts from, and the one that it has trained."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from tunebook.errors import DataError, Problem
from tunebook.fingerprints import FingerprintCache, Input, of_inputs
from tunebook.folders import RunFolder
from tunebook.task import Context
from tunebook.tasks.promptable_segmentation.config import Adapter, Config
from tunebook.tasks.promptable_segmentation.description import effective, source, weights_files
from tunebook.tasks.promptable_segmentation.sam import SIZES, Sam, build
from tunebook.tasks.promptable_segmentation.sam.weights import read
from tunebook.train import adapters, checkpoints
from tunebook.train.seeding import generator

AUTOMATIC = "automatic_decoder."
IN_MEMORY = Path(":memory:")
"""A cache that SQLite keeps in memory: a worker writes nothing outside its run's folder."""


def starting_model(config: Config, *, book: Path, seed: int) -> Sam:
    """The base with the run's adapter, before any step; on the CPU, in float32.

    Args:
        book: Where paths and `run:` weights start from.
        seed: Draws what no file gives: everything for `random` weights, the automatic decoder of a base
            without one, the adapter's first matrices.

    Raises:
        DataError: when the weights do not fit the size.
    """
    model = build(
        SIZES[config.model.size], generator=generator(seed, "initialisation"), automatic=config.automatic.enabled
    )
    tensors = _starting_tensors(config, book=book)
    if tensors is not None:
        _load(model, tensors, config)
    adapters.apply(model, _method(config), generator=generator(seed, "adapter"))
    return model


def trained_model(config: Config, *, book: Path, seed: int, checkpoint: Path) -> Sam:
    """The model of a finished run.

    Raises:
        DataError: when the checkpoint is damaged, or was trained with another adapter or from other weights.
    """
    tensors, metadata = checkpoints.load(checkpoint)
    if _adapter(metadata) != effective(config.adapter):
        raise DataError(
            Problem(
                str(checkpoint),
                f"must be trained with the adapter {adapter_text(config)}; got {metadata.get('adapter', 'none')}",
                "run the study again; a checkpoint belongs to its configuration",
            )
        )
    if metadata.get("base") != base_of(config, book=book):
        raise DataError(
            Problem(
                str(checkpoint),
                f"must be trained from the weights {config.model.weights}; they hold something else by now",
                "put the earlier weights back, or run the study that trained it again",
            )
        )
    model = starting_model(config, book=book, seed=seed)
    adapters.load(model, tensors, place=str(checkpoint))
    return model


def has_automatic(config: Config, *, book: Path) -> bool:
    """Whether the starting weights bring a decoder for automatic segmentation."""
    tensors = _starting_tensors(config, book=book)
    return tensors is not None and any(name.startswith(AUTOMATIC) for name in tensors)


def finished_model(config: Config, context: Context) -> Sam:
    """The model of a run, trained or not, where it is asked for.

    Raises:
        DataError: as `trained_model`.
    """
    seed = context.seed or 0
    if config.adapter.method == "none":
        return starting_model(config, book=context.book, seed=seed).to(context.device)
    return trained_model(config, book=context.book, seed=seed, checkpoint=context.checkpoint).to(context.device)


def finds_all(config: Config, *, book: Path) -> bool:
    """Whether a run's model can segment without prompts: its decoder was trained, or came with the weights."""
    return config.automatic.enabled and (config.adapter.method != "none" or has_automatic(config, book=book))


def adapter_text(config: Config) -> str:
    """The adapter as a checkpoint names it: what of it matters."""
    return json.dumps(effective(config.adapter))


def base_of(config: Config, *, book: Path) -> str:
    """The starting weights as a checkpoint names them: their fingerprint, or `random`."""
    files = weights_files(config.model.weights, book)
    if not files:
        return "random"
    given = Input("weights", files[0].parent, files, named=False)
    return of_inputs((given,), cache=FingerprintCache(IN_MEMORY))["weights"]


def _adapter(metadata: Mapping[str, str]) -> Mapping[str, object] | None:
    """What mattered of the adapter that a checkpoint names; None when it names none."""
    try:
        return effective(Adapter.model_validate_json(metadata.get("adapter", "")))
    except ValidationError:
        return None


def _method(config: Config) -> adapters.Method:
    adapter = config.adapter
    match adapter.method:
        case "lora":
            return adapters.Lora(
                rank=adapter.rank,
                alpha=adapter.alpha,
                scaling=adapter.scaling,
                targets=adapter.targets,
                blocks=adapter.blocks,
                dropout=adapter.dropout,
            )
        case "fact":
            return adapters.Fact(
                rank=adapter.rank, blocks=adapter.blocks, dropout=adapter.dropout, variant=adapter.variant
            )
        case "adaptformer":
            return adapters.AdaptFormer(
                projection=adapter.projection,
                scale=adapter.scale,
                blocks=adapter.blocks,
                dropout=adapter.dropout,
                variant=adapter.variant,
            )
        case "frozen":
            return adapters.Frozen()
        case "full":
            return adapters.Full(blocks=adapter.blocks)
        case "none":
            return adapters.Nothing()


def _starting_tensors(config: Config, *, book: Path) -> dict[str, Tensor] | None:
    """The tensors of `model.weights` under our names; None for `random`."""
    weights = source(config.model.weights, book)
    files = weights_files(weights, book)
    if not files:
        return None
    path, *decoder = files
    if not weights.startswith("run:"):
        return read(path, decoder=decoder[0] if decoder else None)
    folder = RunFolder(path.parent.parent, int(path.parent.name.removeprefix("at-")))
    run = folder.read_run()
    theirs = Config.model_validate(run.configuration.values)
    model = trained_model(theirs, book=book, seed=run.replicate.get("seed", 0), checkpoint=path)
    adapters.merge(model, place=f"model.weights: {config.model.weights}")
    return dict(model.state_dict())


def _load(model: Sam, tensors: Mapping[str, Tensor], config: Config) -> None:
    """Take every tensor; only the automatic decoder may be absent, or left over when it is not wanted."""
    wanted = model.state_dict()
    given = {name: tensor for name, tensor in tensors.items() if name in wanted or not name.startswith(AUTOMATIC)}
    brings_automatic = any(name.startswith(AUTOMATIC) for name in given)
    missing = [name for name in wanted if name not in given and (brings_automatic or not name.startswith(AUTOMATIC))]
    extra = [name for name in given if name not in wanted]
    other = [name for name in given if name in wanted and given[name].shape != wanted[name].shape]
    if missing or extra or other:
        named = ", ".join((missing + extra + other)[:3])
        raise DataError(
            Problem(
                f"model.weights: {config.model.weights}",
                f"must fit model.size {config.model.size}; {len(missing)} tensors are missing, {len(extra)} unknown, "
                f"{len(other)} of another shape ({named}, …)",
                "name the size that these weights belong to",
            )
        )
    with torch.no_grad():
        for name, tensor in given.items():
            wanted[name].copy_(tensor)

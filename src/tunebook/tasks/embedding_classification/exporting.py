"""A trained head for use elsewhere: safetensors with a loader that needs numpy alone, or ONNX."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from tunebook.folders import write_atomically
from tunebook.records import Run, Settings
from tunebook.task import Context
from tunebook.tasks.embedding_classification import heads, onnx_files
from tunebook.tasks.embedding_classification.chosen_head import ChosenHead
from tunebook.train import checkpoints

HEAD, LOADER, ONNX = "head.safetensors", "load_head.py", "head.onnx"


def head(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Write `head.safetensors`, the trained tensors with what they are, and `load_head.py`, which applies it.

    Raises:
        DataError: when the checkpoint cannot be read.
    """
    chosen = ChosenHead.read(run, context, settings)
    checkpoints.save(to / HEAD, chosen.tensors, chosen.facts())
    loader = resources.files(__package__).joinpath(LOADER).read_bytes()
    write_atomically(to / LOADER, loader)
    return (f"{HEAD} holds {_described(chosen)}", f"{LOADER} applies it; it needs numpy and safetensors")


def onnx(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Write `head.onnx`: embeddings -> logits, probabilities. Classes and threshold stand in its metadata.

    Raises:
        DataError: when the checkpoint cannot be read.
        InputError: when onnx is not installed.
    """
    chosen = ChosenHead.read(run, context, settings)
    tensors = {name: tensor.numpy() for name, tensor in chosen.tensors.items()}
    write_atomically(to / ONNX, onnx_files.model(tensors, chosen.facts()))
    return (f"{ONNX} holds {_described(chosen)}: embeddings -> logits, probabilities",)


def _described(chosen: ChosenHead) -> str:
    """`a head of 512 -> 64 -> 1 numbers (7)`: its layers and its classes."""
    hidden = chosen.tensors.get(heads.HIDDEN_BIAS)
    sizes = [chosen.width, *([] if hidden is None else [len(hidden)]), len(chosen.classes)]
    return f"a {chosen.kind} head of {' -> '.join(map(str, sizes))} numbers ({', '.join(chosen.classes)})"

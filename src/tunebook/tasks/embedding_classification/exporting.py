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

HEAD, LOADER, ONNX, README = "head.safetensors", "load_head.py", "head.onnx", "README.md"

USE_HEAD = """## Use

With numpy and safetensors, in the folder of these files:

```python
from load_head import Head

head = Head.load("head.safetensors")
logits = head.logits(embeddings)  # (rows, {width}) -> (rows, {classes})
probabilities = head.probabilities(logits)
decisions = head.decisions(logits)  # which classes a row has; of multi-class the likeliest
```

`head.facts` says what the head is: its classes, its threshold and where that was chosen, its configuration and its run.
"""
USE_ONNX = """## Use

```python
import onnxruntime

session = onnxruntime.InferenceSession("head.onnx")
logits, probabilities = session.run(["logits", "probabilities"], {{"embeddings": embeddings}})
```

`embeddings` are float32 (rows, {width}), all finite; both answers are float32 (rows, {classes}). The metadata of the
file (`session.get_modelmeta().custom_metadata_map`) say what the head is: its classes, its threshold and where that was
chosen, its configuration and its run.
"""


def head(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Write `head.safetensors`, the trained tensors with what they are, and `load_head.py`, which applies it.

    Raises:
        DataError: when the checkpoint cannot be read.
    """
    chosen = ChosenHead.read(run, context, settings)
    checkpoints.save(to / HEAD, chosen.tensors, chosen.facts())
    loader = resources.files(__package__).joinpath(LOADER).read_bytes()
    write_atomically(to / LOADER, loader)
    write_atomically(to / README, _use(USE_HEAD, chosen))
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
    write_atomically(to / README, _use(USE_ONNX, chosen))
    return (f"{ONNX} holds {_described(chosen)}: embeddings -> logits, probabilities",)


def _use(text: str, chosen: ChosenHead) -> bytes:
    return text.format(width=chosen.width, classes=len(chosen.classes)).encode()


def _described(chosen: ChosenHead) -> str:
    """`a head of 512 -> 64 -> 1 numbers (7)`: its layers and its classes."""
    hidden = chosen.tensors.get(heads.HIDDEN_BIAS)
    sizes = [chosen.width, *([] if hidden is None else [len(hidden)]), len(chosen.classes)]
    return f"a {chosen.kind} head of {' -> '.join(map(str, sizes))} numbers ({', '.join(chosen.classes)})"

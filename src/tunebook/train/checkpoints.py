"""Tensors in a file: safetensors whose bytes depend on the content alone.

Names and metadata are sorted, so equal tensors make equal files, and a file's sha256 is the name of its content.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from tunebook.errors import DataError, Problem
from tunebook.folders import write_atomically

_METADATA = "tunebook"


def save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a whole file or leave what was there.

    Args:
        tensors: From any device; tensors that share memory are written once each.
        metadata: Facts about the tensors, such as the size of the model.
    """
    content = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    # One entry: safetensors writes several in an order that differs between processes.
    write_atomically(path, safetensors.torch.save(content, {_METADATA: json.dumps(dict(metadata), sort_keys=True)}))


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, on the CPU, and the metadata; a file of another program has whatever metadata it wrote.

    Raises:
        DataError: when there is no such file or it is not a whole safetensors file.
    """
    with _readable(path):
        tensors = safetensors.torch.load(path.read_bytes())
    return tensors, metadata(path)


def metadata(path: Path) -> dict[str, str]:
    """The metadata alone, without reading the tensors.

    Raises:
        DataError: as `load`.
    """
    with _readable(path), safetensors.safe_open(path, framework="pt") as file:
        found: dict[str, str] = dict(file.metadata() or {})
        return json.loads(found[_METADATA]) if _METADATA in found else found


def sha256(path: Path) -> str:
    """The content's hash, in hexadecimal.

    Raises:
        DataError: when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(Problem(str(path), f"must be a file that can be read; {error.strerror}")) from error


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what a file that is missing or damaged raises into one message."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(Problem(str(path), "must be a safetensors file; there is none")) from None
    except (OSError, safetensors.SafetensorError, json.JSONDecodeError) as error:
        raise DataError(
            Problem(str(path), f"must be a whole safetensors file; {error}", "write or download it again")
        ) from error

"""Tensors in a file: safetensors whose bytes depend on the content alone.

Names and metadata are sorted, so equal tensors make equal files, and a file's sha256 is the name of its content.
"""

import hashlib
import json
from collections.abc import Mapping
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
    try:
        content = path.read_bytes()
        tensors = safetensors.torch.load(content)
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
    except FileNotFoundError:
        raise DataError(Problem(str(path), "must be a safetensors file; there is none")) from None
    except (OSError, safetensors.SafetensorError) as error:
        raise DataError(
            Problem(str(path), f"must be a whole safetensors file; {error}", "write or download it again")
        ) from error
    return tensors, json.loads(metadata[_METADATA]) if _METADATA in metadata else metadata


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

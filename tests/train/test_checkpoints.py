"""Tensors in files."""

import hashlib

import pytest
import safetensors.torch
import torch

from tunebook.errors import DataError
from tunebook.train import checkpoints


@pytest.fixture
def tensors():
    return {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(2, dtype=torch.float16), "c": torch.tensor(3)}


def test_what_is_saved_is_loaded(tmp_path, tensors):
    """Values, types and metadata, from tensors of any layout."""
    tensors["b"] = tensors["b"].T
    checkpoints.save(tmp_path / "x.safetensors", tensors, {"size": "small"})
    found, metadata = checkpoints.load(tmp_path / "x.safetensors")

    assert metadata == {"size": "small"}
    assert all(
        found[name].dtype == tensor.dtype and torch.equal(found[name], tensor) for name, tensor in tensors.items()
    )
    assert found.keys() == tensors.keys()


def test_equal_content_makes_equal_bytes(tmp_path, tensors):
    """Whatever the order of names, and whether tensors share memory."""
    metadata = {f"key{i}": str(i) for i in range(9)}
    checkpoints.save(tmp_path / "one", tensors | {"d": tensors["a"]}, metadata)
    backwards = dict(reversed((tensors | {"d": tensors["a"].clone()}).items()))
    checkpoints.save(tmp_path / "two", backwards, dict(reversed(metadata.items())))

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert checkpoints.sha256(tmp_path / "one") == hashlib.sha256((tmp_path / "two").read_bytes()).hexdigest()


def test_files_of_other_programs_are_read(tmp_path, tensors):
    """With the metadata that they wrote."""
    safetensors.torch.save_file(tensors, tmp_path / "hub.safetensors", {"format": "pt"})
    found, metadata = checkpoints.load(tmp_path / "hub.safetensors")

    assert metadata == {"format": "pt"}
    assert torch.equal(found["b"], tensors["b"])


@pytest.mark.parametrize("keep", [0, 5, 40, -1])
def test_a_cut_file_is_refused(tmp_path, tensors, keep):
    """A file that was not written to its end is named, with the way out."""
    path = tmp_path / "x.safetensors"
    checkpoints.save(path, tensors, {})
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(DataError, match=r"x\.safetensors: must be a whole safetensors file"):
        checkpoints.load(path)


def test_a_missing_file_is_refused(tmp_path):
    """Both for reading and for hashing."""
    with pytest.raises(DataError, match="there is none"):
        checkpoints.load(tmp_path / "x.safetensors")
    with pytest.raises(DataError, match="must be a file that can be read"):
        checkpoints.sha256(tmp_path / "x.safetensors")


def test_a_failed_write_leaves_the_old_file(tmp_path, tensors):
    """Nothing half-written stands there."""
    path = tmp_path / "x.safetensors"
    checkpoints.save(path, tensors, {})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        checkpoints.save(path, tensors, {"key": object()})

    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_metadata_are_read_alone(tmp_path, tensors):
    """Without the tensors; a damaged file is refused as when all of it is read."""
    path = tmp_path / "x.safetensors"
    checkpoints.save(path, tensors, {"size": "small"})

    assert checkpoints.metadata(path) == {"size": "small"}

    content = path.read_bytes()
    path.write_bytes(content.replace(b"size", b'si"e'))
    for read in (checkpoints.metadata, checkpoints.load):
        with pytest.raises(DataError, match="must be a whole safetensors file"):
            read(path)
    with pytest.raises(DataError, match="there is none"):
        checkpoints.metadata(tmp_path / "y.safetensors")

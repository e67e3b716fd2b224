"""Weights from files of the three formats, written here with the names that those programs use."""

import pytest
import safetensors.torch
import torch
from sam_examples import segment_anything, tiny

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation.sam.weights import read


@pytest.fixture
def ours():
    return tiny(automatic=True).state_dict()


def _same(found, wanted):
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def _base(state):
    return {name: tensor for name, tensor in state.items() if not name.startswith("automatic_decoder.")}


def test_a_hub_file_is_read(tmp_path, ours):
    """The safetensors layout of transformers, which writes a shared tensor once."""
    path = tmp_path / "model.safetensors"
    once = {n: t.clone() for n, t in _base(ours).items() if not n.startswith("prompt_encoder.shared_embedding")}
    safetensors.torch.save_file(once, path, {"format": "pt"})

    _same(read(path), _base(ours))


def test_a_segment_anything_file_is_read(tmp_path, ours):
    """A plain state dict under segment-anything's names."""
    path = tmp_path / "sam_vit.pth"
    torch.save(segment_anything(ours), path)

    _same(read(path), _base(ours))


def test_a_micro_sam_file_is_read_with_its_decoder(tmp_path, ours):
    """`model_state` with the prefix `sam.`, and `decoder_state`; the other entries are not looked at."""
    path = tmp_path / "best.pt"
    decoder = {n.removeprefix("automatic_decoder."): t for n, t in ours.items() if n.startswith("automatic_decoder.")}
    model = {f"sam.{name}": tensor for name, tensor in segment_anything(ours).items()}
    torch.save({"model_state": model, "decoder_state": decoder, "iteration": 7, "best_metric": 0.25}, path)

    _same(read(path), ours)


class Setting:
    """Something that only unpickling could bring back."""


def test_a_file_that_needs_unpickling_is_refused(tmp_path, ours):
    """Nothing in it is run; the message names the file and the way out."""
    path = tmp_path / "latest.pt"
    torch.save({"model_state": segment_anything(ours), "init": Setting()}, path)

    with pytest.raises(DataError, match="latest.pt: must hold tensors and plain values only") as caught:
        read(path)
    assert "if you trust its origin" in str(caught.value)


@pytest.mark.parametrize("name", ["no.safetensors", "no.pth"])
def test_a_missing_file_is_named(tmp_path, name):
    """Both readers say which file."""
    with pytest.raises(DataError, match=f"{name}: must be .* there is none"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["bad.safetensors", "bad.pth"])
def test_a_broken_file_is_named(tmp_path, name):
    """Bytes that are no weights give one clear message."""
    (tmp_path / name).write_bytes(b"not weights at all")

    with pytest.raises(DataError, match=f"{name}: must "):
        read(tmp_path / name)


def test_weights_of_another_model_are_refused(tmp_path):
    """A state dict without an image encoder; the message shows what is there."""
    path = tmp_path / "resnet.pth"
    torch.save({"conv1.weight": torch.zeros(2)}, path)

    with pytest.raises(DataError, match=r"must hold weights of Segment-Anything; got tensors conv1\.weight"):
        read(path)

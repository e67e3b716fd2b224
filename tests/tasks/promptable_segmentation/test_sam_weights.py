"""Weights from files of the three formats, written here with the names that those programs use."""

import re

import pytest
import safetensors.torch
import torch
from sam_examples import tiny

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation.sam.weights import read

HEADS = r"(hypernetworks_mlps\.\d|iou_prediction_head)"
TO_SEGMENT_ANYTHING = (
    (HEADS + r"\.proj_out", r"\1.layers.2"),
    (HEADS + r"\.layers\.0", r"\1.layers.1"),
    (HEADS + r"\.proj_in", r"\1.layers.0"),
    (r"vision_encoder\.layers\.(\d)\.layer_norm", r"image_encoder.blocks.\1.norm"),
    (r"vision_encoder\.layers", "image_encoder.blocks"),
    (r"neck\.conv1", "neck.0"),
    (r"neck\.layer_norm1", "neck.1"),
    (r"neck\.conv2", "neck.2"),
    (r"neck\.layer_norm2", "neck.3"),
    (r"vision_encoder\.patch_embed\.projection", "image_encoder.patch_embed.proj"),
    (r"vision_encoder", "image_encoder"),
    (r"shared_image_embedding\.positional_embedding", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    (r"\.point_embed\.", ".point_embeddings."),
    (r"mask_embed\.conv1", "mask_downscaling.0"),
    (r"mask_embed\.layer_norm1", "mask_downscaling.1"),
    (r"mask_embed\.conv2", "mask_downscaling.3"),
    (r"mask_embed\.layer_norm2", "mask_downscaling.4"),
    (r"mask_embed\.conv3", "mask_downscaling.6"),
    (r"layer_norm_final_attn", "norm_final_attn"),
    (r"transformer\.layers\.(\d)\.layer_norm", r"transformer.layers.\1.norm"),
    (r"upscale_conv1", "output_upscaling.0"),
    (r"upscale_layer_norm", "output_upscaling.1"),
    (r"upscale_conv2", "output_upscaling.3"),
)


@pytest.fixture
def ours():
    return tiny(automatic=True).state_dict()


def _segment_anything(state):
    """The base under segment-anything's names."""
    renamed = {}
    for name, tensor in state.items():
        if name.startswith(("automatic_decoder", "prompt_encoder.shared_embedding")):
            continue
        for pattern, replacement in TO_SEGMENT_ANYTHING:
            name = re.sub(pattern, replacement, name)  # noqa: PLW2901  # one rule after the other
        renamed[name] = tensor
    return renamed


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
    torch.save(_segment_anything(ours), path)

    _same(read(path), _base(ours))


def test_a_micro_sam_file_is_read_with_its_decoder(tmp_path, ours):
    """`model_state` with the prefix `sam.`, and `decoder_state`; the other entries are not looked at."""
    path = tmp_path / "best.pt"
    decoder = {n.removeprefix("automatic_decoder."): t for n, t in ours.items() if n.startswith("automatic_decoder.")}
    model = {f"sam.{name}": tensor for name, tensor in _segment_anything(ours).items()}
    torch.save({"model_state": model, "decoder_state": decoder, "iteration": 7, "best_metric": 0.25}, path)

    _same(read(path), ours)


class Setting:
    """Something that only unpickling could bring back."""


def test_a_file_that_needs_unpickling_is_refused(tmp_path, ours):
    """Nothing in it is run; the message names the file and the way out."""
    path = tmp_path / "latest.pt"
    torch.save({"model_state": _segment_anything(ours), "init": Setting()}, path)

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

"""Decoders that segment without prompts."""

from dataclasses import replace

import pytest
import torch
from sam_examples import TINY, numbers, tiny

from tunebook.tasks.promptable_segmentation.sam import build
from tunebook.tasks.promptable_segmentation.sam.automatic import decoder


def _unetr():
    size = replace(TINY, patch=16, automatic="unetr", automatic_features=(16, 8, 4, 2), automatic_stem=0)
    return build(size, generator=numbers(0), automatic=True)


@pytest.mark.parametrize("model", [tiny(automatic=True), _unetr()], ids=["light", "unetr"])
def test_maps_are_probabilities_at_the_input_resolution(model):
    """Three maps in [0, 1], and every tensor of the decoder has a share in them."""
    images = torch.randn(2, 3, 64, 64, generator=numbers(1))
    maps = model.maps(model.encode(images), images)
    (maps * torch.rand(maps.shape, generator=numbers(2))).sum().backward()

    assert maps.shape == (2, 3, 64, 64)
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert all(tensor.grad is not None for tensor in model.automatic_decoder.parameters())


def test_the_light_decoder_sees_the_image_itself():
    """With a stem two images of one embedding give other maps, without it the same."""
    embedding = torch.randn(1, 32, 8, 8, generator=numbers(0))
    images = torch.randn(2, 1, 3, 64, 64, generator=numbers(1))
    differences = []
    for stem in (4, 0):
        light = build(replace(TINY, automatic_stem=stem), generator=numbers(2), automatic=True).automatic_decoder
        differences.append((light(embedding, images[0]) - light(embedding, images[1])).abs().max().item())

    assert differences[0] > 0
    assert differences[1] == 0


def test_the_unetr_names_are_those_of_micro_sam():
    """66 tensors, so that a decoder state loads by name."""
    names = set(decoder(replace(TINY, automatic="unetr", automatic_features=(16, 8, 4, 2))).state_dict())

    assert len(names) == 66
    assert {"deconv1.block.0.block.weight", "decoder.samplers.0.block.weight", "base.block.4.bias"} <= names

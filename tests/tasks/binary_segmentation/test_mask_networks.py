"""Networks for masks: any size goes in, and the seed alone says with which weights."""

import math
import sys

import pytest
import torch
from torch import nn

from tunebook.errors import DataError
from tunebook.tasks.binary_segmentation import networks
from tunebook.tasks.binary_segmentation.config import Model

MONAI = ("attention-unet", "segresnet")


def small(family="unet", **more):
    """A model of few channels."""
    return Model(**{"family": family, "width": 4, "depth": 2, **more})


def images(n=2, height=32, width=32, seed=0):
    """Random images as uint8."""
    shape = (n, height, width, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def equal(one: nn.Module, other: nn.Module):
    """Whether all tensors have the same bits."""
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("family", ["unet", *MONAI])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (17, 30), (1, 5)])
def test_logits_are_as_large_as_the_image(family: str, height: int, width: int):
    """Also where the halvings do not divide its sides, or it is smaller than what they make of it."""
    network = networks.build(small(family, depth=3), seed=0)
    logits = network(networks.inputs(images(1, height, width)))

    assert logits.shape == (1, 1, height, width)
    assert logits.isfinite().all()


@pytest.mark.parametrize("family", ["unet", *MONAI])
def test_the_seed_alone_decides_the_weights(family: str):
    """Neither what was drawn before nor a loss, which is no part of the model; and no other draw is changed."""
    torch.manual_seed(1)
    one, after = networks.build(small(family), seed=3), torch.rand(4)
    torch.manual_seed(1)
    expected = torch.rand(4)
    other = networks.build(small(family), seed=3)

    assert equal(one, other)
    assert torch.equal(after, expected)
    assert not equal(one, networks.build(small(family), seed=4))


@pytest.mark.parametrize("family", ["unet", *MONAI])
@pytest.mark.parametrize(("prior", "bias"), [(None, 0.0), (0.5, 0.0), (0.01, math.log(0.01 / 0.99))])
def test_the_prior_is_what_features_of_zero_say(family: str, prior: float | None, bias: float):
    """The bias of the last layer, and no other weight differs."""
    network, plain = (networks.build(small(family, prior=each), seed=0) for each in (prior, None))
    *rest, (_, last) = network.named_parameters()

    assert last.detach().tolist() == pytest.approx([bias])
    assert all(torch.equal(tensor, plain.get_parameter(name)) for name, tensor in rest)


def test_every_level_has_twice_the_channels_and_two_convolutions():
    """Down, up again, and one convolution that says the logit (Ronneberger et al. 2015)."""
    network = networks.build(Model(width=8, depth=3), seed=0)
    shapes = [tuple(module.weight.shape) for module in network.modules() if isinstance(module, nn.Conv2d)]
    down = [(8, 3, 3, 3), (8, 8, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3), (32, 16, 3, 3), (32, 32, 3, 3)]
    lowest = [(64, 32, 3, 3), (64, 64, 3, 3)]
    up = [(32, 64, 3, 3), (32, 32, 3, 3), (16, 32, 3, 3), (16, 16, 3, 3), (8, 16, 3, 3), (8, 8, 3, 3)]

    assert shapes == [*down, *lowest, *up, (1, 8, 1, 1)]


def test_channels_end_at_512():
    """A deep network stays one that fits into memory; a wide one is as wide as it was asked to be."""
    widest = {width: networks.UNet(width=width, depth=2, dropout=0).down[-1][0].out_channels for width in (8, 256, 600)}

    assert widest == {8: 32, 256: 512, 600: 600}


@pytest.mark.parametrize("width", [1, 2, 3, 6, 12, 24, 100])
def test_any_width_can_be_normalised(width: int):
    """Groups divide the channels of every level."""
    network = networks.UNet(width=width, depth=1, dropout=0)
    norms = [module for module in network.modules() if isinstance(module, nn.GroupNorm)]

    assert len(norms) == 6
    assert all(norm.num_channels % norm.num_groups == 0 for norm in norms)
    assert all(norm.num_channels // norm.num_groups >= 4 or norm.num_groups == 1 for norm in norms)


@pytest.mark.parametrize(("height", "width", "seen"), [(19, 37, (32, 48)), (3, 32, (32, 32)), (64, 16, (64, 32))])
def test_what_is_added_continues_the_image(height: int, width: int, seen: tuple[int, int]):
    """To the right and below, up to what the halvings divide twice at least, by the last pixels."""
    shown = []

    class Grey(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            shown.append(x)
            return x.mean(dim=1, keepdim=True)

    image = torch.rand(1, 3, height, width)
    logits = networks.Padded(Grey(), multiple=16)(image)

    assert torch.equal(logits, image.mean(dim=1, keepdim=True))
    assert shown[0].shape[2:] == seen
    assert torch.equal(shown[0][..., -1, -1], image[..., -1, -1])


def test_colours_lie_about_zero():
    """0 becomes -2, 255 becomes 2, and the channels come first."""
    pixels = torch.tensor([[[[0, 255, 51]]]], dtype=torch.uint8)

    assert torch.allclose(networks.inputs(pixels).flatten(), torch.tensor([-2.0, 2.0, -1.2]))
    assert networks.inputs(images()).shape == (2, 3, 32, 32)
    assert networks.inputs(images()).is_contiguous(memory_format=torch.channels_last)


def test_a_stream_is_drawn_alike_wherever_it_is():
    """Its name and numbers say what is drawn; the process's own generator goes on as if nothing was."""
    drawn = []
    for numbers in ((0,), (1,), (0,)):
        with networks.drawing(5, "dropout", *numbers):
            drawn.append(torch.rand(3))
    torch.manual_seed(0)
    with networks.drawing(5, "dropout"):
        torch.rand(3)
    found = torch.rand(2)
    torch.manual_seed(0)

    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])
    assert torch.equal(found, torch.rand(2))


def test_dropout_is_at_the_lowest_level_in_training_alone():
    """Whole channels are dropped there."""
    network = networks.build(small(dropout=0.9), seed=0)
    batch = networks.inputs(images())

    assert not torch.equal(network(batch), network(batch))
    network.eval()
    assert torch.equal(network(batch), network(batch))


@pytest.mark.parametrize("family", MONAI)
def test_without_monai_the_way_out_is_said(family: str, monkeypatch: pytest.MonkeyPatch):
    """Which families can be had, and how to get the others."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "monai"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "monai", None)

    with pytest.raises(DataError, match=rf"must be unet where MONAI .*{family}.*\n.*pip install 'tunebook\[monai\]'"):
        networks.build(small(family), seed=0)


def test_an_attention_unet_of_one_channel_is_refused():
    """It would attend with half a channel."""
    with pytest.raises(DataError, match=r"model\.width: must be at least 2 in attention-unet.*; got 1"):
        networks.build(small("attention-unet", width=1), seed=0)


@pytest.mark.gpu
def test_a_gpu_repeats_a_network_with_dropout():
    """Streams are drawn on the device as well."""
    network = networks.build(small(dropout=0.5), seed=0).to("cuda")
    batch = networks.inputs(images().to("cuda"))
    found = []
    for step in (0, 0, 1):
        with networks.drawing(1, "dropout", step, device="cuda"):
            found.append(network(batch))

    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])

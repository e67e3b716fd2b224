"""Which tensors are trained, and low-rank additions."""

import pytest
import torch
from torch import nn

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation.sam import SIZES, Size, blank, build
from tunebook.train import adapters
from tunebook.train.adapters import Frozen, Full, Lora, Nothing

TINY = Size(
    image_size=32,
    patch=8,
    width=16,
    depth=2,
    heads=2,
    window=2,
    global_blocks=(1,),
    prompt_width=16,
    decoder_heads=2,
    decoder_mlp=16,
    iou_hidden=16,
    automatic="light",
    automatic_features=(4, 4, 4, 4),
)
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(5))


def _numbers(seed=0):
    return torch.Generator().manual_seed(seed)


def _model(method=None, *, automatic=False):
    model = build(TINY, generator=_numbers(), automatic=automatic)
    if method is not None:
        adapters.apply(model, method, generator=_numbers(1))
    return model


def _stir(model):
    """Give every B numbers, as training does."""
    with torch.no_grad():
        for name, tensor in adapters.trainable(model).items():
            if ".b." in name:
                tensor.normal_(generator=_numbers(2))


@pytest.mark.parametrize(
    ("method", "encoder"),
    [
        (Lora(rank=1), 36_864),
        (Lora(rank=32), 1_179_648),
        (Lora(rank=4, targets=("q", "k", "v")), 221_184),
        (Lora(rank=4, blocks=(11,)), 12_288),
        (Frozen(), 0),
        (Full(), 89_670_912),
    ],
    ids=str,
)
def test_vit_b_trains_as_many_numbers_as_published(method, encoder):
    """In the encoder; prompt encoder and mask decoder are trained by every method."""
    model = blank(SIZES["vit_b"], automatic=False)
    adapters.apply(model, method, generator=_numbers())

    assert adapters.count(model.vision_encoder) == encoder
    assert adapters.count(model) == encoder + 6_220 + 4_058_340


def test_nothing_trains_nothing():
    """Not even the decoders."""
    assert adapters.trainable(_model(Nothing(), automatic=True)) == {}


@pytest.mark.parametrize("method", [Lora(rank=2), Frozen(), Full()], ids=str)
def test_decoders_are_trained_and_the_fixed_projection_is_not(method):
    """The decoder for automatic segmentation too."""
    names = adapters.trainable(_model(method, automatic=True)).keys()

    for part in ("prompt_encoder.", "mask_decoder.", "automatic_decoder."):
        assert any(name.startswith(part) for name in names)
    assert not any("positional_embedding" in name for name in names)


@pytest.mark.parametrize("method", [Lora(rank=2), Lora(rank=2, targets=("k",)), Frozen(), Full(), Nothing()], ids=str)
def test_every_method_starts_as_the_model_it_was_given(method):
    """No change before the first step."""
    assert torch.equal(_model(method).encode(IMAGES), _model().encode(IMAGES))


@pytest.mark.parametrize("targets", [("q", "v"), ("k",), ("q", "k", "v")], ids="".join)
def test_an_addition_changes_its_targets_alone(targets):
    """y = base(x) + scale · B A x in the parts that are targets, the base in the others."""
    layer = nn.Linear(8, 12)
    x = torch.randn(5, 8, generator=_numbers())
    low = adapters.LowRank(layer, parts=("q", "k", "v"), targets=targets, rank=3, scale=0.5, generator=_numbers())
    with torch.no_grad():
        for tensor in low.b.values():
            tensor.normal_(generator=_numbers(1))
    wanted = {
        part: base + 0.5 * x @ low.a[part].T @ low.b[part].T if part in targets else base
        for part, base in zip("qkv", layer(x).chunk(3, dim=-1), strict=True)
    }

    torch.testing.assert_close(low(x), torch.cat([wanted[part] for part in "qkv"], dim=-1))


def test_the_scale_is_alpha_or_alpha_over_rank():
    """Both conventions by name."""
    assert Lora(rank=4, alpha=8.0).scale == 8
    assert Lora(rank=4, alpha=8.0, scaling="alpha/rank").scale == 2


def test_a_merged_model_is_a_plain_one():
    """The same output under the plain names."""
    model = _model(Lora(rank=2, alpha=3.0, targets=("q", "k", "v")))
    _stir(model)
    adapted = model.encode(IMAGES)
    adapters.merge(model)

    assert model.state_dict().keys() == _model().state_dict().keys()
    torch.testing.assert_close(model.encode(IMAGES), adapted, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(_model().encode(IMAGES), adapted, atol=1e-3)


def test_merging_a_model_without_additions_changes_nothing():
    """Names and numbers stay."""
    model = _model(Full())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    adapters.merge(model)

    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_what_was_trained_is_put_back():
    """Trained tensors, loaded into a fresh model with the same method, give the trained model."""
    model, fresh = _model(Lora(rank=2)), _model(Lora(rank=2))
    _stir(model)
    adapters.load(fresh, {name: tensor.detach().clone() for name, tensor in adapters.trainable(model).items()})

    assert torch.equal(fresh.encode(IMAGES), model.encode(IMAGES))


def test_tensors_of_another_adapter_are_refused():
    """Another rank: the first tensor that differs is named."""
    with pytest.raises(
        DataError, match=r"checkpoint: must hold the \d+ tensors .* vision_encoder.layers.0.attn.qkv.a.q"
    ):
        adapters.load(_model(Lora(rank=2)), adapters.trainable(_model(Lora(rank=3))))


def test_running_statistics_are_saved_with_what_is_trained():
    """A norm over the batch changes in training without gradients."""
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))

    assert {"1.running_mean", "1.running_var"} <= adapters.trainable(model).keys()


def test_a_block_that_does_not_exist_is_refused():
    """The message gives the range and the number."""
    with pytest.raises(ValueError, match="adapter.blocks must be in 0 to 1; got 7"):
        _model(Lora(rank=1, blocks=(0, 7)))


def test_the_first_matrices_come_from_the_generator():
    """Equal generators draw equal matrices."""
    one, same = _model(Lora(rank=2)).state_dict(), _model(Lora(rank=2)).state_dict()

    assert all(torch.equal(one[name], same[name]) for name in one)
    assert one["vision_encoder.layers.0.attn.qkv.a.q"].std() > 0

"""What single additions compute, and what is refused; test_conformance.py has what every method keeps."""

import pytest
import torch
from adapter_examples import adapted, numbers
from torch import nn
from torch.nn import functional

from tunebook.errors import DataError
from tunebook.train import adapters
from tunebook.train.adapters import AdaptFormer, Fact, Full, Lora, Nothing
from tunebook.train.additions import Bottleneck, Dropout, Factored, LowRank

X = torch.randn(5, 8, generator=numbers())


def _stir(module):
    """Give every tensor numbers, as training does."""
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.normal_(generator=numbers(1))


def _mask(shape, share):
    """The mask of a dropout whose generator is `numbers(3)`, with what is kept scaled up."""
    return (torch.rand(shape, generator=numbers(3)) >= share) / (1 - share)


# Additions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [("q", "v"), ("k",), ("q", "k", "v")], ids="".join)
def test_a_low_rank_addition_changes_its_targets_alone(targets):
    """y = base(x) + scale · B A x in the parts that are targets, the base in the others."""
    layer = nn.Linear(8, 12)
    low = LowRank(layer, parts=("q", "k", "v"), targets=targets, rank=3, scale=0.5, generator=numbers())
    _stir(low)
    wanted = {
        part: base + 0.5 * X @ low.a[part].T @ low.b[part].T if part in targets else base
        for part, base in zip("qkv", layer(X).chunk(3, dim=-1), strict=True)
    }

    torch.testing.assert_close(low(X), torch.cat([wanted[part] for part in "qkv"], dim=-1))


def test_a_low_rank_addition_drops_its_input():
    """The additions see the masked input, all targets the same one; the base sees all of it."""
    layer = nn.Linear(8, 12)
    low = LowRank(layer, parts=("a", "b"), targets=("a", "b"), rank=3, scale=2.0, dropout=0.5, generator=numbers())
    _stir(low)
    low.dropout.generator = numbers(3)
    seen = X * _mask((5, 8), 0.5)
    wanted = layer(X) + 2 * torch.cat([seen @ low.a[part].T @ low.b[part].T for part in "ab"], dim=-1)

    torch.testing.assert_close(low(X), wanted)


@pytest.mark.parametrize("share", [None, 0.5])
def test_a_factored_addition_changes_q_and_v(share):
    """V drop(Σ U x) with a Σ of its own for q and for v, and the base alone for k."""
    layer = nn.Linear(8, 24)
    added = Factored(layer, rank=3, dropout=share, zero=True, generator=numbers())
    _stir(added)
    added.dropout.generator = numbers(3)
    kept_q, kept_v = (torch.ones(5, 6) if share is None else _mask((5, 6), share)).chunk(2, dim=-1)
    q, k, v = layer(X).chunk(3, dim=-1)
    q = q + (X @ added.u.T @ added.core_q.T * kept_q) @ added.v.T
    v = v + (X @ added.u.T @ added.core_v.T * kept_v) @ added.v.T

    torch.testing.assert_close(added(X), torch.cat([q, k, v], dim=-1))


@pytest.mark.parametrize("zero", [True, False])
def test_factors_start_as_torch_draws_linear_layers(zero):
    """Uniform within one over the root of the columns; V is zero unless all four are drawn."""
    added = Factored(nn.Linear(64, 192), rank=16, dropout=None, zero=zero, generator=numbers())

    for factor, bound in ((added.u, 1 / 8), (added.core_q, 1 / 4), (added.core_v, 1 / 4), (added.v, 1 / 4)):
        drawn = not (zero and factor is added.v)
        assert factor.abs().max() <= bound
        assert factor.std().item() == pytest.approx(bound / 3**0.5 if drawn else 0.0, rel=0.1)


@pytest.mark.parametrize("add_input", [False, True])
@pytest.mark.parametrize(("scale", "share"), [("learnable", None), (0.5, None), (2, 0.5)])
def test_a_bottleneck_stands_beside_its_base(add_input, scale, share):
    """MLP(x) + scale · (W_up drop(relu(W_down x + b)) + b), and x once more where it is wanted."""
    mlp = nn.Linear(8, 8)
    added = Bottleneck(mlp, width=8, projection=4, scale=scale, dropout=share, add_input=add_input, generator=numbers())
    _stir(added)
    added.dropout.generator = numbers(3)
    code = functional.relu(X @ added.down.T + added.down_bias) * (1 if share is None else _mask((5, 4), share))
    factor = added.scale.item() if scale == "learnable" else scale
    wanted = mlp(X) + factor * (code @ added.up.T + added.up_bias) + (X if add_input else 0)

    torch.testing.assert_close(added(X), wanted)
    assert any(name == "scale" for name, _ in added.named_parameters()) == (scale == "learnable")


def test_a_learnable_scale_starts_at_one():
    """So that the first steps are those of a fixed scale of one."""
    assert adapted(AdaptFormer(projection=2)).vision_encoder.layers[0].mlp.scale == 1


def test_both_layers_of_the_mlp_get_the_scale():
    """No target is left out of alpha."""
    layers = adapted(Lora(rank=2, alpha=3.0, targets=("q", "proj", "mlp"))).vision_encoder.layers

    assert [layers[0].get_submodule(name).scale for name in adapters.LAYERS] == [3.0] * 4


def test_the_scale_is_alpha_or_alpha_over_rank():
    """Both conventions by name."""
    assert Lora(rank=4, alpha=8.0).scale == 8
    assert Lora(rank=4, alpha=8.0, scaling="alpha/rank").scale == 2


# Dropout ----------------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean():
    """A share is zero, the rest is scaled up."""
    dropout = Dropout(0.25)
    dropout.generator = numbers()
    dropped = dropout(torch.ones(100, 100))

    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def _first_draws(method):
    """Place of a dropout -> its first draws."""
    model = adapted(method)
    adapters.draw_from(model, numbers())
    places = {name: module for name, module in model.named_modules() if isinstance(module, Dropout)}
    return {name: tuple(torch.rand(4, generator=module.generator).tolist()) for name, module in places.items()}


def test_every_place_has_draws_of_its_own():
    """Layers do not share masks, and a block has the same ones whatever else is adapted."""
    everywhere = Lora(rank=2, dropout=0.5, targets=("q", "proj", "mlp"))
    draws = _first_draws(everywhere)
    late = _first_draws(Lora(rank=7, dropout=0.5, targets=("q", "v"), blocks=(1,)))

    assert len(set(draws.values())) == len(draws) == 8
    assert late.items() <= draws.items()


def test_one_number_is_drawn_whatever_the_model():
    """What is drawn afterwards from the same generator does not depend on the method."""
    following = []
    for method in (Lora(rank=2, dropout=0.5), Lora(rank=2), AdaptFormer(projection=2, dropout=0.1), Full()):
        generator = numbers()
        adapters.draw_from(adapted(method), generator)
        following.append(torch.rand((), generator=generator).item())

    assert len(set(following)) == 1


# Tensors of another adapter ---------------------------------------------------------------------------


def test_tensors_of_another_rank_are_refused():
    """The first tensor that differs is named."""
    with pytest.raises(
        DataError, match=r"checkpoint: must hold the \d+ tensors .* vision_encoder.layers.0.attn.qkv.a.q"
    ):
        adapters.load(adapted(Lora(rank=2)), adapters.trainable(adapted(Lora(rank=3))))


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (Fact(rank=2), Fact(rank=3)),
        (Fact(rank=2), Lora(rank=2)),
        (AdaptFormer(projection=2), AdaptFormer(projection=3)),
        (AdaptFormer(projection=2), AdaptFormer(projection=2, scale=1.0)),
        (Lora(rank=2), Lora(rank=2, blocks=(1,))),
        (Full(), Full(blocks=(1,))),
    ],
    ids=str,
)
def test_tensors_of_another_shape_or_name_are_refused(wanted, given):
    """What cannot be told from the tensors (a fixed scale, alpha), the task compares; see its starting.py."""
    with pytest.raises(DataError, match="must hold the"):
        adapters.load(adapted(wanted), adapters.trainable(adapted(given)))


def test_running_statistics_are_saved_with_what_is_trained():
    """A norm over the batch changes in training without gradients."""
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))

    assert {"1.running_mean", "1.running_var"} <= adapters.trainable(model).keys()


def test_nothing_trains_nothing():
    """Not even the decoders."""
    assert adapters.trainable(adapted(Nothing())) == {}


# Blocks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [Lora, Fact, AdaptFormer, Full])
def test_a_block_that_does_not_exist_is_refused(method):
    """The message gives the range and the number."""
    size = {Lora: {"rank": 1}, Fact: {"rank": 1}, AdaptFormer: {"projection": 1}, Full: {}}[method]
    with pytest.raises(DataError, match="adapter.blocks: must be blocks of the encoder, 0 to 1; got -1, 7"):
        adapted(method(blocks=(-1, 0, 7), **size))

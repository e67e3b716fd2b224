"""What every way to adapt a model has to keep: each check here is put to every method in every form."""

from dataclasses import dataclass

import pytest
import torch
from adapter_examples import HIDDEN, IMAGES, WIDTH, adapted, descend, embedding, numbers, plain, stirred

from tunebook.errors import DataError
from tunebook.train import adapters, checkpoints
from tunebook.train.adapters import AdaptFormer, Fact, Frozen, Full, Lora, Method, Nothing

BLOCK = {
    0: 12 * WIDTH**2 + 13 * WIDTH + 2 * 3 * 8,  # two tables of relative positions: 3 distances within its windows
    1: 12 * WIDTH**2 + 13 * WIDTH + 2 * 7 * 8,  # 7 over the whole grid
}
OTHERS = 4 * 4 * WIDTH + (3 * 8 * 8 + 1) * WIDTH + (1 + 9) * 16 * 16 + 4 * 16  # places, patches, neck


@dataclass(frozen=True, kw_only=True)
class Case:
    """One method in one form, and what is expected of it.

    Args:
        added: Names of what a block gets, below the block; None: nothing is added, the block itself is trained.
        count: Numbers that are trained in the encoder.
        blocks: Which blocks are changed or trained.
        identity: Whether it starts as the model that it was given.
        merges: Whether it folds into the model's own tensors.
    """

    method: Method
    added: tuple[str, ...] | None
    count: int
    blocks: tuple[int, ...] = (0, 1)
    identity: bool = True
    merges: bool = True


def _lora(*layers: str, count: int, **fields) -> Case:
    blocks = fields.get("blocks", (0, 1))
    added = tuple(f"{layer}.{matrix}.{part}" for layer, part in map(str.split, layers) for matrix in "ab")
    return Case(method=Lora(rank=2, alpha=3.0, **fields), added=added, count=count, blocks=blocks)


def _fact(*, identity: bool = True, count: int = 2 * (2 * 3 * WIDTH + 2 * 3**2), **fields) -> Case:
    blocks = fields.get("blocks", (0, 1))
    added = tuple(f"attn.qkv.{name}" for name in ("u", "core_q", "core_v", "v"))
    return Case(method=Fact(rank=3, **fields), added=added, count=count, blocks=blocks, identity=identity)


def _adaptformer(*, identity: bool = True, count: int = 2 * (2 * 5 * WIDTH + 5 + WIDTH + 1), **fields) -> Case:
    blocks = fields.get("blocks", (0, 1))
    names = ("down", "down_bias", "up", "up_bias", *(("scale",) if "scale" not in fields else ()))
    return Case(
        method=AdaptFormer(projection=5, **fields),
        added=tuple(f"mlp.{name}" for name in names),
        count=count,
        blocks=blocks,
        identity=identity,
        merges=False,
    )


ONE = 2 * 2 * (WIDTH + WIDTH)  # an addition of rank 2 to one of q, k, v and proj, in two blocks
TWO = 2 * 2 * 2 * (WIDTH + HIDDEN)  # to both layers of the MLP

CASES = {
    "lora": _lora("attn.qkv q", "attn.qkv v", count=2 * ONE),
    "lora alpha/rank": _lora("attn.qkv q", "attn.qkv v", count=2 * ONE, scaling="alpha/rank"),
    "lora dropout": _lora("attn.qkv q", "attn.qkv v", count=2 * ONE, dropout=0.5),
    "lora late": _lora("attn.qkv q", "attn.qkv v", count=ONE, blocks=(1,)),
    "lora q": _lora("attn.qkv q", count=ONE, targets=("q",)),
    "lora k": _lora("attn.qkv k", count=ONE, targets=("k",)),
    "lora v": _lora("attn.qkv v", count=ONE, targets=("v",)),
    "lora proj": _lora("attn.proj proj", count=ONE, targets=("proj",)),
    "lora mlp": _lora("mlp.lin1 mlp", "mlp.lin2 mlp", count=TWO, targets=("mlp",)),
    "lora everywhere, late, dropout": _lora(
        "attn.qkv q",
        "attn.qkv k",
        "attn.qkv v",
        "attn.proj proj",
        "mlp.lin1 mlp",
        "mlp.lin2 mlp",
        count=(4 * ONE + TWO) // 2,
        targets=("q", "k", "v", "proj", "mlp"),
        blocks=(1,),
        dropout=0.5,
    ),
    "fact": _fact(),
    "fact dropout": _fact(dropout=0.5),
    "fact late": _fact(count=2 * 3 * WIDTH + 2 * 3**2, blocks=(0,)),
    "fact micro-sam": _fact(variant="micro-sam", dropout=0.1, identity=False),
    "adaptformer": _adaptformer(),
    "adaptformer fixed": _adaptformer(count=2 * (2 * 5 * WIDTH + 5 + WIDTH), scale=0.1),
    "adaptformer dropout": _adaptformer(dropout=0.5),
    "adaptformer late": _adaptformer(count=2 * 5 * WIDTH + 5 + WIDTH + 1, blocks=(1,)),
    "adaptformer micro-sam": _adaptformer(variant="micro-sam", identity=False),
    "frozen": Case(method=Frozen(), added=None, count=0, blocks=()),
    "full": Case(method=Full(), added=None, count=BLOCK[0] + BLOCK[1] + OTHERS),
    "full late": Case(method=Full(blocks=(1,)), added=None, count=BLOCK[1], blocks=(1,)),
    "none": Case(method=Nothing(), added=None, count=0, blocks=()),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def _expected(case: Case) -> set[str]:
    """Names of what a case trains."""
    names = set(plain().state_dict())
    encoder = {name for name in names if name.startswith("vision_encoder.")}
    if case.method == Nothing():
        return set()
    if case.method == Full():
        inside = encoder
    elif case.added is None:
        inside = {name for name in encoder for block in case.blocks if f".layers.{block}." in name}
    else:
        inside = {f"vision_encoder.layers.{block}.{name}" for block in case.blocks for name in case.added}
    fixed = {name for name in names if name.endswith(("positional_embedding", "num_batches_tracked"))}
    return inside | (names - encoder - fixed)


def _same(one, other):
    """Whether two models hold the same tensors, to the bit."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@every_case
def test_it_trains_what_it_says(case):
    """The tensors by name. Two steps change these and no other: without decay, so a gradient reaches each of them.

    One step is not enough: what is zero at the start holds the gradient back from the factors behind it.
    """
    model = adapted(case.method)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    descend(model, steps=2)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}

    assert {name for name in adapters.trainable(model) if "num_batches" not in name} == _expected(case)
    assert {name for name in changed if "num_batches" not in name} == _expected(case)


@every_case
def test_it_counts_what_the_formula_says(case):
    """In the encoder; the rest is the same for all."""
    model, decoders = adapted(case.method), adapters.count(adapted(Frozen()))

    assert adapters.count(model.vision_encoder) == case.count
    assert adapters.count(model) == (0 if case.method == Nothing() else case.count + decoders)


@every_case
def test_it_starts_as_the_model_it_was_given(case):
    """The same bits, in training too; the variants of micro-sam change them, and here that shows."""
    model = adapted(case.method)
    adapters.draw_from(model.train(), numbers())
    training = model.encode(IMAGES)

    assert torch.equal(embedding(model), embedding(plain())) == case.identity
    assert torch.equal(training.detach(), embedding(plain())) == case.identity
    assert torch.allclose(embedding(model), embedding(plain()), atol=1e-4) == case.identity


@every_case
def test_it_is_saved_and_loaded_to_the_bit(case, tmp_path):
    """Through a file, into a model whose additions were drawn otherwise."""
    model, fresh = stirred(case.method), adapted(case.method, seed=8)
    checkpoints.save(tmp_path / "checkpoint", adapters.trainable(model), {})
    adapters.load(fresh, checkpoints.load(tmp_path / "checkpoint")[0])

    assert torch.equal(embedding(fresh), embedding(model))
    assert _same(fresh, model)


@every_case
def test_merged_it_is_a_plain_model(case):
    """The same output from the model's own tensors under their own names; else it says that it cannot be merged."""
    model = stirred(case.method)
    before = embedding(model)
    if not case.merges:
        with pytest.raises(DataError, match="here: must have an adapter that can be merged .* ReLU"):
            adapters.merge(model, place="here")
        return
    adapters.merge(model)

    assert list(model.state_dict()) == list(plain().state_dict())
    torch.testing.assert_close(embedding(model), before, atol=1e-5, rtol=1e-5)
    assert torch.allclose(before, embedding(plain()), atol=1e-3) == (case.count == 0)


@every_case
def test_it_is_applied_once(case):
    """A second adapter on top of additions is refused, whatever it is."""
    model = adapted(case.method)
    if case.added is None:
        return
    for second in (case.method, Lora(rank=1), Fact(rank=1), AdaptFormer(projection=1), Frozen(), Full(), Nothing()):
        with pytest.raises(ValueError, match="model must have no adapter"):
            adapters.apply(model, second, generator=numbers())


@every_case
def test_equal_seeds_begin_and_train_alike(case):
    """All draws come from the generators that are given, never from torch's own; other seeds draw other additions."""
    state = torch.get_rng_state()
    one, same, other = (adapted(case.method, seed=seed) for seed in (1, 1, 2))
    drawn = not _same(one, other)
    descend(one, steps=1)
    descend(same, steps=1)

    assert _same(one, same)
    assert drawn == (case.added is not None)
    assert torch.equal(torch.get_rng_state(), state)


@every_case
def test_dropout_needs_draws_in_training_alone(case):
    """Without a generator a step is refused; without training nothing is dropped, and a generator changes nothing."""
    model = stirred(case.method)
    dropped = getattr(case.method, "dropout", None) is not None
    fresh = adapted(case.method)
    fresh.load_state_dict(model.state_dict())
    if dropped:
        with pytest.raises(RuntimeError, match="dropout in training needs a generator: call adapters.draw_from"):
            fresh.train().encode(IMAGES)
    else:
        fresh.train().encode(IMAGES)
    outputs = []
    for seed in (1, 1, 2):
        adapters.draw_from(model.train(), numbers(seed))
        outputs.append(model.encode(IMAGES).detach())

    assert torch.equal(embedding(fresh), embedding(model))
    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[0], outputs[2]) != dropped

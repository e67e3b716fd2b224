"""Heads trained together end as they would alone."""

import itertools
import json
import math
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.tasks.embedding_classification.head_runs import configured, same, some_rows, trained

from tunebook.errors import InputError
from tunebook.tasks.embedding_classification import heads, members, schedules, streams
from tunebook.tasks.embedding_classification.cohorts import Member
from tunebook.tasks.embedding_classification.products import Products, alike

MIXED = [
    {"head__hidden_units": 0},
    {"head__hidden_units": 0, "optimizer__lr": 0.05, "loss__label_smoothing": 0.1},
    {"head__hidden_units": 0, "optimizer__name": "sgd", "optimizer__l2": 1e-3},
    {"head__hidden_units": 0, "loss__focal": True, "optimizer__name": "adamw", "optimizer__weight_decay": 0.01},
    {"head__hidden_units": 5, "head__dropout": 0.5},
    {"head__hidden_units": 5, "head__dropout": 0.25, "loss__focal": True, "schedule__name": "constant"},
    {"head__hidden_units": 33, "optimizer__name": "adamw", "optimizer__weight_decay": 0.1, "optimizer__l2": 1e-3},
    {"head__hidden_units": 33, "head__dropout": 0.5, "early_stopping__patience": 1, "optimizer__lr": 0.1},
    {"head__hidden_units": 33, "optimizer__name": "sgd", "loss__smoothing": "positives", "loss__label_smoothing": 0.2},
    {"head__hidden_units": 16, "early_stopping__metric": "auroc", "optimizer__l2": 1e-2},
    {"head__hidden_units": 0, "head__input_dropout": True, "head__dropout": 0.25},
    {"head__hidden_units": 0, "head__input_dropout": True, "head__dropout": 0.5, "optimizer__lr": 0.05},
    {"head__hidden_units": 5, "head__input_dropout": True, "head__dropout": 0.25},
]
"""Thirteen runs that differ in everything that may differ inside a stack."""


def mixed(seed=0, *, kind="binary", **more):
    """Members of all of `MIXED` on the same rows."""
    classes = 1 if kind == "binary" else 3
    rows, others = (some_rows(seed=each, classes=classes, single=kind == "multi-class") for each in (seed, seed + 1))
    return [Member(str(place), configured(**{**each, **more}), seed, rows, others) for place, each in enumerate(MIXED)]


# Exact ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "kind", "more"),
    [
        (0, "binary", {}),
        (1, "binary", {"batch_size": 7, "precision": "fp64", "budget__epochs": 2}),
        (2, "multi-class", {"mixup__kind": "batch"}),
        (3, "multi-label", {"batch_size": 100, "head__standardise": False, "mixup__kind": "once"}),
        (4, "binary", {"head__input_dropout": True, "batch_size": 32}),
        (5, "binary", {"precision": "bf16"}),
    ],
)
def test_a_run_ends_in_the_bits_of_the_run_alone(seed, kind, more):
    """Weights, epochs and every point of the curve, whatever the others are."""
    together = mixed(seed, kind=kind, **more)
    ended, points = trained(together, kind=kind)

    for member in together:
        alone, curve = trained([member], kind=kind)

        assert same(alone[member.name], ended[member.name])
        assert curve[member.name] == points[member.name]


def test_order_and_grouping_change_no_bit(monkeypatch):
    """Members in another order, in halves, or in stacks of a few runs."""
    together = mixed()
    ended, _ = trained(together)
    shuffled = random.Random(0).sample(together, len(together))
    monkeypatch.setattr(members, "STACKED_BYTES", 40_000)
    monkeypatch.setattr(members, "LINEAR_RUNS", 3)

    for group in (shuffled, shuffled[:5], shuffled[5:]):
        again, _ = trained(group)

        assert all(same(again[member.name], ended[member.name]) for member in group)


@pytest.mark.parametrize("classes", [1, 3, 4])
def test_linear_heads_of_several_seeds_and_training_sets_stand_in_one_stack(classes):
    """Each is that of the run alone, though some stop early, some drop inputs and every source has its own scale."""
    sets = [some_rows(seed=seed, classes=classes) for seed in (0, 1)]
    others = some_rows(seed=2, classes=classes)
    changes = [MIXED[0], MIXED[1], MIXED[10], {"optimizer__lr": 0.3, "early_stopping__patience": 1}]
    group = [
        Member(f"{at} {seed} {kind}", configured(**change, budget__epochs=6), seed, rows, others)
        for at, rows in enumerate(sets)
        for seed in (0, 1, 2)
        for kind, change in enumerate(changes)
    ]
    kind = "binary" if classes == 1 else "multi-label"
    ended, points = trained(group, kind=kind)

    assert [len(stack) for stack in members.stacked(group)] == [24]
    assert len({ended[member.name].trained_epochs for member in group}) > 1
    for member in group:
        alone, curve = trained([member], kind=kind)

        assert same(alone[member.name], ended[member.name])
        assert curve[member.name] == points[member.name]


def test_members_of_one_training_set_are_each_validated_on_their_own_rows():
    """Two validation sets of one length: each run keeps the epoch that it keeps alone."""
    rows = some_rows()
    others = [some_rows(seed=seed, rows=17) for seed in (5, 6, 7)]
    config = configured(budget__epochs=12, optimizer__lr=0.1)
    group = [Member(str(at), config, 0, rows, validation) for at, validation in enumerate(others)]
    ended, points = trained(group)

    assert len(list(members.stacked(group))) == 1
    assert len({points[member.name][0]["val_loss"] for member in group}) == 3
    for member in group:
        alone, curve = trained([member])

        assert same(alone[member.name], ended[member.name])
        assert curve[member.name] == points[member.name]


def test_training_sets_of_other_lengths_do_not_share_steps():
    """A run of more rows has more steps in an epoch; a head with a hidden layer stays with its own rows."""
    group = [Member(str(rows), configured(), 0, some_rows(rows=rows), None) for rows in (53, 54)]
    hidden = [Member(str(seed), configured(head__hidden_units=5), seed, group[0].training, None) for seed in (0, 1)]

    assert [len(stack) for stack in members.stacked([*group, *hidden])] == [1, 1, 1, 1]


def test_rows_are_no_multiple_of_4096_bytes_apart():
    """Of 1,024 dimensions they would fall into the same places of a cache; what fills them up changes no head."""
    from tunebook.tasks.embedding_classification.batches import filled_row

    assert [filled_row(width) for width in (37, 512, 1010, 1024, 2048)] == [48, 512, 1040, 1040, 2064]
    rows = some_rows(width=1024)
    group = [
        Member(f"{seed} {hidden}", configured(head__hidden_units=hidden), seed, rows, None)
        for seed, hidden in ((0, 0), (1, 0), (0, 5))
    ]
    ended, _ = trained(group)

    assert ended["0 0"].head.tensors["output.weight"].shape == (1, 1024)
    assert all(same(trained([member])[0][member.name], ended[member.name]) for member in group)


def test_a_panel_may_be_full_or_not():
    """Forty linear heads of three classes; each is that of the run alone."""
    rows, others = some_rows(classes=3), some_rows(seed=1, classes=3)
    group = [Member(str(place), configured(optimizer__lr=0.001 * (place + 1)), 0, rows, others) for place in range(40)]
    ended, _ = trained(group, kind="multi-label")

    for member in group[::9]:
        alone, _ = trained([member], kind="multi-label")

        assert same(alone[member.name], ended[member.name])


def test_another_process_ends_in_the_same_bits():
    """A child process that trains one run alone on two threads finds what the cohort found here."""
    code = (
        "import json, torch; torch.set_num_threads(2)\n"
        "from tests.tasks.embedding_classification.test_head_cohorts import mixed\n"
        "from tests.tasks.embedding_classification.head_runs import trained\n"
        "ended, points = trained(mixed(7)[7:8])\n"
        "print(json.dumps([{n: t.tolist() for n, t in ended['7'].head.tensors.items()}, points['7']]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    tensors, curve = json.loads(done.stdout)
    ended, points = trained(mixed(7))

    assert curve == points["7"]
    assert all(torch.equal(torch.tensor(tensors[name]), value) for name, value in ended["7"].head.tensors.items())


def test_a_seed_changes_everything_that_is_drawn():
    """Two seeds start apart, so they end apart; one seed ends as itself."""
    rows = some_rows()
    ended, _ = trained([Member(str(seed), configured(), seed, rows, None) for seed in (0, 1)])
    again, _ = trained([Member("0", configured(), 0, rows, None)])

    assert same(again["0"], ended["0"])
    assert not same(ended["0"], ended["1"])


def test_a_product_that_treats_its_last_row_otherwise_is_seen():
    """The trial of a product can fail."""

    class Uneven(Products):
        def product(self, left, right, out, *, times=1.0):
            super().product(left, right, out, times=times)
            out[-1] *= 1 + 1e-6

    sizes = {"few": 4, "rows": 16, "inner": 48, "columns": 7, "device": torch.device("cpu"), "dtype": torch.float32}

    assert alike(Products(), **sizes)
    assert not alike(Uneven(), **sizes)


def test_kernels_that_treat_rows_otherwise_are_found(monkeypatch):
    """Where the trial of a product fails, every linear head has a panel of its own; the run's bits are its own."""
    from tunebook.tasks.embedding_classification import cohorts

    monkeypatch.setattr(cohorts, "alike", lambda *_, **__: False)
    together = mixed()
    ended, _ = trained(together)

    assert same(trained(together[:1])[0]["0"], ended["0"])


# Divergence and leaving -------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [0, 5])
def test_a_diverged_run_leaves_and_changes_no_other(hidden):
    """Its last point is not finite, it never ends, and the others end as they would without it."""
    group = mixed()
    wild = {"optimizer__name": "sgd", "optimizer__lr": 3e38, "head__hidden_units": hidden}
    group.insert(3, Member("wild", configured(**wild), 0, group[0].training, group[0].validation))
    ended, points = trained(group)
    without, _ = trained(mixed())

    assert "wild" not in ended
    assert not all(math.isfinite(value) for value in points["wild"][-1].values())
    assert len(points["wild"]) < 3
    assert all(same(without[name], ended[name]) for name in without)


def test_a_run_that_stops_leaves_the_others_to_go_on():
    """A run of little patience ends early; the others have all their points."""
    ended, points = trained(mixed(budget__epochs=12))

    assert ended["7"].trained_epochs == len(points["7"]) < 12
    assert ended["0"].trained_epochs == len(points["0"]) == 12


# Against other ways -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["binary", "multi-class"])
def test_fast_is_exact_but_for_rounding(kind):
    """In double precision they agree to 1e-10."""
    exact, fast = (
        trained(mixed(kind=kind, precision="fp64", arithmetic=how), kind=kind)[1] for how in ("exact", "fast")
    )

    for name, curve in exact.items():
        assert [list(point.values()) for point in fast[name]] == [
            pytest.approx(list(point.values()), abs=1e-10, rel=1e-10) for point in curve
        ]


@pytest.mark.parametrize("changes", [MIXED[0], MIXED[2], MIXED[3], MIXED[4], MIXED[6], MIXED[8]])
def test_a_run_is_what_a_plain_loop_makes_of_it(changes):
    """The same start, order, masks, rates and penalties in autograd and torch.optim end within 1e-5."""
    config = configured(**changes, keep_weights="last", early_stopping={"patience": None})
    rows = some_rows()
    ended, points = trained([Member("a", config, 3, rows, None)])
    tensors, losses = plain(config, rows, seed=3)

    for name, tensor in tensors.items():
        assert torch.allclose(ended["a"].head.tensors[name], tensor.float(), atol=1e-5)
    assert [point["loss"] for point in points["a"]] == pytest.approx(losses, rel=1e-4)


def plain(config, rows, *, seed):
    """One run as one would write it."""
    x = torch.from_numpy((rows.embeddings - rows.embeddings.mean(0)) / rows.embeddings.std(0))
    y, size = torch.from_numpy(rows.targets), config.batch_size
    shape = heads.Shape(x.shape[1], config.head.hidden_units, 1)
    start = heads.initial(shape, seed=seed)
    tensors = {name: torch.tensor(value, dtype=torch.float32, requires_grad=True) for name, value in start.items()}
    kernels = [tensor for name, tensor in tensors.items() if name.endswith("weight")]
    how, decay = config.optimizer, config.optimizer.weight_decay
    groups = [
        {"params": kernels, "weight_decay": decay if how.name == "adamw" else 2 * how.l2},
        {"params": [tensor for name, tensor in tensors.items() if name.endswith("bias")], "weight_decay": 0.0},
    ]
    made = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[how.name]
    optimizer = made(groups, lr=how.lr, **({"momentum": 0.9} if how.name == "sgd" else {}))
    steps, width, step, losses = -(-len(x) // size), -(-shape.hidden // 16) * 16, 0, []
    for epoch in range(config.budget.epochs):
        order = torch.from_numpy(streams.generator(seed, "order", epoch).permutation(len(x)))
        draws, total = streams.Halfwords(seed, f"dropout {width}", epoch), 0.0
        for now in order.split(size):
            rate = how.lr * schedules.factor(
                step, steps_per_epoch=steps, epochs=config.budget.epochs, schedule=config.schedule
            )
            for group in optimizer.param_groups:
                group["lr"] = rate
            units = x[now]
            if shape.hidden:
                units = F.relu(units @ tensors["hidden.weight"].t() + tensors["hidden.bias"])
                if config.head.dropout:
                    kept = draws.draw(size * width)[: width * len(now)] >= streams.threshold(config.head.dropout)
                    kept = torch.from_numpy(kept.reshape(width, len(now))[: shape.hidden]).t()
                    units = units * kept / (1 - config.head.dropout)
            logits = units @ tensors["output.weight"].t() + tensors["output.bias"]
            loss = objective(config.loss, logits, y[now])
            total += float(loss.detach()) * len(now)
            penalty = how.l2 * sum(kernel.square().sum() for kernel in kernels) if how.name == "adamw" else 0.0
            optimizer.zero_grad()
            (loss + penalty).backward()
            optimizer.step()
            step += 1
        losses.append(total / len(x))
    return {name: tensor.detach() for name, tensor in tensors.items()}, losses


def objective(loss, logits, targets):
    """Binary cross-entropy with smoothing and focus."""
    towards = 0.5 if loss.smoothing == "symmetric" else 0.0
    truth = targets * (1 - loss.label_smoothing) + loss.label_smoothing * towards
    chance = logits.sigmoid()
    right = truth * chance + (1 - truth) * (1 - chance)
    weight = 1 if loss.focal_alpha is None else truth * loss.focal_alpha + (1 - truth) * (1 - loss.focal_alpha)
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (weight * (1 - right) ** loss.focal_gamma * each).mean()


def test_golden_losses():
    """The losses of one run on known rows; whatever changes them changes published numbers."""
    _, points = trained([Member("a", configured(head__hidden_units=5, head__dropout=0.5), 0, some_rows(), None)])

    assert [point["loss"] for point in points["a"]] == pytest.approx([0.85344, 1.06080, 0.97844], rel=1e-4)


# Dropout, scaling, refusals ---------------------------------------------------------------------------


def test_more_dropout_drops_what_less_dropout_drops():
    """Rates are thresholds of the same numbers, so that runs of one seed differ in their rate alone."""
    from tunebook.tasks.embedding_classification.batches import Batches, Mask, table
    from tunebook.tasks.embedding_classification.config import Mixup

    rows = table(some_rows(), {}, device="cpu", dtype=torch.float32)
    some, many = Mask(0.25, 16), Mask(0.75, 16)
    batches = Batches(
        rows, seed=0, batch_size=7, mixup=Mixup(), input_rates=frozenset({0.0}), width=37, masks=frozenset({some, many})
    )
    kept = [(batch.masks[some].clone(), batch.masks[many].clone()) for batch in batches.epoch(0)]

    assert all(((less - more) >= 0).all() for less, more in kept)
    assert np.mean([float(less.mean()) for less, _ in kept]) == pytest.approx(0.75, abs=0.05)
    assert any(not torch.equal(one[0], other[0]) for one, other in itertools.pairwise(kept[:7]))


def test_the_scale_is_that_of_the_training_rows():
    """It is kept with the head; a dimension that never changes is divided by 1."""
    rows = some_rows()
    rows.embeddings[:, 3] = 4.0
    ended, _ = trained([Member("a", configured(), 0, rows, None)])
    tensors = ended["a"].head.tensors

    assert np.allclose(tensors["scale.mean"], rows.embeddings.mean(axis=0), atol=1e-6)
    assert tensors["scale.deviation"][3] == 1
    assert ended["a"].head.parameters == 38


def test_rows_without_an_embedding_have_no_logits():
    """Rows of NaN stay NaN, and change no other row."""
    rows = some_rows()
    ended, _ = trained([Member("a", configured(head__hidden_units=5), 0, rows, None)])
    gap = rows.embeddings.copy()
    gap[4] = np.nan
    whole, said = (heads.logits(ended["a"].head.tensors, each) for each in (rows.embeddings, gap))

    assert np.isnan(said[4]).all()
    assert np.array_equal(np.delete(said, 4, 0), np.delete(whole, 4, 0))


def test_heads_start_as_keras_starts_them():
    """He normal cut at two deviations of it, Glorot uniform, biases of 0."""
    start = heads.initial(heads.Shape(400, 300, 2), seed=0)
    hidden, output = start["hidden.weight"], start["output.weight"]

    assert hidden.std() == pytest.approx(math.sqrt(2 / 400), rel=0.01)
    assert np.abs(hidden).max() <= 2 * math.sqrt(2 / 400) / 0.8796
    assert np.abs(output).max() <= math.sqrt(6 / 302)
    assert output.std() == pytest.approx(math.sqrt(6 / 302 / 3), rel=0.1)
    assert not start["hidden.bias"].any()


def test_a_loss_that_the_data_do_not_have_is_refused():
    """Before anything is trained."""
    with pytest.raises(InputError, match="loss.kind"):
        trained([Member("a", configured(loss__kind="softmax"), 0, some_rows(), None)])


def test_threads_and_gradients_are_left_as_they_were():
    """Training holds torch to one thread and no gradients, but not the caller."""
    from tunebook.tasks.embedding_classification.cohorts import train

    before = torch.get_num_threads()
    for _ in train([Member("a", configured(), 0, some_rows(), None)], kind="binary"):
        assert torch.get_num_threads() == before
        assert torch.is_grad_enabled()

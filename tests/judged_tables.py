"""Made-up studies that are judged in every way: finalists confirmed, controls, an overruled decision; and a book."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from study_tables import AIS, BOX, METRICS, a_row, a_table

from tunebook.analyse import decide, overruled
from tunebook.records import Chapter, Control, Costs, Decision, MetricFacts, Role, Row, RunFacts, Settings, Table

RANKS, ALPHAS = (1, 4, 16), (1, 8)


@cache
def judged(*, because: str = "") -> Table:
    """Rank matters and alpha does not; three finalists run on fresh seeds, and two controls, one of which falls.

    Args:
        because: Why a person overruled the rule; empty when nobody did.
    """
    rows = [_row(rank, alpha) for rank in RANKS for alpha in ALPHAS]
    table = a_table(
        *rows,
        study="judged",
        question="Which rank, when the winner must hold on fresh seeds?",
        report=(AIS, BOX),
        metrics={**METRICS, "loss": MetricFacts("loss", "minimize", "Training loss", unit="nats")},
        rule="one-standard-error",
        prefer=(("trainable_parameters", "low"), ("adapter.rank", "low")),
        require=("box.msa >= 0.5", "trainable_parameters <= 1e6"),
        confirm=(3, 3),
        controls=(_control("base", 0.49, 0.48, first=3), _control("lucky", 0.62, 0.5, first=0)),
        provenance={"study file": "study: judged\n"},
    )
    decision = decide(table)
    assert decision is not None
    if because:
        decision = overruled(decision, table, "alpha=8 rank=1", because, "A. Person", "2030-01-31")
    return replace(table, decision=decision)


def chapters(decision: Decision) -> Sequence[Chapter]:
    """A book of five studies: a chain, a study that skips a step of it, one that is outdated, one that has not run."""
    seconds = replace(decision, study="rates", label="lr=0.001")
    return [
        Chapter("rates", "Which learning rate?", "toy", "decided", 8, 0, 8, seconds),
        Chapter("ranks", "Which rank?", "toy", "outdated", 11, 1, 12, decision, (("rates", "base"),), "1 run failed"),
        Chapter("judged", "Which rank holds?", "toy", "decided", 30, 0, 30, decision, (("ranks", "refine"),)),
        Chapter("best", "", "toy", "interim", 3, 0, 9, None, (("judged", "alternative"), ("rates", "weights"))),
        Chapter("alone", "Something else?", "toy", "not run", 0, 0, 4),
    ]


def _row(rank: int, alpha: int) -> Row:
    runs = [_run(rank, alpha, seed, "search") for seed in range(3)]
    if rank == 16 or (rank, alpha) == (4, 1):
        runs += [_run(rank, alpha, seed, "confirm") for seed in range(3, 6)]
    if (rank, alpha) == (4, 1):
        runs += [_run(rank, alpha, seed, "noise") for seed in range(3, 7)]
        runs.append(replace(_run(rank, alpha, 0, "noise"), id="again", repeat=1))
    parameters = {"adapter.rank": rank, "adapter.alpha": alpha}
    return a_row(f"alpha={alpha} rank={rank}", *runs, parameters=parameters)


def _run(rank: int, alpha: int, seed: int, role: Role) -> RunFacts:
    draw = np.random.default_rng([rank, alpha, seed])
    base = 0.5 + 0.02 * RANKS.index(rank) + draw.normal(0, 0.008)
    keys = [(AIS, "val"), (AIS, "test"), (BOX, "test"), (BOX, "val")]
    items = {key: {f"cell-{at:02}": float(base + draw.normal(0, 0.05)) for at in range(12)} for key in keys}
    return RunFacts(
        id=f"{rank:04x}{alpha:04x}{seed:08x}",
        replicate={"seed": seed},
        role=role,
        status="finished",
        scores={key: float(np.mean(list(values.values()))) for key, values in items.items()},
        items=items,
        settings=(Settings("ais", "val", AIS, {"foreground": 0.5}),),
        quantities={"trainable_parameters": 24_000 + 4_608 * rank},
        costs=Costs(40.0 + rank, 39.0 + rank, 600.0 + 20 * rank),
        provenance={"tunebook": "0.1.0", "device": "cpu"},
    )


def _control(study: str, before: float, here: float, *, first: int) -> Control:
    """Three runs there and three here: on other seeds, or on the same ones, executed again."""
    label = f"{study} rank=4"
    there = [_scored(seed, before, "search") for seed in range(3)]
    again = [replace(_scored(seed, here, "control"), repeat=int(seed < 3)) for seed in range(first, first + 3)]
    return Control(study, label, AIS, "val", [a_row(label, *there)], [a_row(label, *again)])


def _scored(seed: int, mean: float, role: Role) -> RunFacts:
    score = mean + 0.004 * (seed % 3 - 1)
    return RunFacts(f"{role}-{mean}-{seed}", {"seed": seed}, role, "finished", scores={(AIS, "val"): score})

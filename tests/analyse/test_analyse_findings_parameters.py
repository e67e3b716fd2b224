"""Findings on parameters: those without effect, and winners at the edge."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse import decide, findings
from tunebook.analyse.audit.equality import idle
from tunebook.analyse.scores import Unavailable


def codes(table):
    return [finding.code for finding in findings(table)]


def of(code, table):
    return [finding for finding in findings(table) if finding.code == code]


def grid(score, *, seeds=3, noise=0.01, alternative="", **values):
    """Rows over all combinations of values; the score of a point and a seed is that of the function, with noise."""
    rows = []
    for point in product(*values.values()):
        named = dict(zip(values, point, strict=True))
        draws = np.random.default_rng([17, len(rows)]).normal(0, noise, seeds)
        runs = [
            a_run(seed, val=score(named, seed) + draw, test=score(named, seed) + draw / 2)
            for seed, draw in enumerate(draws)
        ]
        label = " ".join(f"{name}={value}" for name, value in named.items())
        rows.append(a_row(label, *runs, parameters=named, alternative=alternative))
    return rows


# T201


def by_lr(point, seed):
    return 0.5 + 0.1 * point["lr"] + 0.003 * seed


def test_t201_when_nothing_is_to_be_seen_where_it_would_be():
    """The numbers of every metric: F, p, what would have been seen, and how far the configurations lie apart."""
    (found,) = of("T201", a_table(*grid(by_lr, lr=(1, 2, 3), alpha=(1, 2, 4, 8))))

    assert found.sentence == "alpha has no measurable effect on ais.msa."
    assert [each.partition(":")[0] for each in found.evidence] == ["ais.msa on val", "ais.msa on test"]
    assert "; a range above 0.0" in found.evidence[0]
    assert "the configurations range over 0.2" in found.evidence[0]


def test_no_t201_where_an_effect_could_not_have_been_seen():
    """Too much noise for the range of the configurations: then nothing is said of a parameter."""
    loud = grid(lambda point, seed: 0.5, lr=(1, 2), alpha=(1, 2), seeds=2, noise=0.1)

    assert of("T201", a_table(*loud)) == []


def test_no_t201_where_it_matters_for_another_parameter():
    """No effect on average, but one that turns round with another parameter, is an effect."""
    crossed = grid(lambda point, seed: 0.5 + 0.1 * point["a"] * point["b"], a=(-1, 1), b=(-1, 1), seeds=5)

    assert of("T201", a_table(*crossed)) == []


def test_no_t201_where_one_metric_shows_it():
    """A parameter that only the reported metric knows of."""
    rows = grid(by_lr, lr=(1, 2, 3), alpha=(1, 2, 4, 8))
    shown = [
        replace(
            row,
            runs=tuple(
                replace(
                    run, scores={**run.scores, (AIS, "test"): 0.1 * row.parameters["alpha"] + run.scores[AIS, "test"]}
                )
                for run in row.runs
            ),
        )
        for row in rows
    ]

    assert of("T201", a_table(*shown)) == []


def test_t201_is_certain_where_scores_are_equal():
    """To the last digit, over every metric: no statistics are needed, and an edge of it is none."""
    rows = grid(lambda point, seed: 0.5 + 0.01 * point["lr"] + 0.001 * seed, lr=(3, 4, 1), alpha=(1, 2), noise=0.0)
    table = a_table(*rows)
    found = findings(table, effects_of=lambda *_: Unavailable("not asked"))

    assert [each.code for each in found if each.code[:2] == "T2"] == ["T201", "T202"]
    assert (
        found[0].sentence
        == "alpha has no effect at all: runs that differ in it alone have equal scores, to the last digit."
    )
    assert found[0].evidence == ("9 groups of runs compared, for example lr=3 alpha=1 seed=0 and alpha=2",)
    assert all(line.rpartition(": ")[2].startswith("lr ") for line in found[1].evidence)


def test_t201_where_it_cannot_matter():
    """Without effect only with one value of another parameter: that is said, with the value."""
    rows = grid(
        lambda point, seed: 0.5 + 0.01 * seed + point["bce"] * point["smooth"], bce=(0, 0.1), smooth=(0.1, 0.2), noise=0
    )
    (found,) = idle(a_table(*rows))

    assert (found.parameter, found.where, found.groups) == ("smooth", "bce=0", 3)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_scores_at_an_end_tell_nothing_of_a_parameter(value):
    """Predictors that find nothing are all alike, whatever else they are."""
    broken = [lambda point, seed: value, lambda point, seed: value if point["lr"] == 3 else by_lr(point, seed)]
    rows = [[*grid(score, lr=(1, 2), alpha=(1, 2)), *grid(score, lr=(3,), alpha=(1, 2), noise=0)] for score in broken]

    assert [list(idle(a_table(*each))) for each in rows] == [[], []]


def test_scores_that_coincide_by_chance_tell_nothing():
    """Of few items many scores are equal, of other configurations too: three equal pairs are no proof."""
    rows = grid(lambda point, seed: 0.5 + 0.25 * (point["lr"] == 2), lr=(1, 2, 3), alpha=(1, 2), seeds=1, noise=0)

    assert list(idle(a_table(*rows))) == []


# T202


def points(*found, alternative=""):
    """Rows of (parameters, score), named by their parameters."""
    return [
        a_row(f"{alternative} {point}", a_run(0, val=val), a_run(1, val=val), parameters=point, alternative=alternative)
        for point, val in found
    ]


def test_t202_when_the_winner_is_at_an_edge():
    """Among the values tried with the winner's others, in each alternative by itself; with the value that is next."""
    lora = points(
        ({"alpha": 1, "lr": 0.001}, 0.5), ({"alpha": 4, "lr": 0.001}, 0.7), ({"alpha": 16, "lr": 0.001}, 0.6),
        ({"alpha": 4, "lr": 0.0001}, 0.6), ({"alpha": 1, "lr": 0.01}, 0.1), alternative="lora",
    )  # fmt: skip
    full = points(({"dropout": 0.2}, 0.1), ({"dropout": 0.3}, 0.2), ({"dropout": None}, 0.1), alternative="full")
    (found,) = of("T202", a_table(*lora, *full))

    assert [each.rpartition(": ")[2] for each in found.evidence] == [
        "lr 0.001 is the largest of 0.0001, 0.001", "dropout 0.3 is the largest of 0.2, 0.3",
    ]  # fmt: skip
    assert found.way_out.endswith(": lr 0.01 (lora), dropout 0.4 (full)")


def test_t202_prints_the_study_that_would_look_there():
    """After the way out, once a configuration was decided."""
    table = a_table(*points(({"rank": 2}, 0.5), ({"rank": 4}, 0.7)))
    (found,) = of("T202", replace(table, decision=decide(table)))
    first, *file = found.way_out.splitlines()

    assert first == "try the next value, where the parameter can have it: rank 8"
    assert "study: cells-further" in file
    assert any("rank: [4, 8" in line for line in file)


def test_there_is_no_edge_inside_nor_at_zero_nor_of_words():
    """A winner between others, one at zero of values that are never negative, texts, and a single value."""
    inside = points(({"rank": 1}, 0.1), ({"rank": 2}, 0.3), ({"rank": 4}, 0.2))
    zero = points(({"dropout": 0}, 0.3), ({"dropout": 0.1}, 0.2))
    words = points(({"scale": "learnable"}, 0.3), ({"scale": 0.5}, 0.2), ({"flag": True}, 0.1))

    assert [of("T202", a_table(*rows)) for rows in (inside, zero, words)] == [[], [], []]

"""Folds as replicates: what is paired, what is told apart, and what is not claimed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from crossed_cells import fixed
from scipy import stats
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse import Cell, cell, difference, findings
from tunebook.analyse.crossed import common, shared_by_folds
from tunebook.analyse.decision import runs_of_decided
from tunebook.analyse.noise import folds, noise
from tunebook.analyse.resampling import interval
from tunebook.analyse.scores import finest, mean_over_cases, ordered
from tunebook.analyse.stability import stability
from tunebook.analyse.sureness import sureness
from tunebook.records import DataFacts, Row, RunFacts, SplitFacts, Table
from tunebook.report.data import data_card
from tunebook.report.noise import noise_card

SCORES = np.random.default_rng(0).normal(0.6, 0.05, (4, 2, 5)).tolist()
"""Configurations x seeds x folds."""


def a_fold(seed: int | None, fold: int, value: float, **facts: object) -> RunFacts:
    """A run on a fold, whose val items are its own and whose test items are those of all."""
    items = {
        (AIS, "val"): {f"cell-{fold}-{at}": value + at / 100 for at in (-1, 0, 1)},
        (AIS, "test"): {f"cell-{at}": value + at / 100 for at in (-1, 0, 1)},
    }
    replicate = {"fold": fold} if seed is None else {"seed": seed, "fold": fold}
    return a_run(0, val=value, test=value, replicate=replicate, id=f"r{seed}-{fold}", items=items, **facts)


def folded(values, label: str = "a") -> Row:
    """A row of seeds x folds; of a single list: of folds that no seed can change."""
    if not isinstance(values[0], list):
        return a_row(label, *(a_fold(None, fold, value) for fold, value in enumerate(values)))
    return a_row(label, *(a_fold(s, f, value) for s, own in enumerate(values) for f, value in enumerate(own)))


def scored(values, split: str = "val") -> Cell:
    return cell(folded(values), metric=AIS, split=split)


def study() -> Table:
    return a_table(*(folded(values, f"rank={rank}") for rank, values in enumerate(SCORES)))


def test_a_replicate_is_seed_and_fold():
    """n counts both, and values are paired by both."""
    found = scored(SCORES[0])

    assert found.n == 10
    assert len(found.by_replicate) == 10
    assert found.by_replicate["fold=3 seed=1"] == SCORES[0][1][3]
    assert difference(found, scored(SCORES[1])).n == 10


def test_folds_with_items_of_their_own_are_judged_by_scores():
    """On val every fold has other items, which are no items in common; on test all have the same."""
    assert scored(SCORES[0]).items == {}
    assert difference(scored(SCORES[0]), scored(SCORES[1])).items == 0
    assert difference(scored(SCORES[0], "test"), scored(SCORES[1], "test")).items == 3


def test_a_difference_over_folds_is_a_corrected_t_test():
    """Nadeau and Bengio (2003): the variance times 1/n + tested over trained, which is 1 / (folds - 1)."""
    one, other = SCORES[0][0], SCORES[1][0]
    gaps = np.subtract(one, other)
    found = difference(scored([one]), scored([other]))
    half = stats.t.ppf(0.975, 4) * math.sqrt(gaps.var(ddof=1) * (1 / 5 + 1 / 4))

    assert np.allclose([found.low, found.high], [gaps.mean() - half, gaps.mean() + half])


def test_seeds_alone_are_not_corrected():
    """Nothing is shared by seeds that would not be shared by other seeds."""
    assert shared_by_folds(["seed=0", "seed=1", "seed=2"]) == 0
    assert shared_by_folds([""]) == 0
    assert shared_by_folds(["fold=0 seed=0", "fold=1 seed=0", "fold=0 seed=1"]) == 1


def test_many_folds_do_not_make_up_for_what_they_share():
    """The interval of one mean over ten replicates or more is no bootstrap of them, and is wider."""
    values = [[value] for value in np.random.default_rng(1).normal(size=20)]
    plain = interval(values, draws=2000, seed=0)
    wider = interval(values, draws=2000, seed=0, shared=1 / 4)

    assert (plain.method, wider.method) == ("BCa", "Student")
    assert wider.high - wider.low > 2 * (plain.high - plain.low)
    assert all(each.interval.method == "Student" for each in sureness(study()))


def test_a_row_that_only_folds_change_is_paired_with_every_seed_of_them():
    """A head that no seed changes, against a trained one: fold by fold."""
    floor, trained = scored(SCORES[2][0]), scored(SCORES[0])
    gaps = np.subtract(SCORES[0], SCORES[2][0])

    assert len(common(floor, trained)) == 10
    assert difference(trained, floor).mean == pytest.approx(gaps.mean())
    assert difference(floor, scored(SCORES[3][0])).n == 5
    assert difference(trained, fixed(0.5)).n == 10


def test_cases_may_differ_in_what_changes_them():
    """The mean over a case that folds change alone, and one that seeds change too, is one of each replicate."""
    whole = mean_over_cases([scored(SCORES[2][0]), scored(SCORES[0])])

    assert whole.by_replicate["fold=1 seed=1"] == pytest.approx((SCORES[2][0][1] + SCORES[0][1][1]) / 2)
    assert len(whole.by_replicate) == 10
    assert finest(["fold=0", "fold=0 seed=0", ""]) == ("fold=0 seed=0",)


def test_one_fold_stands_for_a_seed_where_weights_are_asked_for():
    """The lowest fold of each seed; of rows that no seed changes that of -1."""
    entries = {
        entry.configuration: entry for entry in ordered(a_table(folded(SCORES[0], "a"), folded(SCORES[2][0], "b")))
    }

    assert runs_of_decided(entries["a"]) == {0: "r0-0", 1: "r1-0"}
    assert runs_of_decided(entries["b"]) == {-1: "rNone-0"}


def test_one_seed_on_many_folds_is_no_seed_twice():
    """T103 and T102 count whole replicates."""
    found = {finding.code for finding in findings(study())}
    twice = a_table(folded(SCORES[0]), a_row("b", a_fold(0, 0, 0.5), a_fold(0, 0, 0.6)))

    assert not found & {"T102", "T103"}
    assert {"T102", "T103"} <= {finding.code for finding in findings(twice)}


def test_the_spread_over_folds_is_known_and_its_limits_are_said():
    """The noise card says what folds share; a study without folds has no such sentence."""
    plain = a_table(a_row("a", a_run(0, val=0.5), a_run(1, val=0.6)), a_row("b", a_run(0, val=0.4), a_run(1, val=0.6)))

    assert noise(study(), AIS, "val").df == 4 * 9
    assert folds(study()) == 5
    assert stability(study())[0].n == 10
    assert any("Bengio and Grandvalet" in caveat for caveat in noise_card(study()).caveats)
    assert not any("fold" in caveat for caveat in noise_card(plain).caveats)


def test_the_data_of_a_study_on_folds_are_those_of_its_first():
    """The card says so, and how many items are dealt out; a card without folds has no such words."""
    data = (DataFacts("cells", "images", (SplitFacts("train", 8), SplitFacts("val", 2), SplitFacts("test", 5))),)
    card = data_card(replace(study(), data=data))
    plain = data_card(replace(a_table(a_row("a", a_run(0, val=0.5))), data=data))

    assert card is not None
    assert card.sentence == "In the first of 5 folds: 8 train, 2 val and 5 test images. Nothing odd was found."
    assert card.caveats[0].startswith("10 images are dealt out to 5 folds, and stand in val in one of them each. ")
    assert plain is not None
    assert "fold" not in f"{plain.sentence} {plain.caveats}"

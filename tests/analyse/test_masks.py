"""What binary masks are by their pixels, which pictures are shown, and configurations that look alike."""

from dataclasses import replace

import numpy as np
import pytest
from masked_tables import BACKGROUND, FOREGROUND, masked, masked_table, pixels, seen
from study_tables import a_row, a_run, failed

from tunebook.analyse import Confusion, Unavailable, findings, kinds, shown_items, visual_groups
from tunebook.analyse.masks import confusion, level_of
from tunebook.records import Case, Pixels
from tunebook.tasks.binary_segmentation import counts

GOOD = (0.8, 0.1)


def kinds_of(*masks):
    """The kinds of one run at 0.5 and at its threshold."""
    found = kinds(masked_table(masked("a", 0.5, masks))).masks[0]
    return found.half_kind, found.chosen_kind


def items_of(table):
    return shown_items(table, Case())


def looks(table):
    """Name of a group -> what it looks like, and who is in it."""
    found = visual_groups(table, Case())
    return {each.name: (each.looks, [entry.label for entry in each.members]) for each in found.groups}


def test_pixels_are_counted_as_the_task_counts_them():
    """At every level that can be chosen, and at 0.5."""
    draw = np.random.default_rng(0)
    histogram = draw.integers(0, 9, (2, 256))
    held = Pixels(tuple(histogram[0].tolist()), tuple(histogram[1].tolist()), 0.5)

    for level in range(256):
        found = counts.at_level(histogram, level)
        assert confusion(held, level) == Confusion(found.tp, found.fp, found.fn, found.tn)
        assert level_of(level / 255) == counts.level_of(level / 255) == level
    assert level_of(0.5) == 128


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        (pixels(0.5, 0.1), "all black"),
        (pixels(0, 0, low=0), "all black"),
        (pixels(0, 0), "constant"),
        (pixels(1, BACKGROUND / FOREGROUND, high=200), "constant"),
        (pixels(1, BACKGROUND / FOREGROUND, high=255), "all white"),
        (pixels(0, 0.1, high=200), "only false positives"),
        (pixels(0.04, 0.1, high=200), "few true positives"),
        (pixels(0.05, 0.1, high=200), None),
    ],
)
def test_a_degenerate_predictor_is_known_by_its_pixels(mask, kind):
    """Each kind at 0.5; a recall of 5 % is enough to be none."""
    assert kinds_of(mask)[0] == kind


def test_the_two_thresholds_are_told_apart():
    """A model that is unsure of everything: black at 0.5, and right from 0.25 on."""
    found = kinds(masked_table(masked("a", 0.5, [(0.8, 0.1), (0.8, 0.1)]))).masks[0]

    assert (found.half_kind, found.chosen_kind) == ("all black", None)
    assert found.half == Confusion(0, 0, 2 * FOREGROUND, 2 * BACKGROUND)
    assert found.chosen == Confusion(640, 80, 160, 2 * BACKGROUND - 80)
    assert (found.items, found.thresholds) == (2, (0.25,))
    assert found.chosen.predicted == pytest.approx(720 / 8000)


def test_what_is_right_is_no_flaw():
    """An empty answer to scans without foreground."""
    empty = Pixels((100,) + (0,) * 255, (0,) * 256, 0.5)

    assert kinds_of(empty) == (None, None)


def test_failed_runs_are_never_masks():
    """They have a reason, and are counted apart; runs that did not end are neither."""
    table = masked_table(
        masked("black", 0.1, [(0, 0)]),
        a_row("broken", failed(0)),
        baselines=[masked("floor", 0.2, [(0, 0)], role="baseline")],
    )
    found = kinds(table)

    assert [each.row.label for each in found.masks] == ["black", "floor"]
    assert [(row.label, run.reason) for row, run in found.failed] == [("broken", "diverged: the loss is not finite")]


def test_without_masks_there_is_nothing_to_tell():
    """Of another task, or where every run failed."""
    assert isinstance(kinds(masked_table(a_row("a", a_run()), a_row("b", failed(0)))), Unavailable)


# Which pictures ---------------------------------------------------------------------------------------


def test_the_first_pictures_are_shown_in_the_order_of_the_split():
    """As many as asked for, or all; not by name."""
    pictures = tuple(replace(each, item=name) for each, name in zip(seen([GOOD] * 3), "cab", strict=True))
    table = masked_table(a_row("a", a_run(0, pictures=pictures)), pictures=2)
    most = replace(table, pictures=5)

    assert (items_of(table).names, items_of(table).rule) == (("c", "a"), "the first 2 of 3")
    assert (items_of(most).names, items_of(most).rule) == (("c", "a", "b"), "all 3")


def test_a_picture_that_nobody_has_is_said():
    """The others are shown as they are named; when none is there, nothing is."""
    table = masked_table(masked("a", 0.5, [GOOD] * 3), pictures=("scan-3", "scan-9", "scan-1"))
    found, none = items_of(table), items_of(replace(table, pictures=("x",)))

    assert (found.names, found.unknown) == (("scan-3", "scan-1"), ("scan-9",))
    assert none == Unavailable("the study names pictures that no run has: x")


@pytest.mark.parametrize(("direction", "shown"), [("maximize", ("s2", "s1", "s3")), ("minimize", ("s3", "s1", "s2"))])
def test_best_median_and_worst_are_those_of_the_best_configuration(direction, shown):
    """Whichever way the metric goes; without scores of items the first ones are shown."""
    scores = {"s1": 0.5, "s2": 0.9, "s3": 0.1}
    pictures = tuple(replace(each, item=f"s{at}") for at, each in enumerate(seen([GOOD] * 3), start=1))
    values = {("f1", "val"): 0.5}
    run = a_run(0, scores=values, items={("f1", "test"): scores}, pictures=pictures)
    table = masked_table(a_row("a", run), pictures="best-median-worst")
    turned = replace(table, metrics={"f1": replace(table.metrics["f1"], direction=direction)})
    bare = replace(table, rows=(a_row("a", replace(run, items={})),))

    assert items_of(turned).names == shown
    assert items_of(bare).rule == "the first 3, for fewer than 3 have a score of f1 alone"


# What looks alike -------------------------------------------------------------------------------------


def test_configurations_that_look_alike_are_grouped():
    """By the pictures with true and with false positives, and how many; kinds are groups of their own."""
    table = masked_table(
        masked("best", 0.6, [(0.5, 0), (0.6, 0.3)]),
        masked("like it", 0.5, [(0.4, 0.1), (0.7, 0.9)]),
        masked("elsewhere", 0.4, [(0.005, 0), (0.1, 0)]),
        masked("wrong", 0.2, [(0, 0.2), (0, 0.4)]),
        masked("black", 0.1, [pixels(0, 0, low=0)] * 2),
        masked("black too", 0.05, [pixels(0, 0, low=0)] * 2),
    )

    assert looks(table) == {
        "group 1": (
            "some true positives on pictures 1 and 2; some or many false positives on picture 2",
            ["best", "like it"],
        ),
        "group 2": ("few true positives on picture 2; few false positives at most", ["elsewhere"]),
        "only false positives": ("false positives, and not one true positive", ["wrong"]),
        "all black": ("nothing is predicted on any picture", ["black", "black too"]),
    }


def test_groups_are_made_on_the_pictures_that_are_shown():
    """What differs on the third picture is not seen when two are shown."""
    table = masked_table(masked("a", 0.6, [GOOD, GOOD, GOOD]), masked("b", 0.5, [GOOD, GOOD, (0, 0)]))

    assert len(looks(table)) == 2
    assert len(looks(replace(table, pictures=2))) == 1


def test_too_many_groups_are_made_coarser():
    """Each configuration differs on another set of pictures; then medians are what they have in common."""
    masks = [[(0.5 if at in (one, other) else 0, 0) for at in range(6)] for one in range(6) for other in range(one)]
    table = masked_table(*(masked(f"c{at}", 0.5 - at / 100, each) for at, each in enumerate(masks)), pictures=6)
    few = replace(table, rows=table.rows[:10])

    assert len(looks(few)) == 10
    assert looks(table) == {"group 1": ("no true positives; no false positives", [row.label for row in table.rows])}
    assert visual_groups(table, Case()).rule == "the levels of true and of false positives (medians over pictures)"


def test_false_positives_without_foreground_are_judged_by_that_of_the_others():
    """A picture that should be black, and is not."""
    background, nothing = [0] * 256, (0,) * 256
    background[0], background[200] = 3700, 300
    empty = Pixels(tuple(background), nothing, 0.5)

    assert looks(masked_table(masked("a", 0.5, [(0.5, 0), empty]))) == {
        "group 1": ("some true positives on picture 1; some or many false positives on picture 2", ["a"])
    }


# As a finding -----------------------------------------------------------------------------------------


def test_degenerate_masks_are_one_finding():
    """A line for each configuration, not for each run and metric; baselines and failed runs are not among them."""
    runs = [
        a_run(seed, id=f"run-{seed}", scores={("f1", "val"): 0.0, ("f1", "test"): 0.0}, pictures=seen([mask]),
              items={("f1", "test"): {"1": 0.0, "2": 0.0, "3": 0.0}})
        for seed, mask in enumerate([pixels(0, 0, low=0), pixels(0, 0.5), (0.5, 0)])
    ]  # fmt: skip
    table = masked_table(
        a_row("a", *runs),
        a_row("broken", failed(0)),
        masked("good", 0.5, [pixels(0.8, 0, high=200)]),
        baselines=[masked("floor", 0.1, [pixels(0, 0, low=0)], role="baseline")],
    )
    (found,) = (each for each in findings(table) if each.code == "T404")

    assert found.evidence == (
        "a: all black at 0.5 in 3 of 3 runs (tp 0, fp 0, fn 1,200); all black at the chosen threshold in 1 of 3 runs "
        "(tp 0, fp 0, fn 400); only false positives at the chosen threshold in 1 of 3 runs (tp 0, fp 200, fn 400)",
    )
    assert found.sentence == "3 runs have degenerate masks, at 0.5 or at the chosen threshold."


def test_masks_that_are_not_degenerate_are_no_finding():
    """Neither at 0.5 nor at the chosen threshold."""
    table = masked_table(masked("good", 0.5, [pixels(0.8, 0, high=200)]))

    assert [each for each in findings(table) if each.code == "T404"] == []

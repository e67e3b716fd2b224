"""Made-up studies, and what is on their pages, for the tests of pages."""

from dataclasses import replace
from functools import partial

from study_tables import a_row, a_run, a_table, failed, missing

from tunebook.analyse import decide
from tunebook.records import Case, CurvePoint, Excluded, MetricFacts, Picture
from tunebook.report.account import declared_card, settings_card
from tunebook.report.deciding import decision_card
from tunebook.report.effects import effects_card
from tunebook.report.groups import groups_card
from tunebook.report.leaderboards import alternatives_card, leaderboard_card
from tunebook.report.noise import noise_card
from tunebook.report.overview import findings_card
from tunebook.report.pictures import curves_card, gallery_card
from tunebook.report.precision import precision_card
from tunebook.report.provenance import costs_card, provenance_card
from tunebook.report.splits import splits_card
from tunebook.report.stability import stability_card
from tunebook.report.tradeoffs import tradeoffs_card

HOSTILE = "<script>alert('x')</script> a|b `code` **bold** $x$ [l](http://evil.example) <img src=http://evil.example/x>"
FIVE = ("ais.msa", "box.msa", "point.msa", "ib.msa", "ip.msa")


def small():
    """Two configurations with two seeds, one failed run, one excluded point."""
    point = [{"adapter.alpha": alpha, "adapter.rank": 4} for alpha in (4, 8)]
    table = a_table(
        a_row("alpha=4", a_run(0, val=0.5, test=0.45), a_run(1, val=0.52, test=0.47), parameters=point[0]),
        a_row("alpha=8", a_run(0, val=0.6, test=0.5), failed(1), parameters=point[1]),
        excluded=[Excluded({"adapter.alpha": 1, "adapter.rank": 16}, "", "0.25 <= alpha / rank")],
        declared=3,
        provenance={"study file": "study: cells\nquestion: '```'\n"},
    )
    return replace(table, decision=decide(table))


def hostile():
    """A study whose every text tries to be more than text."""
    table = a_table(
        a_row(HOSTILE, a_run(0), a_run(1), alternative=HOSTILE, case=Case({"data.root": HOSTILE})),
        a_row("b", failed(0, HOSTILE), missing(1), alternative="b", case=Case({"data.root": HOSTILE})),
        question=HOSTILE,
        excluded=[Excluded({}, "", HOSTILE)],
        provenance={"study file": f"{HOSTILE}\n````\n</details>", HOSTILE: HOSTILE},
    )
    return replace(table, decision=decide(table))


def two_cases(*, metrics=FIVE, seeds=3, pictured=("nuclei", "cells")):
    """Three alternatives in two cases: one that trains best, one level with it in one case, and a floor."""
    facts = {
        name: MetricFacts(name, "maximize", f"Mean segmentation accuracy; {name.partition('.')[0]} mode")
        for name in metrics
    }
    rows = []
    for root, level in (("nuclei", 0.6), ("cells", 0.4)):
        case = Case({"data.root": root})
        for label, gain in (("LoRA", 0.05), ("full", 0.049 if root == "cells" else 0.01), ("zero-shot", 0.0)):
            runs = []
            for seed in range(seeds) if gain else [None]:
                wobble = 0.0 if seed is None else 0.002 * ((seed * (1 if label == "LoRA" else 2)) % 3)
                scores = {(name, split): level + gain + wobble for name in metrics for split in ("val", "test")}
                pictures = (Picture(f"{root}-1", {"image": "/i.png", "mask": "/m.png"}),) if root in pictured else ()
                curve = (CurvePoint(1, {"loss": 1.0}),) if gain else ()
                quantities = {"trainable_parameters": 100.0 * (gain > 0)}
                runs.append(a_run(seed, scores=scores, pictures=pictures, curve=curve, quantities=quantities))
            rows.append(a_row(label, *runs, alternative=label, case=case))
    table = a_table(*rows, report=metrics, metrics=facts, declared=3)
    return replace(table, decision=decide(table))


CARDS = {
    "decision": decision_card,
    "leaderboard": leaderboard_card,
    "best": alternatives_card,
    "splits": splits_card,
    "groups": groups_card,
    "effects": effects_card,
    "stability": stability_card,
    "precision": precision_card,
    "tradeoffs": partial(tradeoffs_card, without_costs=False),
    "curves": curves_card,
    "pictures": gallery_card,
    "findings": findings_card,
    "declared": declared_card,
    "noise": noise_card,
    "settings": settings_card,
    "provenance": partial(provenance_card, without_costs=False),
    "costs": costs_card,
}


def card_of(table, anchor, **how):
    """One card of a page, without the others."""
    card = CARDS[anchor](table, **how)
    assert card.anchor == anchor
    return card


def blocks_of(table, anchor, kind):
    """The blocks of one kind on a card."""
    return [block for block in card_of(table, anchor).blocks if isinstance(block, kind)]


def figures_of(table, anchor):
    """Every figure of a card, in order."""
    return [each for block in card_of(table, anchor).blocks for each in getattr(block, "figures", ())]

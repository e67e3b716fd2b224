"""The codes of findings: what each is called, and what it means for a reader. A code never changes its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A kind of finding.

    Args:
        name: A few words.
        meaning: What it means for whoever reads the study.
    """

    name: str
    meaning: str


CODES: Mapping[str, Code] = {
    "T101": Code(
        "declared but not run",
        "A configuration that was not run may be the better one. The table is part of the study that was declared.",
    ),
    "T102": Code(
        "uneven replicates",
        "A mean over fewer replicates moves more by chance, so the best of many means is too often one of these.",
    ),
    "T103": Code(
        "one seed twice",
        "Runs with one seed are no replicates of each other: n counts too many, and the spread is not that of seeds.",
    ),
    "T201": Code(
        "parameter without effect",
        "Its values repeat each other, so the best of them is best by chance. If it should matter, it may not reach "
        "the program that trains.",
    ),
    "T202": Code(
        "winner at the edge",
        "The scores still get better where the values end: a better configuration may lie beyond.",
    ),
    "T301": Code(
        "gap inside the noise",
        "With other replicates, or on other items, another of these could be first. That one of them is best is no "
        "result.",
    ),
    "T302": Code(
        "spread from n = 1",
        "Nothing tells how far the score of a single run moves when it is run again, however stable it looks.",
    ),
    "T401": Code(
        "chosen on a reported split",
        "The best of several scores on a split is better than the configuration is, and the more so the more there "
        "are: its reported score is too good.",
    ),
    "T402": Code(
        "threshold chosen on a reported split",
        "Settings that are the best on these very items fit their chance: on other items the score is lower.",
    ),
    "T403": Code(
        "items missing from the score",
        "What has no score is often what went wrong. Left out, it makes the score that of the rest, not to be compared "
        "with scores over other items; counted as negative, it makes part of the score no prediction of the model.",
    ),
    "T404": Code(
        "degenerate predictor",
        "A predictor that says the same whatever it is given has such scores, and some metrics reward it.",
    ),
    "T405": Code(
        "decision not better than a baseline",
        "Something that learns less, or nothing at all, does as well as far as can be told: the score is no evidence "
        "for what was tuned.",
    ),
    "T406": Code(
        "the same item in two splits",
        "A model has seen in training what it is tested on there: its score tells in part what it remembers, and the "
        "best configuration may be the one that remembers best.",
    ),
    "T501": Code(
        "decision does not follow from its rule",
        "What was carried forward is not what the stated rule chooses from these numbers.",
    ),
    "T502": Code(
        "bold is not best",
        "Who looks for what is bold takes another configuration than the numbers say.",
    ),
    "T503": Code(
        "decision not among the rows",
        "What was carried forward was not decided on this table: the table does not support it.",
    ),
    "T504": Code(
        "rule changed after results existed",
        "Whoever has seen the results can find a rule by which any of them wins: the choice is no longer free of them.",
    ),
    "T601": Code(
        "control not reproduced",
        "The score by which it was chosen was luck in part, or something else differs between the studies: what is "
        "built on it stands on less than it seems.",
    ),
    "T602": Code(
        "not repeatable",
        "Equal runs end unequal, so a difference as small as theirs says nothing, whatever the seeds say.",
    ),
    "T603": Code(
        "compared across different devices",
        "Part of a difference may be that of the devices or of the library, not of the configurations.",
    ),
}

"""A made-up study of a whole factorial: 96 configurations with 3 seeds, three splits, eight metrics, nine groups.

It is in the manner of a published sweep: validation is easy and small, so that every setting is
about as good there, and an unseen speaker tells them apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from study_tables import a_row

from tunebook.analyse import decide
from tunebook.records import Costs, MetricFacts, Part, Row, RunFacts, Scalar, Settings, Table

HIDDEN, LR, DROPOUT, QUALITY = (
    (0, 128, 512, 1024),
    (0.0001, 0.0005, 0.001),
    (0.0, 0.25, 0.5, 0.75, 0.9),
    ("all", "high"),
)
SPLITS = ("val", "test_id", "ood")
GROUPS = 9
POSITIVES, NEGATIVES = {"val": 36, "test_id": 45, "ood": 90}, {"val": 162, "test_id": 405, "ood": 810}
COUNTED = ("f1", "precision", "recall", "balanced_accuracy", "accuracy")
RANKED = ("ap", "auroc", "ece")
MEANINGS = {
    "f1": "Harmonic mean of precision and recall of the positive class",
    "precision": "Share of what is called positive that is",
    "recall": "Share of positives that are found",
    "balanced_accuracy": "Mean of the recall of both classes",
    "accuracy": "Share of rows that are called what they are",
    "ap": "Average precision",
    "auroc": "Area under the ROC curve",
    "ece": "Expected calibration error, 15 bins",
}
FACTS = {
    name: MetricFacts(name, "minimize" if name == "ece" else "maximize", meaning, low=0.0, high=1.0)
    for name, meaning in MEANINGS.items()
}


def factorial(
    *,
    seeds: int = 3,
    hidden: Sequence[int] = HIDDEN,
    lr: Sequence[float] = LR,
    dropout: Sequence[float] = DROPOUT,
    quality: Sequence[str] = QUALITY,
    select: str = "val",
    report: Sequence[str] = ("f1", "precision", "recall", "ap", "auroc"),
    decided: bool = True,
) -> Table:
    """Dropout exists only where there is a hidden layer; hidden units and lr matter on `ood`, next to nothing on `val`.

    Args:
        select: The split of the choice; `test_id` and `ood` are reported.
        decided: Whether the decision is recorded.
    """
    points: list[Mapping[str, Scalar]] = []
    for units, rate, kept, drop in product(hidden, lr, quality, dropout):
        point: dict[str, Scalar] = {"optimizer.lr": rate, "head.hidden_units": units, "subset.quality": kept}
        if units:
            point["head.dropout"] = drop
        if point not in points:
            points.append(point)
    rows = [_row(point, seeds) for point in points]
    names = ("optimizer.lr", "head.hidden_units", "head.dropout", "subset.quality")
    declared = len(hidden) * len(lr) * len(dropout) * len(quality)
    table = Table(
        study="sweep",
        question="Which head and which rate hold for a speaker who was never heard?",
        task="embedding-classification",
        metrics=FACTS,
        report=tuple(report),
        splits=("test_id", "ood"),
        select_metric="f1",
        select_split=select,
        rule="best-mean",
        parameters=names,
        rows=rows,
        equivalent=declared - len(points),
        declared=declared,
        provenance={"study file": "study: sweep\n"},
    )
    return replace(table, decision=decide(table)) if decided else table


def _row(point: Mapping[str, Scalar], seeds: int) -> Row:
    label = " ".join(f"{name.rsplit('.', 1)[-1]}={value}" for name, value in point.items())
    return a_row(label, *(_run(point, label, seed) for seed in range(seeds)), parameters=point)


def _run(point: Mapping[str, Scalar], label: str, seed: int) -> RunFacts:
    units, rate, drop = (float(point.get(name) or 0) for name in ("head.hidden_units", "optimizer.lr", "head.dropout"))
    draw = np.random.default_rng(
        [int(units), int(1e5 * rate), int(100 * drop), point["subset.quality"] == "high", seed]
    )
    shared = np.random.default_rng([7, seed]).normal(0, 0.15)
    gain = 0.25 * np.log2(1 + units / 128) + 0.5 * np.log2(rate / LR[0]) / 3.3 - 1.2 * drop**2 + shared
    gain += 0.3 * (point["subset.quality"] == "all") + draw.normal(0, 0.12)
    scores: dict[tuple[str, str], float] = {}
    held: dict[tuple[str, str], dict[str, Part]] = {}
    for split in SPLITS:
        parts = _groups(
            split, 2.2 + 0.1 * gain if split != "ood" else 0.2 + gain, 4.0 if split != "ood" else 3.0 - drop, draw
        )
        whole = _counted(*parts.sum(0))
        for metric in COUNTED:
            scores[metric, split] = whole[metric]
            held[metric, split] = {
                f"speaker-{at}": Part(_counted(*part)[metric], 50, 50) for at, part in enumerate(parts)
            }
        for metric in RANKED:
            level = 0.05 if metric == "ece" else 0.6 + 0.4 * whole["f1"]
            scores[metric, split] = float(np.clip(level + draw.normal(0, 0.004), 0, 1))
            held[metric, split] = {
                f"speaker-{at}": Part(float(level + draw.normal(0, 0.03)), 50, 50) for at in range(GROUPS)
            }
    parameters = 512 * max(units, 1) + units
    return RunFacts(
        id=f"{label.replace(' ', '-')}-{seed}",
        replicate={"seed": seed},
        role="search",
        status="finished",
        scores=scores,
        parts=held,
        counts=dict.fromkeys(scores, (50 * GROUPS, 50 * GROUPS)),
        settings=(Settings("threshold", "val", "f1", {"threshold": round(float(draw.uniform(0.3, 0.7)), 3)}),),
        quantities={"trainable_parameters": int(parameters)},
        costs=Costs(0.2 + units / 1000 + 0.01 * seed, 0.2 + units / 1000, 300.0 + units / 10),
        provenance={"tunebook": "0.1.0", "torch": "2.13.0", "device": "cpu", "threads": "1"},
    )


def _groups(split: str, found: float, right: float, draw: np.random.Generator) -> np.ndarray:
    """Groups x (true positives, false positives, positives, negatives), by the logits of both rates."""
    each = draw.normal(0, 0.3, (GROUPS, 2))
    rates = 1 / (1 + np.exp(-(np.array([found, right]) + each)))
    positives, negatives = POSITIVES[split] // GROUPS, NEGATIVES[split] // GROUPS
    hits, false = draw.binomial(positives, rates[:, 0]), draw.binomial(negatives, 1 - rates[:, 1])
    return np.stack([hits, false, np.full(GROUPS, positives), np.full(GROUPS, negatives)], axis=1)


def _counted(hits: float, false: float, positives: float, negatives: float) -> dict[str, float]:
    precision = hits / (hits + false) if hits + false else 0.0
    recall = hits / positives
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    balanced = (recall + 1 - false / negatives) / 2
    accuracy = (hits + negatives - false) / (positives + negatives)
    found = (f1, precision, recall, balanced, accuracy)
    return dict(zip(COUNTED, map(float, found), strict=True))

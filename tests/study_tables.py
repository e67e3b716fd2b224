"""Tables of made-up studies, for the tests of analysis and report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from skimage.draw import disk
from skimage.io import imsave
from skimage.segmentation import find_boundaries

from tunebook.analyse import decide
from tunebook.records import (
    Case,
    Costs,
    CurvePoint,
    Excluded,
    MetricFacts,
    Picture,
    Role,
    Row,
    RunFacts,
    Scalar,
    Settings,
    Table,
)

AIS, BOX = "ais.msa", "box.msa"
METRICS = {
    AIS: MetricFacts(
        AIS, "maximize", "Mean segmentation accuracy of automatic instances", zero="no match", one="equal"
    ),
    BOX: MetricFacts(
        BOX, "maximize", "Mean segmentation accuracy from one box per object", zero="no match", one="equal"
    ),
    "loss": MetricFacts("loss", "minimize", "Training loss on held-out images", unit="nats"),
}


def a_run(
    seed: int | None = 0, *, val: float | None = 0.5, test: float | None = 0.4, role: Role = "search", **facts: object
) -> RunFacts:
    """A finished run with a score of `ais.msa` on val and test; other facts replace what it has."""
    scores = {(AIS, split): score for split, score in (("val", val), ("test", test)) if score is not None}
    replicate = {} if seed is None else {"seed": seed}
    run = RunFacts(f"run-{seed}-{val}", replicate, role, "finished", scores=scores)
    return replace(run, **facts)  # type: ignore[arg-type]  # facts are named like the fields


def failed(seed: int, reason: str = "diverged: the loss is not finite") -> RunFacts:
    """A run that ended without a result."""
    return RunFacts(f"failed-{seed}", {"seed": seed}, "search", "failed", reason)


def missing(seed: int) -> RunFacts:
    """A run that did not end yet."""
    return RunFacts(f"missing-{seed}", {"seed": seed}, "search", "missing", "not run yet")


def a_row(
    label: str,
    *runs: RunFacts,
    parameters: Mapping[str, Scalar] | None = None,
    alternative: str = "",
    case: Case | None = None,
) -> Row:
    """A configuration whose id is its label."""
    return Row(label.replace(" ", "-"), label, parameters or {}, case or Case(), alternative, runs)


def a_table(*rows: Row, **facts: object) -> Table:
    """A study that chooses by `ais.msa` on val and reports it on test; other facts replace what it has."""
    table = Table(
        study="cells",
        question="Which rank?",
        task="promptable-segmentation",
        metrics=METRICS,
        report=(AIS,),
        splits=("test",),
        select_metric=AIS,
        select_split="val",
        rule="best-mean",
        parameters=tuple(dict.fromkeys(name for row in rows for name in row.parameters)),
        rows=rows,
        declared=len({row.configuration for row in rows}),
    )
    return replace(table, **facts)  # type: ignore[arg-type]  # facts are named like the fields


def scaling(folder: Path, *, seeds: int = 2, values: Sequence[int] = (1, 2, 4, 8, 16, 32)) -> Table:
    """A LoRA-scaling study with every kind of trouble: exclusions, a failure, a missing run, a floor without seeds."""
    rows, excluded = [], []
    for alpha in values:
        for rank in values:
            point: dict[str, Scalar] = {"adapter.alpha": alpha, "adapter.rank": rank}
            if 0.25 <= alpha / rank <= 8:
                label = f"lora alpha={alpha} rank={rank}"
                runs = [_trained(alpha, rank, seed, folder) for seed in range(seeds)]
                rows.append(a_row(label, *runs, parameters=point, alternative="lora"))
            else:
                excluded.append(Excluded(point, "lora", "0.25 <= adapter.alpha / adapter.rank <= 8"))
    rows[3] = replace(
        rows[3], runs=(*rows[3].runs[:-1], failed(seeds - 1, "diverged: the loss is not finite at step 210"))
    )
    rows[-2] = replace(rows[-2], runs=(*rows[-2].runs[:-1], missing(seeds - 1)))
    rows[1] = replace(rows[1], runs=tuple(failed(seed, "out of memory: asked for 3.2 GB") for seed in range(seeds)))
    full = [_trained(3.0, 11.0, seed, folder) for seed in range(seeds)]
    rows.append(a_row("full", *full, parameters={"adapter.method": "full"}, alternative="full"))
    rows.append(_floor(folder))
    table = a_table(
        *rows,
        study="lora-scaling",
        question="Which LoRA rank and scale adapt the small model to phase-contrast cells?",
        report=(AIS, BOX),
        parameters=("adapter.alpha", "adapter.rank", "adapter.method"),
        excluded=excluded,
        declared=len(rows) + len(excluded),
        provenance={"study file": "study: lora-scaling\ntask: promptable-segmentation\nreplicates: {seed: 2}\n"},
    )
    return replace(table, decision=decide(table))


def _trained(alpha: float, rank: float, seed: int, folder: Path) -> RunFacts:
    draw = np.random.default_rng([int(10 * alpha), int(10 * rank), seed])
    score = 0.52 - 0.02 * math.log2(alpha / 4) ** 2 / 2 - 0.015 * math.log2(rank / 8) ** 2 / 2 + draw.normal(0, 0.006)
    scores = {(AIS, "val"): score, (AIS, "test"): score - 0.015, (BOX, "test"): 0.8 + score / 8}
    items = {f"cell-{at:02}": float(score + draw.normal(0, 0.08)) for at in range(9)}
    losses = [1.8 * math.exp(-step / 90) + 1.1 - score + draw.normal(0, 0.05) for step in range(1, 301)]
    return RunFacts(
        id=f"{int(alpha):04x}{int(rank):04x}{seed:08x}",
        replicate={"seed": seed},
        role="search",
        status="finished",
        scores=scores,
        items={(AIS, "test"): items},
        counts=dict.fromkeys(scores, (9, 9)),
        settings=(Settings("ais", "val", AIS, {"foreground": 0.5, "distance": 0.4, "min_size": 20}),),
        quantities={"trainable_parameters": 24_000 + 4_608 * rank},
        costs=Costs(41.0 + rank, 39.5 + rank, 812.0 + rank),
        provenance={"tunebook": "0.1.0", "torch": "2.13.0", "device": "cpu", "threads": "1", "host": f"host-{seed}"},
        curve=tuple(CurvePoint(step, {"loss": loss}) for step, loss in enumerate(losses, start=1)),
        pictures=_pictures(folder, score, f"{alpha:g}-{rank:g}") if seed == 0 else (),
    )


def _floor(folder: Path) -> Row:
    why = "takes no prompts"
    scores = {(AIS, "val"): 0.3711, (AIS, "test"): 0.3542}
    run = RunFacts(
        "f100f100f100f100", {}, "search", "finished", scores=scores, reasons={(BOX, "test"): why},
        items={(AIS, "test"): {f"cell-{at:02}": 0.35 for at in range(9)}},
        quantities={"trainable_parameters": 0}, costs=Costs(2.0, 2.0, 300.0), pictures=_pictures(folder, 0.1, "floor"),
    )  # fmt: skip
    return a_row("floor", run, parameters={"adapter.method": "none"}, alternative="floor")


def _pictures(folder: Path, score: float, name: str) -> tuple[Picture, ...]:
    """Three items: blobs, their outlines, and predicted outlines that fit the better the higher the score."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for at in (0, 4, 8):
        draw = np.random.default_rng(at)
        image, truth, guess = (np.zeros((96, 96)) for _ in range(3))
        for number in range(1, 8):
            y, x = draw.integers(12, 84, 2)
            size = int(draw.integers(6, 12))
            where = disk((y, x), size, shape=image.shape)
            image[where] += 0.3 + draw.random() / 3
            truth[where] = number
            shift = (0.55 - score) * 25
            guess[disk((y + shift, x - shift), size, shape=image.shape)] = number
        grey = np.clip(60 + 150 * image + draw.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
        rgb = np.repeat(grey[..., None], 3, axis=2)
        panels = {"image": rgb, "truth": _outlined(rgb, truth), "prediction": _outlined(rgb, guess)}
        paths = {}
        for panel, pixels in panels.items():
            path = folder / f"{name}-{at}-{panel}.png"
            imsave(path, pixels, check_contrast=False)
            paths[panel] = str(path)
        found.append(Picture(f"cell-{at:02}", paths, "ais: 5 of 7 found"))
    return tuple(found)


def _outlined(rgb: np.ndarray, labels: np.ndarray) -> np.ndarray:
    drawn = rgb.copy()
    drawn[find_boundaries(labels.astype(int))] = (255, 200, 0)
    return drawn

"""Made-up studies for sentences that no book here has: every rule, requirements, one seed, many rows, loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
from factorial_tables import factorial
from masked_tables import masked, masked_table, pixels
from rendered_pages import Pair, of_table, yaml
from study_tables import AIS, BOX, METRICS, a_row, a_table, failed

from tunebook.analyse import decide
from tunebook.records import Case, Costs, CurvePoint, Role, Row, RunFacts, Settings, Table

RANKS, ALPHAS = (1, 4, 16), (1, 8)
LOSS = "loss"
FILE = """study: made-up
task: toy
space:
  adapter.rank: {ranks}
  adapter.alpha: {alphas}
select: {select}
report: {{metrics: [ais.msa, box.msa, loss], splits: [test]}}
"""


FACTORIAL = """study: sweep
task: embedding-classification
space: {{head.hidden_units: {hidden}, optimizer.lr: {lr}, head.dropout: {dropout}, subset.quality: {quality}}}
select: {{metric: f1, split: {select}}}
report: {{metrics: [f1, precision, recall], splits: [test_id, ood]}}
"""


def judged(select: str, *, seeds: int = 4, ranks: Sequence[float] = RANKS, **facts: object) -> Pair:
    """A study of rank and alpha whose decision is by a rule: rank matters, alpha does not.

    Args:
        select: As in a study file.
        facts: Further facts of the table.
    """
    file = FILE.format(ranks=list(ranks), alphas=list(ALPHAS), select=select)
    rows = [_row(rank, alpha, range(seeds)) for rank, alpha in product(ranks, ALPHAS)]
    return _page(a_table(*rows), file, **facts)


def confirmed(select: str) -> Pair:
    """The same with three finalists on fresh seeds, which order them otherwise, and nothing decided yet."""
    rows = [_row(rank, alpha, range(3)) for rank, alpha in product(RANKS, ALPHAS)]
    best = sorted(rows, key=lambda row: -np.mean([run.scores[AIS, "val"] for run in row.runs]))[:3]
    rows = [_with_fresh(row) if row in best else row for row in rows]
    file = FILE.format(ranks=list(RANKS), alphas=list(ALPHAS), select=select)
    return _page(a_table(*rows, confirm=(3, 3)), file, decided=False)


def in_cases(select: str) -> Pair:
    """Two cases that prefer other ranks."""
    rows = [
        _row(rank, 1, range(4), case=case, tilt=tilt) for rank in RANKS for case, tilt in (("cells", 5), ("nuclei", -4))
    ]  # fmt: skip
    across = "across: [{data.root: [cells, nuclei]}]\n"
    return _page(a_table(*rows), across + FILE.format(ranks=list(RANKS), alphas=[1], select=select))


def centred(select: str) -> Pair:
    """One seed for each configuration, and a centre point that tells the noise."""
    rows = [_row(rank, alpha, range(1)) for rank, alpha in product(RANKS, ALPHAS)]
    middle = rows[3]
    centre = [_run(4, 8, seed, "noise") for seed in (1, 2, 3)]
    rows[3] = replace(middle, runs=(*middle.runs, *centre))
    return _page(a_table(*rows), FILE.format(ranks=list(RANKS), alphas=list(ALPHAS), select=select))


def uneven(select: str) -> Pair:
    """One run failed, one is missing, one has a seed that no other has, and one parameter has no effect at all."""
    rows = [_row(rank, alpha, range(3), flat=True) for rank, alpha in product(RANKS, (1, 8))]
    last = rows[-1].runs[-1]
    rows[-1] = replace(
        rows[-1], runs=(*rows[-1].runs[:-1], replace(last, status="failed", reason="diverged: nan", scores={}))
    )
    alone = [_run(1, 1, seed, "search") for seed in (7, 8, 9)]
    rows[0] = replace(rows[0], runs=tuple(alone))
    file = FILE.format(ranks=list(RANKS), alphas=[1, 8], select=select)
    return _page(a_table(*rows), file)


def lacking(select: str) -> Pair:
    """One configuration was run once, and one run was scored on fewer items than the others."""
    rows = [_row(rank, 1, range(1 if rank == RANKS[-1] else 3)) for rank in RANKS]
    runs = list(rows[0].runs)
    counts = dict.fromkeys(runs[0].scores, (8, 8))
    runs = [replace(run, counts=counts) for run in runs]
    runs[0] = replace(runs[0], counts={**counts, (AIS, "val"): (7, 8)})
    rows[0] = replace(rows[0], runs=tuple(runs))
    return _page(a_table(*rows), FILE.format(ranks=list(RANKS), alphas=[1], select=select))


def scattered(select: str) -> Pair:
    """No grid: every configuration has values of its own."""
    draw = np.random.default_rng(4)
    points = draw.uniform((1, 1), (16, 64), (30, 2)).round(2).tolist()
    rows = [_row(rank, alpha, range(2)) for rank, alpha in points]
    drawn = "{low: 1, high: 64}"
    return _page(a_table(*rows), FILE.format(ranks=drawn, alphas=drawn, select=select))


def floored(select: str, *, seeds: int = 3) -> Pair:
    """Beside baselines: one far behind, one that no seed changes, one that is level, and one that failed."""
    rows = [_row(rank, alpha, range(seeds)) for rank, alpha in product(RANKS, ALPHAS)]
    floors = [_floor("poor", range(seeds), -9.0), _floor("fixed", [None], -1.0), _floor("level", range(seeds), 0.4)]
    lost = replace(floors[0].runs[0], id="lost", status="failed", reason="crashed: no rows", scores={}, items={})
    floors.append(replace(floors[0], configuration="lost", label="lost", runs=(lost,)))
    file = FILE.format(ranks=list(RANKS), alphas=list(ALPHAS), select=select)
    return _page(a_table(*rows, baselines=floors), file)


def _floor(label: str, seeds: Sequence[int | None], tilt: float) -> Row:
    runs = (_run(16, 1, seed or 0, "baseline", tilt) for seed in seeds)
    held = [
        replace(run, id=f"{run.id}{label}", replicate={} if seed is None else run.replicate)
        for run, seed in zip(runs, seeds, strict=True)
    ]
    return Row(label, label, {}, Case(), "", tuple(held))


def grouped(*, select: str = "val") -> Pair:
    """A factorial where dropout exists only in a hidden layer, with precision and recall, and groups of rows."""
    levels = {"hidden": (0, 128, 1024), "lr": (0.0001, 0.001), "dropout": (0.0, 0.5), "quality": ("all",)}
    table = factorial(select=select, report=("f1", "precision", "recall"), **levels)
    file = FACTORIAL.format(select=select, **{name: list(values) for name, values in levels.items()})
    return of_table(replace(table, provenance={"study file": file}), yaml(file))


def _page(table: Table, file: str, *, decided: bool = True, **facts: object) -> Pair:
    parsed = yaml(file)
    select = parsed["select"]
    rule = select.get("rule", "best-mean")
    rule, argument = next(iter(rule.items())) if isinstance(rule, Mapping) else (rule, None)
    prefer = tuple(
        (each, "low") if isinstance(each, str) else next(iter(each.items())) for each in select.get("prefer", ())
    )
    table = replace(
        table, study="made-up", task="toy", metrics=METRICS, report=(AIS, BOX, LOSS), splits=("test",),
        select_metric=select["metric"], rule=rule, argument=argument, prefer=prefer,
        require=tuple(select.get("require", ())), parameters=("adapter.rank", "adapter.alpha"),
        declared=len({row.configuration for row in table.rows}), provenance={"study file": file}, **facts,
    )  # fmt: skip
    return of_table(replace(table, decision=decide(table)) if decided else table, parsed)


def _row(
    rank: float, alpha: float, seeds: Sequence[int], *, case: str = "", tilt: float = 0.0, flat: bool = False
) -> Row:
    runs = tuple(_run(rank, 1 if flat else alpha, seed, "search", tilt) for seed in seeds)
    runs = tuple(replace(run, id=f"{run.id}{alpha:g}{case}") for run in runs)
    label, parameters = f"rank={rank:g} alpha={alpha:g}", {"adapter.rank": rank, "adapter.alpha": alpha}
    return Row(label.replace(" ", "-"), label, parameters, Case({"data.root": case} if case else {}), "", runs)


def _with_fresh(row: Row) -> Row:
    rank, alpha = row.parameters["adapter.rank"], row.parameters["adapter.alpha"]
    fresh = (_run(rank, alpha, seed, "confirm", -0.5) for seed in (3, 4, 5))
    return replace(row, runs=(*row.runs, *fresh))


def _run(rank: float, alpha: float, seed: int, role: Role, tilt: float = 0.0) -> RunFacts:
    draw = np.random.default_rng([int(100 * rank), int(alpha), seed])
    base = 0.5 + (0.01 + tilt / 100) * np.log2(1 + rank) + draw.normal(0, 0.004 * (1 + rank % 5))
    items = {name: {f"cell-{at:02}": float(base + draw.normal(0, 0.05)) for at in range(8)} for name in (AIS, BOX)}
    scores = {
        (name, split): float(np.mean(list(each.values()))) for name, each in items.items() for split in ("val", "test")
    }
    scores |= {(LOSS, split): float(1.4 - 2 * base + draw.normal(0, 0.02)) for split in ("val", "test")}
    return RunFacts(
        id=f"{rank:g}-{alpha:g}-{seed}-",
        replicate={"seed": seed},
        role=role,
        status="finished",
        scores=scores,
        items={(name, split): each for name, each in items.items() for split in ("val", "test")},
        settings=(Settings("ais", "val", AIS, {"foreground": 0.5}),),
        quantities={"trainable_parameters": int(24_000 + 4_608 * rank)},
        costs=Costs(40.3 + rank, 39.1 + rank, 600.4 + 20 * rank),
        provenance={"device": "cpu"},
        curve=tuple(CurvePoint(step, {"loss": 1 / step}) for step in range(1, 4)),
    )


SIMPLE = "prefer: [trainable_parameters, adapter.alpha]"
MASKS = """study: masks
task: binary-segmentation
space: {loss.bce_weight: [0, 0.5, 1], loss.pos_weight: [1, 5, 25]}
select: {metric: f1}
report: {metrics: [f1], splits: [test]}
"""


def masks(*, shown: int) -> Pair:
    """Losses whose masks are good, black, nearly so and wrong; one of them failed; and two baselines."""
    held = [
        [(0.8, 0.1), (0.5, 0.3), (0.3, 0)], [(0.7, 0.1), (0.5, 0.4), (0.3, 0)], [pixels(0, 0, low=0)] * 3,
        [pixels(0.03, 0.1, high=200)] * 3, [(0, 0.4)] * 3, [pixels(0.9, 0.2, high=200)] * 3, [(0.4, 0)] * 3,
        [(0, 0)] * 3,
    ]  # fmt: skip
    points = [{"loss.bce_weight": one, "loss.pos_weight": two} for one, two in product((0, 0.5, 1), (1, 5, 25))]
    named = [f"bce_weight={one:g} pos_weight={two:g}" for one, two in (each.values() for each in points)]
    rows = [
        masked(name, 0.6 - at / 20, each, parameters=point)
        for at, (name, each, point) in enumerate(zip(named, held, points, strict=False))
    ]
    rows.append(a_row(named[-1], failed(0), parameters=points[-1]))
    floors = [masked(name, 0.1, [pixels(0, 0, low=0)] * 3, role="baseline") for name in ("black", "otsu")]
    table = masked_table(*rows, pictures=shown, baselines=floors, provenance={"study file": MASKS})
    return of_table(replace(table, decision=decide(table)), yaml(MASKS))


MADE_UP: Mapping[str, Callable[[], Pair]] = {
    "best-mean": lambda: judged(f"{{metric: ais.msa, {SIMPLE}}}"),
    "one-standard-error": lambda: judged(f"{{metric: ais.msa, rule: one-standard-error, {SIMPLE}}}"),
    "lower-bound": lambda: judged("{metric: ais.msa, rule: {lower-bound: 0.5}}"),
    "less-is-better": lambda: judged("{metric: loss, rule: {lower-bound: 2}}"),
    "most-stable": lambda: judged("{metric: ais.msa, rule: most-stable}"),
    "weights": lambda: judged("{metric: ais.msa, rule: {weights: {ais.msa: 1, loss: 0.5}}}"),
    "pareto": lambda: judged(f"{{metric: ais.msa, rule: {{pareto: [ais.msa, trainable_parameters]}}, {SIMPLE}}}"),
    "front": lambda: judged("{metric: ais.msa, rule: {pareto: [ais.msa, box.msa, seconds]}}"),
    "required": lambda: judged("{metric: ais.msa, require: [box.msa >= 0.52, trainable_parameters <= 60000]}"),
    "confirmed": lambda: confirmed(f"{{metric: ais.msa, rule: one-standard-error, {SIMPLE}}}"),
    "cases": lambda: in_cases("{metric: ais.msa}"),
    "centred": lambda: centred(f"{{metric: ais.msa, rule: one-standard-error, {SIMPLE}}}"),
    "uneven": lambda: uneven("{metric: ais.msa}"),
    "lacking": lambda: lacking("{metric: ais.msa, rule: most-stable}"),
    "scattered": lambda: scattered("{metric: ais.msa}"),
    "baselines": lambda: floored("{metric: ais.msa}"),
    "baselines-of-loss": lambda: floored("{metric: loss}"),
    "baselines-and-one-seed": lambda: floored("{metric: ais.msa}", seeds=1),
    "factorial": grouped,
    "factorial-by-ood": lambda: grouped(select="ood"),
    "masks": lambda: masks(shown=2),
    "masks-of-all": lambda: masks(shown=5),
    "many": lambda: judged("{metric: ais.msa}", ranks=range(1, 11)),
}
"""Name -> a page and its study."""


@cache
def made_up(name: str) -> Pair:
    """A page and its study, made once."""
    return MADE_UP[name]()

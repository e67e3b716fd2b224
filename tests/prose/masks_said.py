"""The gallery and what masks are: how many are shown, and the kinds of masks, by the pixels in the table of their card.

Pixels are in no export, so that sentences are held against the counts that the page prints.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from patterns import Said, Truths, always, says
from printed_numbers import Names, Truth, value
from raw_scores import Study

always(
    "True positives of a picture are few from 1 % of its foreground on, some from 25 %, most from 75 %; false "
    "positives are few from 1 % of the size of its foreground on, some from 25 %, many from 100 %.",
    "In a picture without foreground, false positives are relative to the mean foreground of the shown pictures that "
    "have some.",
    "Groups are told from the shown pictures alone, the degenerate kind of a column from all pictured scans of its run;"
    " the two may differ.",
    "Constant: one probability everywhere, neither 0 nor 1.",
    "A pixel of a small picture is foreground, or predicted, where any pixel of the scan that it stands for is, so "
    "that thin things do not vanish: single pixels look larger, right and wrong ones; counts are exact.",
    "Few true positives: less than 5 % of the foreground is found.",
)
CARD = "What the masks are"
AT = {"half": "at 0.5", "chosen": "chosen"}
KINDS = ("all black", "all white", "constant", "only false positives", "few true positives")
Line = Mapping[str, str]


def masks(said: Said) -> Sequence[Line]:
    """The rows of the card's table, all of them."""
    found = said.page["prose"].tables.get(CARD, ())
    return [row for rows in found for row in rows if "tp · chosen" in row]


def kind_at(row: Line, where: str) -> str:
    """What a mask is by its printed pixels; a constant says so itself, for its pixels are those of a black one."""
    tp, fp, fn = (value(row[f"{count} · {AT[where]}"]) for count in ("tp", "fp", "fn"))
    said = row[f"what it is · {'at 0.5' if where == 'half' else 'at the chosen threshold'}"]
    if tp + fp == 0 or said in ("constant", "all white"):
        assert said in ("constant", "all black", "all white")
        return said
    found = "only false positives" if tp == 0 else "few true positives" if tp / (tp + fn) < 0.05 else ""
    assert said == found, (said, found)
    return found


def degenerate(said: Said) -> Sequence[Line]:
    """The rows that are degenerate at 0.5 or at the chosen threshold, but for baselines, which are meant to be."""
    return [row for row in masks(said) if row["role"] != "baseline" and any(kind_at(row, where) for where in AT)]


@says(
    "{n:int} configuration(s)[ and {floors:int} baseline(s)] on {shown:int} picture(s) of {split}[ in {case}]: "
    "{rule:text}."
)
def _(study: Study, said: Said) -> Truths:
    n = len({run.configuration for run in study.own if run.status == "finished"})
    shown = len(said.page["prose"].table("Gallery", "picture", "item"))
    drawn = [items for run in study.own for (_, split), items in run.items.items() if split == study.splits[0]]
    scans = {row["n · scans"] for row in masks(said)} | {str(len(items)) for items in drawn}
    rules = {f"the first {shown} of {each}" for each in scans} | {f"all {shown}"}
    rule = said["rule"] if said["rule"] in rules else "another rule"
    return {"n": n, "floors": len(study.baselines) or None, "shown": shown, "split": study.splits[0],
            "case": said.get("case"), "rule": rule}  # fmt: skip


@says("Columns: best first, by {metric} on {split}[{floors:; baselines last}].")
def _(study: Study, said: Said) -> Truths:
    return {"metric": study.metric, "split": study.split, "floors": "; baselines last" if study.baselines else None}


@says("{n:int} configuration(s)[ in {case}] without a picture: {reasons:text}.")
def _(study: Study, said: Said) -> Truths:
    finished = {run.configuration for run in study.own if run.status == "finished"}
    n = len(study.configurations.keys() - finished)
    return {"n": n, "case": said.get("case"), "reasons": f"failed ({n})"}


@says(
    "Scores of a column are means over {n:int}[ to {most:int}] replicates; its masks are those of one, its first "
    "finished run with pictures."
)
def _(study: Study, said: Said) -> Truths:
    scores = [study.score(each, study.metric, study.split, case, role) for each, case, role in _held(study)]
    counts = [score.n for score in scores if score.n]
    return {"n": min(counts), "most": max(counts) if max(counts) > min(counts) else None}


@says("Columns show masks of different replicates: {columns:text}.")
def _(study: Study, said: Said) -> Truths:
    """The first seed of each that finished."""
    seeds = [study.score(each, study.metric, study.split, case, role).values for each, case, role in _held(study)]
    counts = Counter(f"seed {min(each)}" for each in seeds if each and None not in each)
    shown = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return {"columns": Names([f"{seed} ({n} column{'s' * (n > 1)})" for seed, n in shown])}


def _held(study: Study) -> Sequence[tuple[str, str, str]]:
    """Configuration, case and role of every column: all that have runs of the search, and baselines."""
    held = [(each, "search") for each in study.held("search")] + [(each, "baseline") for each in study.baselines]
    return [(each, case, role) for case in study.cases for each, role in held]


@says("Contact sheet: image, truth and the predictions of configuration(s) {first:int}[ to {last:int}].")
def _(study: Study, said: Said) -> Truths:
    columns = len(said.page["prose"].table("Gallery", "column", "configuration"))
    first = int(said["first"])
    assert first % 12 == 1
    return {"first": first, "last": min(first + 11, columns) if columns > first else None}


@says(
    "Of {n:int} {unit:configurations|configuration|runs|run}, on {split} ({scans:int} scan(s)): at 0.5, {half:text}; "
    "at the threshold chosen for each, {chosen:text}."
)
def _(study: Study, said: Said) -> Truths:
    rows = [row for row in masks(said) if row["role"] != "baseline"]
    (scans,) = {int(row["n · scans"]) for row in rows}
    counts = {where: Counter(kind for row in rows if (kind := kind_at(row, where))) for where in AT}
    unit = "configuration" if len(rows) == len({row["configuration"] for row in rows}) else "run"
    said_so = {"unit": unit + "s" * (len(rows) != 1), "split": study.splits[0], "scans": scans}
    return {"n": len(rows), **said_so, **{at: _counted(n) for at, n in counts.items()}}


def _counted(counts: Mapping[str, int]) -> Truth:
    """`12 are all black and 1 has few true positives`."""
    verbs = {"all black": ("is", "are"), "all white": ("is", "are"), "constant": ("is", "are")}
    parts = [f"{n} {verbs.get(kind, ('has', 'have'))[n > 1]} {kind}" for kind in KINDS if (n := counts.get(kind, 0))]
    *first, last = parts or ["none is degenerate"]
    return f"{', '.join(first)} and {last}" if first else last


@says("{n:int} run(s) failed: without a mask, and counted apart.", "{n:int} run(s) failed, and made no mask")
def _(study: Study, said: Said) -> Truths:
    return {"n": sum(run.status == "failed" for run in study.own)}


@says("What the masks of {n:int} run(s) are")
def _(study: Study, said: Said) -> Truths:
    return {"n": len(masks(said))}


@says("{who}[ ({case})]: {clauses:text} (tp {pixels:text})")
def _(study: Study, said: Said) -> Truths:
    """Evidence of T404: what the masks of a configuration are."""
    row = next(row for row in degenerate(said) if row["configuration"] == said["who"])
    told = [
        f"{kind} at {'0.5' if where == 'half' else 'the chosen threshold'} "
        f"(tp {row[f'tp · {at}']}, fp {row[f'fp · {at}']}, fn {row[f'fn · {at}']})"
        for where, at in AT.items()
        if (kind := kind_at(row, where))
    ]
    clauses, _, pixels = "; ".join(told).partition(" (tp ")
    return {"who": said["who"], "case": said.get("case"), "clauses": clauses, "pixels": pixels.removesuffix(")")}

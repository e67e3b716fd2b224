"""What was declared, what ran, what noise and cost it had, and the titles that count."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, product

from judged_again import decision, pooled, sd_interval
from patterns import Said, Truths, always, says
from printed_numbers import Truth, wrong
from raw_scores import Run, Study

LONG = 25
"""Rows of a table that are shown at first."""

always("Pooled over configurations (ddof 1 in each), in each case by itself.", "What is looked for")


def distinct(runs: Sequence[Run]) -> list[Run]:
    """Each run once, whatever its roles."""
    return list({run.id: run for run in runs}.values())


@says(
    "{declared:int} declared point(s): {excluded:int} excluded, {equivalent:int} equivalent to another, {n:int} "
    "distinct configuration(s)."
)
def _(study: Study, said: Said) -> Truths:
    declared, excluded = points(study)
    n = len(study.configurations)
    return {"declared": declared, "excluded": excluded, "equivalent": declared - excluded - n, "n": n}


def points(study: Study) -> tuple[int, int]:
    """How many points a study file declares, and how many of them its constraints exclude; all of them in no grid."""
    if any(isinstance(each, Mapping) and "low" in each for each in study.file["space"].values()):
        return len(study.configurations), 0
    spaces = [_flat(study.file["space"])]
    alternatives = [
        each["one_of"] for each in study.file["space"].values() if isinstance(each, Mapping) and "one_of" in each
    ]
    if alternatives:
        spaces = [
            {name: values for name, values in each.items() if isinstance(values, list)}
            for each in alternatives[0].values()
        ]
    found = [dict(zip(space, each, strict=True)) for space in spaces for each in product(*space.values())]
    return len(found), sum(not all(_holds(where, point) for where in study.where) for point in found)


def _flat(space: Mapping[str, object]) -> dict[str, list]:
    return {name: values for name, values in space.items() if isinstance(values, list)}


def _holds(where: str, point: Mapping[str, object]) -> bool:
    """Whether a point meets a constraint; one without its parameters does."""
    text = where
    for name, value in sorted(point.items(), key=lambda each: -len(each[0])):
        text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", repr(value), text)
    return bool(re.search(r"[a-z]", text)) or bool(eval(text, {"__builtins__": {}}))


@says(
    "Of {n:int} run(s), {finished:int} finished, {failed:int} failed and {missing:int} did not run.",
    "All {n:int} run(s)",
    "{troubled:int} run(s) without a result",
)
def _(study: Study, said: Said) -> Truths:
    runs = distinct(study.runs)
    count = {status: sum(run.status == status for run in runs) for status in ("finished", "failed", "missing")}
    return {"n": len(runs), **count, "troubled": count["failed"] + count["missing"]}


@says("The end of the log of {who}[ ({case})][ seed={seed:int}][, and {others:int} other(s) with the same reason]")
def _(study: Study, said: Said) -> Truths:
    failed = [run for run in distinct(study.runs) if run.status == "failed"]
    seed = said.get("seed")
    firsts = {run.reason: run for run in reversed(failed)}.values()
    shown = next(
        run
        for run in firsts
        if run.label == said["who"]
        and run.case == (said.get("case") or run.case)
        and (seed is None or run.seed == int(seed))
    )
    others = sum(run.reason == shown.reason for run in failed) - 1
    return {"who": shown.label, "case": said.get("case"), "seed": seed and int(seed), "others": others or None}


@says("Settings of {n:int} run(s)", "As told by {n:int} run(s).")
def _(study: Study, said: Said) -> Truths:
    runs = [run for run in distinct(study.own) if run.settings or said.line.text.startswith("As told")]
    if not runs:  # the export holds the settings of metrics that are called by their mode; the page holds all
        rows = [row for table in said.page["prose"].tables["Settings"] for row in table]
        return {"n": len({(row["configuration"], row["replicate"]) for row in rows})}
    return {"n": len([run for run in runs if run.status != "missing"])}


@says(
    "{n:int} run(s) took {seconds:text} together ({cpu:text} of CPU time); the largest peak of memory was {peak:int} "
    "MB."
)
def _(study: Study, said: Said) -> Truths:
    runs = [run for run in distinct(study.own) if run.status != "missing"]
    time = {name: sum(run.costs[name] for run in runs) for name in ("seconds", "cpu_seconds")}
    peak = max(run.costs["peak_memory_gb"] for run in runs)
    return {"n": len(runs), "seconds": _duration(time["seconds"]),
            "cpu": _duration(time["cpu_seconds"]),
            "peak": round(1000 * peak)}  # fmt: skip


def _duration(seconds: float) -> Truth:
    """How a time is checked: in the unit in which it is printed."""
    units = {"s": 1.0, "min": 60.0, "h": 3600.0}

    def check(printed: str) -> str:
        number, _, name = printed.partition(" ")
        return wrong(number, seconds / units[name]) if name in units else "a time"

    return check


# Noise ------------------------------------------------------------------------------------------------


@says(
    "Replicates of one configuration differ in {metric} on {split} by a standard deviation of {sd} (95 % interval "
    "{low} to {high}, {df:int} {word:degree|degrees} of freedom)."
)
def _(study: Study, said: Said) -> Truths:
    sd, df = noise(study, said["metric"], said["split"])
    low, high = sd_interval(sd, df)
    return {"metric": said["metric"], "split": said["split"], "sd": sd, "low": low, "high": high, "df": df,
            "word": "degree" if df == 1 else "degrees"}  # fmt: skip


@says("Not available: no configuration has two runs with a value of {metric} on {split}.")
def _(study: Study, said: Said) -> Truths:
    key = said["metric"], said["split"]
    scored = [(run.configuration, run.case) for run in distinct(study.own) if key in run.scores]
    assert len(scored) == len(set(scored))
    return {"metric": key[0], "split": key[1]}


def noise(study: Study, metric: str, split: str) -> tuple[float, int]:
    """The sd within configurations, case by case: of the search, else of the centre point."""
    for role in ("search", "noise"):
        found = pooled(
            study.score(each, metric, split, case, role) for each in study.held(role) for case in study.cases
        )
        if found is not None:
            return found
    raise KeyError("no configuration has two runs")


@says("{n:int} equal run(s) executed again gave the same scores to the last digit.")
def _(study: Study, said: Said) -> Truths:
    found = repeated(study)
    assert all(difference(one, other) == 0 for one, other in found)
    return {"n": len(found)}


@says(
    "{differing:int} of {n:int} equal run(s) executed again gave other scores, by up to {most}: what differs between "
    "equal runs is no difference between configurations."
)
def _(study: Study, said: Said) -> Truths:
    largest = [difference(one, other) for one, other in repeated(study)]
    return {"differing": sum(each > 0 for each in largest), "n": len(largest), "most": max(largest)}


@lru_cache(maxsize=64)
def repeated(study: Study) -> list[tuple[Run, Run]]:
    """Every run that was executed again, and the run that it equals, here or where it was carried from."""
    others = [run for each in study.others.values() for run in each.runs]
    found = []
    for again in distinct(study.runs):
        what = (again.configuration, again.case, again.seed, 0)
        same = [run for run in (*study.runs, *others) if (run.configuration, run.case, run.seed, run.repeat) == what]
        if again.repeat and same and again.status == same[0].status == "finished":
            found.append((same[0], again))
    return found


def difference(one: Run, other: Run) -> float:
    """The largest difference of what both were scored with, items among it."""
    pairs = [(one.scores[key], other.scores[key]) for key in one.scores.keys() & other.scores.keys()]
    for key in one.items.keys() & other.items.keys():
        pairs += [(value, other.items[key][item]) for item, value in one.items[key].items() if item in other.items[key]]
    return max((abs(a - b) for a, b in pairs), default=0.0)


# Titles -----------------------------------------------------------------------------------------------


@says("[The first {few:int} of ]{n:int} candidate(s)")
def _(study: Study, said: Said) -> Truths:
    n = len(decision(study, study.role).whole)
    rows = said.page["prose"].table("Decision", "candidate", "place")
    shown = [row for row in rows if row["place"].isdigit()]
    few = 8 if n > 8 else None
    assert few is None or len(shown) in (8, 9)
    return {"few": few, "n": n}


@says("The whole configuration ({n:int} values)")
def _(study: Study, said: Said) -> Truths:
    tables = said.page["prose"].tables["Decision"]
    whole = [rows for rows in tables if set(rows[0]) == {"what", "value"} and rows[0]["what"] != "rule"]
    return {"n": len(whole[0])}


@says("The other {n:int} row(s)", "Costs of {n:int} rows", "Costs of all {n:int} configurations")
def _(study: Study, said: Said) -> Truths:
    tables = said.page["prose"].tables[said.line.card]
    rest = [len(rest) for first, rest in pairwise(tables) if len(first) == LONG and set(first[0]) == set(rest[0])]
    return {"n": rest[0] if rest and said.line.text.startswith("The other") else max(map(len, tables))}

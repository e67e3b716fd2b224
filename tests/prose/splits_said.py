"""What splits tell, in words: ranges, noise, what is not noise, orders; spreads; fronts; groups; settings."""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import lru_cache

import numpy as np
from answers_said import cases_of, spread
from effects_said import path
from judged_again import decision
from patterns import Said, Truths, always, says
from printed_numbers import NUMBER, Names, Values
from raw_scores import Score, Study
from runs_said import distinct
from scipy import stats
from told_apart import against_best, best
from what_matters import Model, Tested

FEWEST, LISTED, LEVEL = 4, 4, 0.05
CHANCE = 1.645 * 1.573 / 1.349

always(
    "Not noise: ICC(C,k), 1 - 1/F of configurations and replicates (McGraw and Wong 1996); what a replicate does to "
    "all configurations is taken out.",
    "Below a value: its 95 % interval.",
    "A split does not separate where p of F is 0.05 or more; it hardly does where the middle half of the means lies no "
    "farther apart than seeds alone may put it (95 %), so that what differs are the best or the worst few.",
    "Rank correlation: all splits score the same runs, so that a lucky run is lucky on all of them; its interval "
    "(Bonett and Wright 2000) is for other configurations of the kind.",
    "An sd has ddof 1, and its interval is by chi-square: for normal noise.",
    "Of a pooled sd, both parts keep their own degrees of freedom (Graybill and Wang 1980): what a replicate does to "
    "all is seen only as often as there are replicates.",
    "Means over the n runs, ± their standard deviation (ddof 1; none when n = 1): for other seeds, and these groups.",
)


class Split:
    """The configurations with whole scores from two replicates or more, on one split."""

    def __init__(self, study: Study, split: str) -> None:
        scores = {each: study.score(each, study.metric, split) for each in study.ranked()}
        self.scores = {each: score for each, score in scores.items() if score.complete and score.n > 1}
        self.means = {each: score.mean for each, score in self.scores.items()}
        self.way = study.way(study.metric)
        values = list(self.scores.values())
        self.sd, self.df = _pooled(values)
        self.best = list(self.scores)[best(values, self.way)]
        gaps = against_best(values, self.way)
        others = [gap for each, gap in zip(self.scores, gaps, strict=True) if each != self.best and gap is not None]
        self.told, self.compared = sum(gap.apart for gap in others), len(others)
        self.table = _table(values)

    @property
    def middle(self) -> tuple[float, float]:
        low, high = np.percentile(list(self.means.values()), [25, 75])
        return float(low), float(high)

    def share(self) -> tuple[float, float, float, float, float, float]:
        """ICC(C,k), its ends, F, p, and the standard error of a mean by seeds."""
        k, n = self.table.shape
        rows = stats.f_oneway(*self.table)  # asks for F without replicates; with them the error is that of two ways
        assert rows.statistic >= 0
        rest = self.table - self.table.mean(0) - self.table.mean(1)[:, None] + self.table.mean()
        error = (rest**2).sum() / (k - 1) / (n - 1)
        f, df = n * self.table.mean(1).var(ddof=1) / error, (k - 1, (k - 1) * (n - 1))
        ends = f / stats.f.ppf(0.975, *df), f * stats.f.ppf(0.975, *df[::-1])
        value, low, high = (max(0.0, 1 - 1 / each) for each in (f, *ends))
        return value, low, high, f, float(stats.f.sf(f, *df)), float(np.sqrt(error / n))


def _pooled(scores: Sequence[Score]) -> tuple[float, int]:
    df = sum(score.n - 1 for score in scores)
    return float(np.sqrt(sum(score.sd**2 * (score.n - 1) for score in scores) / df)), df


def _table(scores: Sequence[Score]) -> np.ndarray | None:
    """Configurations x replicates; None where they do not have the same."""
    seeds = set(scores[0].values)
    if any(set(score.values) != seeds for score in scores):
        return None
    return np.array([[score.values[seed] for seed in sorted(seeds)] for score in scores])


def _exactly(p: float) -> str:
    """A p-value that no draws are behind, as it is printed."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


@lru_cache(maxsize=64)
def split_of(study: Study, split: str) -> Split:
    return Split(study, split)


def splits_of(study: Study) -> list[str]:
    return list(dict.fromkeys((study.split, *study.splits)))


@says("By {metric}: {told:text}.")
def _(study: Study, said: Said) -> Truths:
    parts, truths = [], []
    for split in splits_of(study):
        here = split_of(study, split)
        verdict, said_of = "does not separate", ""
        if here.table is not None:
            *_, p, noise = here.share()
            low, high = here.middle
            alone = 2 * stats.norm.ppf(0.75) * noise
            wide = high - low > alone * (1 + CHANCE / np.sqrt(len(here.means)))
            verdict = verdict if p >= LEVEL else "separates" if wide else "hardly separates"
            said_of = rf" \(the middle half of the means within ({NUMBER}), by seeds alone ({NUMBER})\)"
            truths += [high - low, alone]
        parts.append(f"{re.escape(split)} {verdict} the configurations{said_of}")
    return {"metric": study.metric, "told": Values("; ".join(parts), truths)}


@says(
    "On {split}, means lie between {lowest} and {highest}, the middle half between {low} and {high}; replicates of one "
    "configuration differ by a standard deviation of {sd} ({df:int} {word:degree|degrees} of freedom)."
)
def _(study: Study, said: Said) -> Truths:
    here = split_of(study, said["split"])
    said.heard["split"] = here
    low, high = here.middle
    return {"split": said["split"], "lowest": min(here.means.values()), "highest": max(here.means.values()), "low": low,
            "high": high, "sd": here.sd, "df": here.df, "word": "degree" if here.df == 1 else "degrees"}  # fmt: skip


@says("{n:int} of {of:int} have the best mean.", "{n:int} of {of:int} other(s) can be told from the best.")
def _(study: Study, said: Said) -> Truths:
    here: Split = said.heard["split"]
    if "told" in said.line.text and said.line.text.endswith(
        f"{said['n']} of {said['of']} others can be told from the best."
    ):
        return {"n": here.told, "of": here.compared}
    top = here.means[here.best]
    return {"n": sum(bool(np.isclose(each, top, rtol=0, atol=1e-12)) for each in here.means.values()),
            "of": len(here.means)}  # fmt: skip


@says("Of the variance of the means, {share} % ({low} % to {high} %) is not what seeds do (F = {f}, {chance}).")
def _(study: Study, said: Said) -> Truths:
    value, low, high, f, p, _ = said.heard["split"].share()
    return {"share": 100 * value, "low": 100 * low, "high": 100 * high, "f": f, "chance": _exactly(p)}


@says(
    "The order on {split} and that on {split2} have a rank correlation of {value} (Spearman, {n:int} configuration(s)"
    "[, 95 % interval {low} to {high}])."
)
def _(study: Study, said: Said) -> Truths:
    here, there = split_of(study, said["split"]), split_of(study, said["split2"])
    both = [each for each in here.means if each in there.means]
    value = stats.spearmanr([here.means[each] for each in both], [there.means[each] for each in both]).statistic
    half = 1.959964 * np.sqrt((1 + value**2 / 2) / (len(both) - 3))
    ends = np.tanh(np.arctanh(value) + np.array([-half, half])) if abs(value) < 1 - 1e-12 else (None, None)
    return {"split": study.split, "split2": said["split2"], "value": float(value), "n": len(both), "low": ends[0],
            "high": ends[1]}  # fmt: skip


@says("The best on {split}, {who}, is at place {place:int} of {of:int} on {split2}: {mean}, where the best has {top}.")
def _(study: Study, said: Said) -> Truths:
    here, there = split_of(study, study.split), split_of(study, said["split2"])
    mean, way = there.means[here.best], study.way(study.metric)
    place = 1 + sum(way * each > way * mean for each in there.means.values())
    return {"split": study.split, "who": study.name(here.best), "place": place, "of": len(there.means),
            "split2": said["split2"], "mean": mean, "top": there.means[there.best]}  # fmt: skip


@says("{metric} on {split} against {split2}.")
def _(study: Study, said: Said) -> Truths:
    return {"metric": study.metric, "split": said["split"], "split2": study.split}


@says(
    "{split} is the split of the choice and is reported as well: of {n:int} scores there, that of the chosen one tends "
    "to be too good (T401)."
)
def _(study: Study, said: Said) -> Truths:
    assert study.split in study.splits
    return {"split": study.split, "n": len(study.whole())}


# Stability --------------------------------------------------------------------------------------------


def _cells(study: Study, split: str) -> list[list[Score]]:
    """Configuration by configuration its scores in each case, where each has all of two replicates or more."""
    every = ([study.score(each, study.metric, split, case) for case in study.cases] for each in study.ranked())
    return [cells for cells in every if all(cell.complete and cell.n > 1 for cell in cells)]


@lru_cache(maxsize=64)
def spreads(study: Study, split: str) -> Study:
    """The same configurations, with the sd over replicates in place of their scores; of those with most replicates."""
    together: dict[tuple[str, str], list] = {}
    for run in study.own:
        if run.role == "search" and run.repeat == 0 and (study.metric, split) in run.scores:
            together.setdefault((run.configuration, run.case), []).append(run)
    most = {name: max(len(runs) for runs in together.values() if runs[0].alternative == name)
            for name in {runs[0].alternative for runs in together.values()}}  # fmt: skip
    found = copy(study)
    for name in ("cases", "configurations", "parameters", "role", "_by_row"):
        found.__dict__.pop(name, None)
    found.own = [
        replace(runs[0], seed=None, scores={(study.metric, split): _sd([r.scores[study.metric, split] for r in runs])})
        for runs in together.values()
        if len(runs) == most[runs[0].alternative] > 1
    ]
    return found


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1))


@lru_cache(maxsize=256)
def changed(study: Study, split: str, alternative: str, parameter: str) -> Tested:
    return Model(spreads(study, split), study.metric, split, alternative).main(parameter)


@says(
    "Pooled over {n:int} configuration(s), replicates differ in {metric} on {split} by a standard deviation of {sd} "
    "(95 % interval {low} to {high}, {df:int} degrees of freedom[, {common:int} of them for what a replicate does to "
    "all]); that of one configuration alone, from {each:int} replicates, is known to within {least} to {most} times "
    "what it shows ({own:int} {word:degree|degrees} of freedom)."
)
def _(study: Study, said: Said) -> Truths:
    cells = _cells(study, said["split"])
    every = [cell for each in cells for cell in each]
    tables = [_table(case) for case in zip(*cells, strict=True)]
    sd, df = _pooled(every)
    crossed = all(table is not None for table in tables)
    low, high = _of_parts(tables) if crossed else _interval(sd, df)
    common = sum(table.shape[1] - 1 for table in tables) if crossed else None
    n = min(cell.n for cell in every)
    least, most = _interval(1.0, n - 1)
    return {"n": len(cells), "metric": study.metric, "split": study.split, "sd": sd, "low": low, "high": high, "df": df,
            "common": common, "each": n, "least": least, "most": most, "own": n - 1,
            "word": "degree" if n == 2 else "degrees"}  # fmt: skip


def _of_parts(tables: Sequence[np.ndarray]) -> tuple[float, float]:
    """The interval of a pooled sd whose two parts, common to rows and not, are each known by chi-square."""
    parts = []
    for table in tables:
        k, n = table.shape
        rest = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
        parts += [(k * ((table.mean(0) - table.mean()) ** 2).sum(), n - 1), ((rest**2).sum(), (k - 1) * (n - 1))]
    whole = sum(df for _, df in parts)
    ends = [[square / whole * (df / stats.chi2.ppf(q, df) - 1) for square, df in parts] for q in (0.975, 0.025)]
    variance = sum(square for square, _ in parts) / whole
    below, above = (np.sqrt(np.square(each).sum()) for each in ends)
    return float(np.sqrt(max(variance - below, 0))), float(np.sqrt(variance + above))


def _interval(sd: float, df: int) -> tuple[float, float]:
    low, high = stats.chi2.ppf([0.975, 0.025], df)
    return float(sd * np.sqrt(df / low)), float(sd * np.sqrt(df / high))


@says(
    "On {split}, {n:int} of {of:int} configuration(s) have the same score with every replicate: scores move in steps "
    "there, and single configurations are not compared by their spread."
)
def _(study: Study, said: Said) -> Truths:
    cells = _cells(study, said["split"])
    return {"split": said["split"], "n": sum(any(cell.sd == 0 for cell in each) for each in cells), "of": len(cells)}


@says("On {split}, configurations do not have the same replicates and are not compared by their spread.")
def _(study: Study, said: Said) -> Truths:
    cells = _cells(study, said["split"])
    assert any(_table(case) is None for case in zip(*cells, strict=True))
    return {"split": said["split"]}


@says(
    "On {split}, the spread differs between {n:int} configuration(s) no more than chance would have it (Bartlett's "
    "chi² = {chi2}, {df:int} {word:degree|degrees} of freedom, {chance}): no single one is shown to be steadier than "
    "another.",
    "On {split}, the spread differs between {n:int} configuration(s) more than normal noise of one size would have it "
    "(Bartlett's chi² = {chi2}, {df:int} {word:degree|degrees} of freedom, {chance}): some are steadier, or the noise "
    "has long tails.",
)
def _(study: Study, said: Said) -> Truths:
    """SciPy's own, of residuals whose sd is that of a configuration beyond what a replicate does to all."""
    cells = _cells(study, said["split"])
    samples = []
    for case in zip(*cells, strict=True):
        table = _table(case)
        k = len(table)
        rest = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
        samples += list(rest * np.sqrt(k / (k - 1)))
    found = stats.bartlett(*samples)
    return {"split": said["split"], "n": len(cells), "chi2": float(found.statistic), "df": len(samples) - 1,
            "word": "degree" if len(samples) == 2 else "degrees", "chance": _exactly(float(found.pvalue))}  # fmt: skip


@says("On {split}[ in {alternative:who}], {changes:text}.")
def _(study: Study, said: Said) -> Truths:
    """`lr changes the spread (0.028 at 0.0001, 0.005 at 0.001; F = 36.6, p = 0.001); no change of the spread by …`."""
    assert " the spread" in said["changes"]
    split, alternative = said["split"], said.get("alternative") or ""
    held = spreads(study, split)
    here = Model(held, study.metric, split, alternative)
    pattern, truths = [], []
    for part in said["changes"].split("; no change of the spread by "):
        inner = part.removeprefix("no change of the spread by ")
        if inner.endswith(" was measurable"):
            names = re.findall(r"([\w.]+) \((p [=<] [\d.]+)\)", inner)
            for name, _ in names:
                pattern.append(rf"{re.escape(name)} \((p [=<] [\d.]+)\)")
                truths.append(changed(study, split, alternative, path(study, name)).p)
            assert inner == _and([f"{name} ({p})" for name, p in names]) + " was measurable"
        else:
            for name in re.findall(r"([\w.]+) changes the spread", part):
                levels, more = _course(held, here, path(study, name), split, alternative)
                found = changed(study, split, alternative, path(study, name))
                pattern.append(rf"{re.escape(name)} changes the spread \({levels}; F = ({NUMBER}), (p [=<] [\d.]+)\)")
                truths += [*more, found.f, found.p]
    glued = ".*?".join(pattern)
    judged = re.findall(r"([\w.]+) (?:changes the spread|\(p [=<])", said["changes"])
    assert len(judged) == len(pattern), judged
    return {"split": split, "alternative": said.get("alternative"), "changes": Values(rf".*?{glued}.*?", truths)}


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _course(held: Study, model: Model, parameter: str, split: str, alternative: str) -> tuple[str, list[float]]:
    """Pooled spreads by level; of many levels the smallest and the largest."""
    squares: dict[object, list[float]] = {level: [] for level in model.levels[parameter]}
    for run in held.own:
        if run.alternative == alternative and parameter in run.parameters:
            squares[run.parameters[parameter]].append(run.scores[held.metric, split] ** 2)
    sds = {level: float(np.sqrt(np.mean(each))) for level, each in squares.items()}
    if len(sds) > LISTED:
        sds = {level: sd for level, sd in sds.items() if sd in (min(sds.values()), max(sds.values()))}
    return ", ".join(rf"({NUMBER}) at {re.escape(_written(level))}" for level in sds), list(sds.values())


def _written(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level).lower() if isinstance(level, bool) else str(level)


@says("Of {n:int} such test(s), {by_chance} would have p < 0.05 if nothing changed it.")
def _(study: Study, said: Said) -> Truths:
    rows = said.page["prose"].table("Stability", "split", "parameter", "level", "sd · pooled")
    n = len({(row["split"], row["alternative"], row["parameter"]) for row in rows})
    return {"n": n, "by_chance": n * LEVEL}


@says("spread of {metric} on {split}.")
def _(study: Study, said: Said) -> Truths:
    return {"metric": study.metric, "split": said["split"]}


# Precision and recall ---------------------------------------------------------------------------------


@says("On {split}, {n:int} of {of:int} {are:is|are} on the front of {metric} and {metric2}: {front:text}.")
def _(study: Study, said: Said) -> Truths:
    means = _both(study, said["metric"], said["metric2"], said["split"])
    members = {each for each in means if not any(_beats(other, means[each]) for other in means.values())}
    groups: dict[tuple[float, float], list[str]] = {}
    for each in means:
        if each in members:
            groups.setdefault(tuple(np.round(means[each], 12)), []).append(each)
    chosen = decision(study, study.role).order[0]
    names = []
    for key in sorted(groups, reverse=True):
        first = chosen if chosen in groups[key] else groups[key][0]
        rest = len(groups[key]) - 1
        also = f" and {rest} other{'s' if rest > 1 else ''}" if rest else ""
        names.append(f"{study.name(first)}{also} ({key[0]:.3f} and {key[1]:.3f})")
    said.heard["front"] = members, means
    return {"split": said["split"], "n": len(members), "of": len(means), "are": "is" if len(members) == 1 else "are",
            "metric": said["metric"], "metric2": said["metric2"], "front": Names(names)}  # fmt: skip


@says("The decided one, {who}, is {on:on it|not on it} ({precision} and {recall}).")
def _(study: Study, said: Said) -> Truths:
    members, means = said.heard["front"]
    chosen = decision(study, study.role).order[0]
    precision, recall = means[chosen]
    return {"who": study.name(chosen), "on": "on it" if chosen in members else "not on it", "precision": precision,
            "recall": recall}  # fmt: skip


def _both(study: Study, one: str, other: str, split: str) -> dict[str, tuple[float, float]]:
    found = {each: [study.score(each, metric, split) for metric in (one, other)] for each in study.ranked()}
    return {each: (a.mean, b.mean) for each, (a, b) in found.items() if a.complete and b.complete}


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one != other


# Groups, settings -------------------------------------------------------------------------------------


@says(
    "On {split}[ in {case}], {metric} is {score}; in each of {n:int} group(s) it is {least:text}"
    "[ {averaged:on average}].",
    "On {split}[ in {case}], {metric} is {score}; of {n:int} group(s) it is lowest in {low:text}, {least:text}, and "
    "highest in {high:text}, {most:text}.",
)
def _(study: Study, said: Said) -> Truths:
    split, case = said["split"], said.get("case")
    chosen = decision(study, study.role).order[0]
    runs = [run for run in study.own if (run.configuration, run.role, run.repeat) == (chosen, study.role, 0)]
    items: dict[str, list[float]] = {}
    for run in runs:
        if case in (None, run.case):
            for name, value in run.items[study.metric, split].items():
                items.setdefault(name, []).append(value)
    means = {name: float(np.mean(values)) for name, values in items.items()}
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    score = study.score(chosen, study.metric, split, case, study.role)
    averaged = "averaged" in said.parts and len({_spread(values) for values in items.values()}) > 1
    return {"split": split, "case": case, "metric": study.metric, "score": spread(score), "n": len(means),
            "low": low, "high": high, "least": _of([means[low]] if averaged else items[low]),
            "averaged": "on average" if averaged else None, "most": _of(items[high])}  # fmt: skip


def _spread(values: Sequence[float]) -> str:
    """What tells the spreads of groups apart, to the digits that are printed."""
    return f"{np.std(values, ddof=1):.2g}" if len(values) > 1 else ""


def _of(values: Sequence[float]) -> Values:
    sd = [float(np.std(values, ddof=1))] if len(values) > 1 else []
    return Values(rf"({NUMBER}){rf' ± ({NUMBER})' if sd else ''}", [float(np.mean(values)), *sd])


@says("Scores by group ({n:int} rows)")
def _(study: Study, said: Said) -> Truths:
    return {"n": sum(map(len, said.page["prose"].tables["Groups"]))}


@says(
    "{name:text}, chosen by {metric} on {split}: mean {mean}, from {low} to {high}, over {n:int} run(s).",
    "{name:text}, chosen by {metric} on {split}: always {low}, over {n:int} run(s).",
)
def _(study: Study, said: Said) -> Truths:
    """By the table beside it: settings are in the export by the mode of a metric alone."""
    rows = [row for table in said.page["prose"].tables["Settings"] for row in table]
    mode, _, last = said["name"].rpartition(" ")
    found: Mapping[tuple[str, str], float] = {
        (row["configuration"], row["replicate"]): float(text)
        for row in rows
        if row["chosen by"] == f"{said['metric']} on {said['split']}" and row["mode"] in (mode or last, "")
        for name, _, text in (pair.partition("=") for pair in row["values"].split())
        if name == last
    }
    values = list(found.values())
    n = len([run for run in distinct(study.own) if run.settings and run.status != "missing"]) or len(values)
    return {"name": said["name"], "metric": said["metric"], "split": said["split"], "mean": float(np.mean(values)),
            "low": min(values), "high": max(values), "n": n}  # fmt: skip


@says("Chosen after training, for each run, from its stored predictions: by {metric} on {split}.")
def _(study: Study, said: Said) -> Truths:
    rows = said.page["prose"].table("Settings", "chosen by", "values")
    assert {row["chosen by"] for row in rows} == {f"{said['metric']} on {said['split']}"}
    return {"metric": said["metric"], "split": said["split"]}


@says(
    "The configuration is chosen by {metric} on {split}, which is also reported: its score there is too good, because "
    "it is the best of several."
)
def _(study: Study, said: Said) -> Truths:
    assert study.split in study.splits
    return {"metric": study.metric, "split": study.split}


@says("{who}, group by group: the score of a split is that of all its items together, and not the mean of its groups.")
def _(study: Study, said: Said) -> Truths:
    return {"who": study.name(decision(study, study.role).order[0])}


# Effects on other splits ------------------------------------------------------------------------------


@says(
    "{parameter} exists in {n:int} of {of:int} runs[ of {alternative:who}]: its levels are compared among these, and "
    "other parameters as if it were at the middle of them elsewhere."
)
def _(study: Study, said: Said) -> Truths:
    alternative = said.get("alternative")
    runs = [
        run
        for run in study.own
        if (run.role, run.repeat) == ("search", 0) and (study.metric, study.split) in run.scores
    ]
    runs = [run for run in runs if alternative in (None, run.alternative)]
    name = path(study, said["parameter"])
    return {"parameter": said["parameter"], "n": sum(name in run.parameters for run in runs), "of": len(runs),
            "alternative": alternative}  # fmt: skip


@says("Means of {pairs:text}, split by split[, over {cases:int} cases].")
def _(study: Study, said: Said) -> Truths:
    return {"pairs": said["pairs"], "cases": cases_of(study)}

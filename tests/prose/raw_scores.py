"""A study as its runs tell it: what `tunebook export STUDY --format parquet --items` holds, and the study file.

Nothing here comes from tunebook.analyse: means, spreads and orders are found anew, by numpy alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
import polars

FIRST = ("study", "configuration", "label", "alternative")
Key = tuple[str, str]
Seed = int | None
BETTER_WHEN_LESS = -1.0


@dataclass(frozen=True)
class Run:
    """One run in one role. `seed` is None where no seed can change it; `items`: (metric, split) -> item -> value."""

    configuration: str
    label: str
    alternative: str
    case: str
    parameters: Mapping[str, object]
    seed: Seed
    role: str
    repeat: int
    id: str
    status: str
    reason: str
    trainable: float | None
    costs: Mapping[str, float]
    scores: Mapping[Key, float]
    items: Mapping[Key, Mapping[str, float]]
    expected: Mapping[Key, tuple[int, int]]
    settings: bool


@dataclass(frozen=True)
class Score:
    """The values of a configuration by seed (None: no seed can change it), of one case or averaged over `parts`."""

    values: Mapping[Seed, float]
    expected: int
    items: Mapping[Seed, Mapping[str, float]] = field(default_factory=dict)
    parts: tuple["Score", ...] = ()

    @property
    def n(self) -> int:
        return min(part.n for part in self.parts) if self.parts and not self.complete else len(self.values)

    @property
    def mean(self) -> float | None:
        if self.parts:
            means = [part.mean for part in self.parts]
            return None if None in means else float(np.mean(means))
        return float(np.mean(list(self.values.values()))) if self.values else None

    @property
    def sd(self) -> float | None:
        return float(np.std(list(self.values.values()), ddof=1)) if len(self.values) > 1 else None

    @property
    def complete(self) -> bool:
        if self.parts:
            return all(part.complete for part in self.parts)
        return len(self.values) == self.expected > 0

    @property
    def fixed(self) -> bool:
        return set(self.values) == {None}


@dataclass(frozen=True)
class Overruling:
    """What a person chose instead of the rule: the configuration, who, and on which day."""

    configuration: str
    by: str
    on: str


class Study:
    """A study of a book.

    Args:
        frame: The exported table, with items.
        file: The study file, parsed.
        less: Metrics of which less is better.
        others: Study -> study, of the same book: what this one builds on.
        overruled: What a person decided.
    """

    def __init__(
        self,
        frame: polars.DataFrame,
        file: Mapping[str, object],
        *,
        less: Sequence[str] = (),
        others: Mapping[str, "Study"] | None = None,
        overruled: Overruling | None = None,
    ) -> None:
        self.file, self.less, self.others, self.overruled = file, less, others or {}, overruled
        self.runs = _runs(frame)
        self.own = [run for run in self.runs if run.role not in ("control", "baseline")]
        self.baselines = {run.configuration: run.label for run in self.runs if run.role == "baseline"}
        select = dict(file.get("select") or {})
        self.metric, self.split = select["metric"], select.get("split", "val")
        rule = select.get("rule", "best-mean")
        self.rule, self.argument = next(iter(rule.items())) if isinstance(rule, Mapping) else (rule, None)
        self.prefer = [_preferred(each) for each in select.get("prefer") or ()]
        self.require = list(select.get("require") or ())
        report = dict(file.get("report") or {})
        self.report, self.splits = list(report.get("metrics") or ()), list(report.get("splits") or ())
        self.where = list(file.get("where") or ())

    @cached_property
    def cases(self) -> list[str]:
        return list(dict.fromkeys(run.case for run in self.own))

    @cached_property
    def configurations(self) -> dict[str, Run]:
        """Configuration -> its first run: label, alternative and parameters stand there."""
        return {run.configuration: run for run in reversed(self.own)}

    @cached_property
    def parameters(self) -> list[str]:
        return list(dict.fromkeys(name for run in self.own for name in run.parameters))

    @property
    def case_fields(self) -> list[str]:
        """What the cases differ in: `data.root`."""
        return list(dict.fromkeys(name for each in self.file.get("across") or () for name in each))

    @cached_property
    def role(self) -> str:
        """`confirm` once every finalist has ended on fresh seeds, else `search`."""
        fresh = [run for run in self.own if run.role == "confirm"]
        return "confirm" if fresh and all(run.status != "missing" for run in fresh) else "search"

    def way(self, metric: str) -> float:
        """1 where more is better, else -1."""
        return BETTER_WHEN_LESS if metric in self.less else 1.0

    def name(self, configuration: str) -> str:
        return self.configurations[configuration].label or configuration

    def trainable(self, configuration: str) -> float | None:
        counts = [run.trainable for run in self.own if run.configuration == configuration and run.trainable is not None]
        return max(counts, default=None)

    def score(
        self, configuration: str, metric: str, split: str, case: str | None = None, role: str = "search"
    ) -> Score:
        """Its values in one case, or the means over all cases, seed by seed."""
        wanted = self.cases if case is None else [case]
        parts = tuple(self._in_case(configuration, metric, split, each, role) for each in wanted)
        return parts[0] if len(parts) == 1 else _over_cases(parts)

    def chosen_by(self, configuration: str, role: str = "search") -> Score:
        """Its score on what the study chooses by."""
        return self.score(configuration, self.metric, self.split, role=role)

    def held(self, role: str) -> list[str]:
        """The configurations that have runs of a role."""
        return list(dict.fromkeys(run.configuration for run in self.own if run.role == role))

    def ranked(self, role: str = "search") -> list[str]:
        """Best first; those without a score last. Equal ones: fewer trainable parameters, then the id."""
        found = {each: self.chosen_by(each, role).mean for each in self.held(role)}
        way = self.way(self.metric)

        def key(each: str) -> tuple[bool, float, float, str]:
            mean, trainable = found[each], self.trainable(each)
            return mean is None, -way * (mean or 0.0), np.inf if trainable is None else trainable, each

        return sorted(found, key=key)

    def whole(self, role: str = "search") -> list[str]:
        """Those of which every run has a value, best first."""
        return [each for each in self.ranked(role) if self.chosen_by(each, role).complete]

    def _in_case(self, configuration: str, metric: str, split: str, case: str, role: str) -> Score:
        runs = [run for run in self._by_row[configuration, case] if run.role == role and run.repeat == 0]
        scored = {run.seed: run for run in runs if (metric, split) in run.scores}
        values = {seed: run.scores[metric, split] for seed, run in scored.items()}
        items = {seed: run.items.get((metric, split), {}) for seed, run in scored.items()}
        means = all(items[seed] and np.isclose(np.mean(list(items[seed].values())), values[seed]) for seed in values)
        alike = len({frozenset(each) for each in items.values()}) == 1
        return Score(values, len(runs), items if means and alike else {})

    @cached_property
    def _by_row(self) -> dict[tuple[str, str], list[Run]]:
        named = {**self.configurations, **self.baselines}
        rows: dict[tuple[str, str], list[Run]] = {key: [] for key in product(named, self.cases)}
        for run in self.runs:
            if run.role != "control":
                rows[run.configuration, run.case].append(run)
        return rows


def _over_cases(parts: tuple[Score, ...]) -> Score:
    varying = [part.values for part in parts if not part.fixed]
    seeds: Sequence[Seed] = (
        [seed for seed in varying[0] if all(seed in each for each in varying)] if varying else [None]
    )
    whole = all(part.complete for part in parts)
    values = (
        {seed: float(np.mean([part.values.get(seed, part.values.get(None)) for part in parts])) for seed in seeds}
        if whole
        else {}
    )
    return Score(values, max(part.expected for part in parts), parts=parts)


def _preferred(each: object) -> tuple[str, str]:
    return next(iter(each.items())) if isinstance(each, Mapping) else (str(each), "low")


def _runs(frame: polars.DataFrame) -> list[Run]:
    """Run by run in the order of the table; a run that serves two roles is there twice."""
    columns = frame.columns
    named = columns[len(FIRST) : columns.index("case")]
    factors = columns[columns.index("case") + 1 : columns.index("role")]
    assert factors in ([], ["seed"]), factors
    found: dict[tuple[object, ...], tuple[dict[str, object], dict, dict, dict, list]] = {}
    for line in frame.iter_rows(named=True):
        key = tuple(line[name] for name in ("configuration", "label", "case", "role", "repeat", "run"))
        _, scores, items, expected, settings = found.setdefault(key, (line, {}, {}, {}, []))
        score = line["metric"], line["split"]
        settings += [line["settings"]] if line["settings"] else []
        if line["item"] is None:
            scores |= {} if line["value"] is None or not np.isfinite(line["value"]) else {score: line["value"]}
            expected |= {} if line["n"] is None else {score: (line["n"], line["expected"])}
        else:
            items.setdefault(score, {})[line["item"]] = line["value"]
    return [_run(*parts, named) for parts in found.values()]


def _run(line: Mapping, scores: Mapping, items: Mapping, expected: Mapping, settings: list, named: list[str]) -> Run:
    return Run(
        configuration=line["configuration"],
        label=line["label"] or "",
        alternative=line["alternative"] or "",
        case=line["case"] or "",
        parameters={name.removeprefix("parameter."): line[name] for name in named if line[name] is not None},
        seed=line.get("seed"),
        role=line["role"],
        repeat=line["repeat"],
        id=line["run"],
        status=line["status"],
        reason=line["reason"] or "",
        trainable=line["trainable_parameters"],
        costs={name: line[name] for name in ("seconds", "cpu_seconds", "peak_memory_gb") if name in line},
        scores=scores if line["status"] == "finished" else {},
        items=items,
        expected=expected,
        settings=bool(settings),
    )

"""Rules of several measures: those that nothing beats in all of them, and a weighted mean."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tunebook.analyse.costs import costs_of
from tunebook.analyse.requirements import score_of
from tunebook.analyse.rules.terms import Choice, Terms, mean_of, separation
from tunebook.analyse.saying import amount, counted, name_of, named, number, spread
from tunebook.analyse.scores import Cell, Entry, direction
from tunebook.records import COSTS


@dataclass(frozen=True)
class Pareto:
    """Among those that no other is as good as in all objectives and better in one: the simplest, else the best mean.

    Args:
        objectives: Metrics on the selection split, and costs, of which less is better.
    """

    terms: Terms
    objectives: Sequence[str]

    def score(self, entry: Entry) -> float | None:
        """Its mean on the selection metric; None where it lacks an objective."""
        return entry.selection.mean if len(self._values(entry)) == len(self.objectives) else None

    def lacks(self, entry: Entry) -> str:
        """The objectives that have no value."""
        values = self._values(entry)
        return "no value of " + ", ".join(name for name in self.objectives if name not in values)

    def choose(self, entries: Sequence[Entry]) -> Choice:
        """The chosen one, the rest of the front, then the others; front and others by what chose."""
        members = front({entry.configuration: self._good(entry) for entry in entries})
        inside = sorted((entry for entry in entries if entry.configuration in members), key=self._key)
        outside = sorted((entry for entry in entries if entry.configuration not in members), key=self._key)
        return Choice((*inside, *outside), tuple(self._evidence(inside, len(entries))))

    def _key(self, entry: Entry) -> tuple[float | str, ...]:
        simple = self.terms.then(entry)[:-1] if self.terms.table.prefer else ()
        return (*simple, *self.terms.better_first(entry))

    def _values(self, entry: Entry) -> dict[str, float]:
        costs = costs_of(entry)
        found: dict[str, float] = {}
        for name in self.objectives:
            cell = None if name in COSTS else score_of(entry, self.terms.table, name, self.terms.role)
            value = costs.get(name) if cell is None else cell.mean if cell.complete else None
            if value is not None:
                found[name] = value
        return found

    def _good(self, entry: Entry) -> tuple[float, ...]:
        """Its objectives with more being better in all."""
        return tuple(value if self._more(name) else -value for name, value in self._values(entry).items())

    def _more(self, name: str) -> bool:
        return name not in COSTS and direction(self.terms.table, name) == "maximize"

    def _evidence(self, members: Sequence[Entry], of: int) -> Iterator[str]:
        ways = [f"{name} ({'more' if self._more(name) else 'less'} is better)" for name in self.objectives]
        are = "is" if len(members) == 1 else "are"
        yield (
            f"{len(members)} of {counted(of, 'candidate')} {are} on the front of {' and '.join(ways)}, where none "
            f"other is as good in all and better in one: {named(members)}."
        )
        chosen = members[0]
        values = [f"{name} {self._said(name, value)}" for name, value in self._values(chosen).items()]
        why = f"the best mean of {self.terms.metric}, {spread(chosen.selection)}"
        if self.terms.table.prefer:
            why = "the simplest by " + ", ".join(name for name, _ in self.terms.table.prefer)
        if len(members) == 1:
            yield f"{name_of(chosen)} has {', '.join(values)}."
            return
        yield f"{name_of(chosen)} is taken, {why}: {', '.join(values)}."
        best = self.terms.best(members)
        if best is not chosen:
            by = self.terms.simpler_by(chosen, best)
            saved = f"; {by} of {name_of(best)}" if by else ""
            yield f"{name_of(best)} has the best mean of these, {spread(best.selection)}{saved}."

    def _said(self, name: str, value: float) -> str:
        return amount(name, value) if name in COSTS else number(value)


@dataclass(frozen=True)
class Weights:
    """The best weighted mean of metrics on the selection split, replicate by replicate.

    Where some are maximised and others minimised, the latter count negative and more is better.

    Args:
        weights: Metric -> weight, > 0.
    """

    terms: Terms
    weights: Mapping[str, float]

    def score(self, entry: Entry) -> float | None:
        """Its weighted mean; None where it lacks a metric."""
        return self.weighted(entry).mean

    def lacks(self, entry: Entry) -> str:
        """The metrics that have no value, and why."""
        return self.weighted(entry).reason

    def choose(self, entries: Sequence[Entry]) -> Choice:
        """The best weighted mean."""
        found = {entry.configuration: self.weighted(entry) for entry in entries}
        way = 1.0 if self.way == "maximize" else -1.0
        order = sorted(
            entries, key=lambda entry: (-way * (found[entry.configuration].mean or 0.0), *self.terms.then(entry))
        )
        return Choice(tuple(order), tuple(filter(None, self._evidence(order, found))))

    @property
    def way(self) -> str:
        """`minimize` when all of its metrics are minimised."""
        ways = {direction(self.terms.table, metric) for metric in self.weights}
        return "minimize" if ways == {"minimize"} else "maximize"

    def weighted(self, entry: Entry) -> Cell:
        """The weighted mean with its spread; without a value where a run lacks one of the metrics."""
        cells = {metric: score_of(entry, self.terms.table, metric, self.terms.role) for metric in self.weights}
        lacking = [f"no {metric}: {cell.reason}" for metric, cell in cells.items() if not cell.complete]
        if lacking:
            return Cell(None, None, 0, entry.selection.expected, "; ".join(lacking))
        common = set.intersection(*(set(cell.by_replicate) for cell in cells.values()))
        by_replicate = {
            replicate: self._mean({metric: cell.by_replicate[replicate] for metric, cell in cells.items()})
            for replicate in entry.selection.by_replicate
            if replicate in common
        }
        mean = self._mean({metric: cell.mean for metric, cell in cells.items() if cell.mean is not None})
        sd = statistics.stdev(by_replicate.values()) if len(by_replicate) > 1 else None
        return Cell(mean, sd, min(cell.n for cell in cells.values()), entry.selection.expected, "", by_replicate)

    def _mean(self, values: Mapping[str, float]) -> float:
        total = sum(weight * self._sign(metric) * values[metric] for metric, weight in self.weights.items())
        return total / sum(self.weights.values())

    def _sign(self, metric: str) -> float:
        return -1.0 if self.way != direction(self.terms.table, metric) else 1.0

    def _evidence(self, order: Sequence[Entry], found: Mapping[str, Cell]) -> Iterator[str]:
        chosen, *others = order
        most = "highest" if self.way == "maximize" else "lowest"
        terms = [f"{'- ' if self._sign(metric) < 0 else '+ ' if at else ''}{weight:g} × {metric}"
                 for at, (metric, weight) in enumerate(self.weights.items())]  # fmt: skip
        formula = f"({' '.join(terms)}) / {sum(self.weights.values()):g}"
        yield (
            f"{name_of(chosen)} has the {most} weighted mean {formula} on {self.terms.table.select_split}, "
            f"{spread(found[chosen.configuration])}, of {counted(len(order), 'candidate')}."
        )
        if others:
            yield f"Next is {name_of(others[0])} with {spread(found[others[0].configuration])}."
            weighed = [replace(entry, selection=found[entry.configuration]) for entry in order]
            yield separation(weighed[0], weighed[1:], way=self.way)
            best = self.terms.best(order)
            if best is not chosen:
                yield (
                    f"The best mean of {self.terms.metric} is that of {name_of(best)}, {number(mean_of(best))}; "
                    f"{name_of(chosen)} has {number(mean_of(chosen))}."
                )


def front(points: Mapping[str, Sequence[float]]) -> frozenset[str]:
    """The names of the points that no other dominates, where more is better in every coordinate.

    A point dominates another when it is as good in all coordinates and better in one: equal points stay together.
    """
    return frozenset(
        name
        for name, point in points.items()
        if not any(
            all(a >= b for a, b in zip(other, point, strict=True)) and tuple(other) != tuple(point)
            for other in points.values()
        )
    )

"""Precision against recall, split by split: what nothing beats in both, and where the decided configuration is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tunebook.analyse import Cell, Entry, cases, cell, ordered
from tunebook.analyse.rules import front
from tunebook.analyse.scores import mean_over_cases
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Figures, Grid, Heading, Said, Value
from tunebook.report.figures.figure import Point, ScatterFigure
from tunebook.report.wording import counted, joined, listed, metric_name, name, number, spread, units

PRECISION, RECALL = "precision", "recall"


@dataclass(frozen=True)
class _Trade:
    """Two metrics of one split.

    Args:
        scores: Configuration -> its scores of both; of those whose runs all have both.
        members: Configurations that no other is as good as in both and better in one.
    """

    precision: str
    recall: str
    split: str
    entries: Sequence[Entry]
    scores: Mapping[str, tuple[Cell, Cell]]
    members: frozenset[str]

    @property
    def where(self) -> str:
        """`half.precision and half.recall on ood`."""
        return f"{self.precision} and {self.recall} on {self.split}"

    def means(self, entry: Entry) -> tuple[float, float]:
        """Of a configuration: precision, recall."""
        one, other = (each.mean or 0.0 for each in self.scores[entry.configuration])
        return one, other

    def groups(self, decided: Entry | None) -> list[list[Entry]]:
        """The front, the highest precision first; those of equal means together, the decided one first among them."""
        found: dict[tuple[float, ...], list[Entry]] = {}
        for entry in self.entries:
            if entry.configuration in self.members:
                found.setdefault(tuple(round(-mean, 12) for mean in self.means(entry)), []).append(entry)
        return [sorted(found[key], key=lambda entry: entry is not decided) for key in sorted(found)]


def precision_card(table: Table) -> Card | None:
    """On the split of the choice and on each reported one; None where the study reports no such two metrics."""
    pairs = list(_pairs(table))
    if not pairs:
        return None
    heading = "Precision and recall"
    splits = dict.fromkeys((table.select_split, *table.splits))
    found = [_trade(table, *pair, split) for pair in pairs for split in splits]
    found = [each for each in found if len(each.scores) > 1]
    if not found:
        return Card("precision", heading, absent="no two configurations have both from all of their runs")
    over = f", over {counted(len(cases(table)), 'case')}" if len(cases(table)) > 1 else ""
    sentence = (
        f"Means of {joined([f'{one} against {other}' for one, other in pairs])}, split by split{over}. "
        "On the front: no other is as good in both and better in one."
    )
    said = Said([_in_words(table, each) for each in found])
    figures = Figures([_figure(table, each, at) for at, each in enumerate(found, start=1)])
    blocks: list[Block] = [said, figures, _grid(table, found)]
    caveats = [
        f"The front is that of the means: of configurations that {units(table)} do not tell apart, others could be on "
        f"it with other {units(table)}. Thresholds are those of the runs."
    ]
    return Card("precision", heading, sentence, blocks, caveats)


def _pairs(table: Table) -> Iterator[tuple[str, str]]:
    """Reported precisions, each with its recall: `macro.precision` goes with `macro.recall`."""
    for metric in table.report:
        before, _, last = metric.rpartition(".")
        other = f"{before}.{RECALL}" if before else RECALL
        if last == PRECISION and other in table.report:
            yield metric, other


def _trade(table: Table, precision: str, recall: str, split: str) -> _Trade:
    scores = {}
    for entry in ordered(table):
        one, other = (
            mean_over_cases([cell(row, metric=metric, split=split) for row in entry.rows])
            for metric in (precision, recall)
        )
        if one.complete and other.complete:
            scores[entry.configuration] = one, other
    entries = [entry for entry in ordered(table) if entry.configuration in scores]
    members = front({each: (one.mean or 0.0, other.mean or 0.0) for each, (one, other) in scores.items()})
    return _Trade(precision, recall, split, entries, scores, members)


def _decided(table: Table, found: _Trade) -> Entry | None:
    chosen = table.decision.configuration if table.decision else ""
    return next((entry for entry in found.entries if entry.configuration == chosen), None)


def _in_words(table: Table, found: _Trade) -> str:
    """`On ood 3 of 96 are on the front of precision and recall: a (0.95 and 0.80), …. The decided one, …`."""
    decided = _decided(table, found)
    groups = found.groups(decided)
    said = [f"{name(first)}{_and_others(rest)} ({_both(found, first)})" for first, *rest in groups]
    are = "is" if len(found.members) == 1 else "are"
    line = (
        f"On {found.split}, {len(found.members)} of {len(found.entries)} {are} on the front of {found.precision} and "
        f"{found.recall}: {listed(said)}."
    )
    if decided is None:
        return line
    on = "on it" if decided.configuration in found.members else "not on it"
    return f"{line} The decided one, {name(decided)}, is {on} ({_both(found, decided)})."


def _and_others(rest: Sequence[Entry]) -> str:
    return f" and {counted(len(rest), 'other')}" if rest else ""


def _both(found: _Trade, entry: Entry) -> str:
    """`0.950 and 0.800`."""
    return " and ".join(number(mean) for mean in found.means(entry))


def _figure(table: Table, found: _Trade, at: int) -> ScatterFigure:
    decided = _decided(table, found)
    ns = sorted({each.n for both in found.scores.values() for each in both})
    n = f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]} to {ns[-1]}"
    points = []
    for entry in found.entries:
        one, other = found.scores[entry.configuration]
        points.append(
            Point(
                label=name(entry),
                cost=other.mean or 0.0,
                score=one.mean or 0.0,
                front=entry.configuration in found.members,
                decided=entry is decided,
                tip=f"{name(entry)}: {found.precision} {spread(one)}, {found.recall} {spread(other)}",
            )
        )
    chosen = " (the split of the choice)" if found.split == table.select_split else ""
    return ScatterFigure(
        name=f"precision-{at}",
        title=[
            f"{found.precision} against {found.recall} on {found.split}{chosen}",
            f"{'mean over cases and replicates' if len(cases(table)) > 1 else 'mean over replicates'}, {n}",
            "filled: on the front · open: beaten · square: decided",
        ],
        alt=_in_words(table, found),
        points=points,
        x=metric_name(table, found.recall),
        y=metric_name(table, found.precision),
        maximize=True,
        x_better="more",
    )


def _grid(table: Table, found: Sequence[_Trade]) -> Grid:
    headings = [Heading("configuration"), Heading("split"), Heading("metrics")]
    headings += [Heading(each, numeric=True) for each in (PRECISION, RECALL)]
    headings += [Heading(table.select_metric, f"on {table.select_split}", numeric=True)]
    headings.append(Heading("n", "runs", numeric=True))
    rows: list[list[Value]] = []
    marked: set[int] = set()
    for trade in found:
        decided = _decided(table, trade)
        outside = [decided] if decided is not None and decided.configuration not in trade.members else []
        for entry, *rest in [*trade.groups(decided), *([each] for each in outside)]:
            if entry is decided:
                marked.add(len(rows))
            one, other = trade.scores[entry.configuration]
            rows.append(
                [
                    Value(
                        name(entry), "decided, not on the front" if outside == [entry] else _and_others(rest).strip()
                    ),
                    Value(trade.split),
                    Value(f"{trade.precision}, {trade.recall}"),
                    *(Value(spread(each), sort=each.mean) for each in (one, other)),
                    Value(spread(entry.selection), sort=entry.selection.mean),
                    Value(str(one.n), sort=one.n),
                ]
            )
    several = len({(trade.precision, trade.recall) for trade in found}) > 1
    kept = [at for at in range(len(headings)) if at != 2 or several]
    facets = {"split": [row[1].text for row in rows], "metrics": [row[2].text for row in rows]}
    facets = {each: values for each, values in facets.items() if len(set(values)) > 1}
    return Grid(
        "The fronts of precision and recall, and the decided configuration.",
        [headings[at] for at in kept],
        [[row[at] for at in kept] for row in rows],
        title="The fronts",
        marked=frozenset(marked),
        facets=facets,
    )

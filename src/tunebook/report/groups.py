"""Scores of the parts of a split, where the score of the split is not their mean: speakers, sites, files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tunebook.analyse import Cell, cases, cell, ordered, standing
from tunebook.analyse.scores import parts_of, runs_of
from tunebook.records import Case, Role, Row, Table
from tunebook.report.cards import LONG, Block, Card, Grid, Heading, Said, Value
from tunebook.report.wording import counted, in_case, metric_name, spread, units, with_n

ANCHOR, HEADING = "groups", "Groups"
FEWEST = 2
"""Fewest groups of a split that are told apart."""
WHOLE = "all together"


@dataclass(frozen=True)
class _Parts:
    """One metric on one split in one case.

    Args:
        whole: The score. `parts`: group -> its score, over the same runs.
        held: Group -> how many items of it have a score, at least, and how many there are; of the whole as well.
    """

    metric: str
    split: str
    case: Case
    whole: Cell
    parts: Mapping[str, Cell]
    held: Mapping[str, tuple[int, int]]


def groups_card(table: Table) -> Card | None:
    """The decided configuration, group by group; None where the study's metrics are not scored on groups."""
    decision = standing(table)
    entry = next((each for each in ordered(table) if decision and each.configuration == decision.configuration), None)
    if decision is None or entry is None:
        return None
    found = [
        parts
        for case, row in zip(cases(table), entry.rows, strict=True)
        if row is not None
        for parts in _parts(table, case, row, decision.role)
    ]
    if not found:
        return None
    sentence = (
        f"{entry.label or entry.configuration}, group by group: the score of a split is that of all its items "
        "together, and not the mean of its groups."
    )
    lines = [line for each in found if each.metric == table.select_metric for line in _extremes(each)]
    blocks: list[Block] = [*([Said(lines)] if lines else []), _grid(table, found)]
    caveats = [
        f"Means over the n runs, ± their standard deviation (ddof 1; none when n = 1): for other {units(table)}, and "
        "these groups. What other groups would score is not in it."
    ]
    return Card(ANCHOR, HEADING, sentence, blocks, caveats)


def _parts(table: Table, case: Case, row: Row, role: Role) -> Iterator[_Parts]:
    """Metrics of the page with two groups or more, split by split."""
    for split in dict.fromkeys((table.select_split, *table.splits)):
        for metric in dict.fromkeys((table.select_metric, *table.report)):
            whole = cell(row, metric=metric, split=split, role=role)
            parts = parts_of(row, metric=metric, split=split, role=role)
            if whole.mean is not None and len(parts) >= FEWEST:
                yield _Parts(metric, split, case, whole, parts, _held(row, role, (metric, split)))


def _held(row: Row, role: Role, key: tuple[str, str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for run in runs_of(row, role):
        here = {name: (part.n, part.expected) for name, part in run.parts.get(key, {}).items()}
        for name, count in {**here, **({WHOLE: run.counts[key]} if key in run.counts else {})}.items():
            found[name] = min(found.get(name, count), count)
    return found


def _extremes(each: _Parts) -> Iterator[str]:
    """The lowest and the highest group of the metric that the study chooses by."""
    known = {name: part for name, part in each.parts.items() if part.mean is not None}
    if len(known) < FEWEST:
        return
    if len({part.mean for part in known.values()}) == 1:
        yield (
            f"On {each.split}{in_case(each.case)}, {each.metric} is {with_n(each.whole)}; in each of "
            f"{counted(len(known), 'group')} it is {_common(known.values())}."
        )
        return
    low, high = (pick(known, key=lambda name: known[name].mean or 0.0) for pick in (min, max))
    yield (
        f"On {each.split}{in_case(each.case)}, {each.metric} is {with_n(each.whole)}; of "
        f"{counted(len(known), 'group')} it is lowest in {low}, {spread(known[low])}, and highest in {high}, "
        f"{spread(known[high])}."
    )


def _common(parts: Iterable[Cell]) -> str:
    """Of groups with the same mean: `0.998 ± 0.003`; the mean alone where their spreads differ."""
    texts = list(dict.fromkeys(map(spread, parts)))
    return texts[0] if len(texts) == 1 else f"{texts[0].split(' ')[0]} on average"


def _grid(table: Table, found: Sequence[_Parts]) -> Grid:
    metrics = list(dict.fromkeys(each.metric for each in found))
    several = len(cases(table)) > 1
    headings = [Heading("group"), Heading("split"), *([Heading("case")] if several else [])]
    headings += [Heading(metric_name(table, metric), numeric=True) for metric in metrics]
    headings += [Heading("items", "scored of all", numeric=True), Heading("n", "runs", numeric=True)]
    rows: list[list[Value]] = []
    marked: set[int] = set()
    for case, split in dict.fromkeys((each.case.label, each.split) for each in found):
        here = {each.metric: each for each in found if (each.case.label, each.split) == (case, split)}
        names = dict.fromkeys(name for each in here.values() for name in each.parts)
        for name in (WHOLE, *names):
            cells = [_at(here.get(metric), name) for metric in metrics]
            n = max((each.n for each in cells if each is not None), default=0)
            if name == WHOLE:
                marked.add(len(rows))
            where = [Value(split), *([Value(case)] if several else [])]
            held = min((each.held[name] for each in here.values() if name in each.held), default=(0, 0))
            items = Value(f"{held[0]} of {held[1]}", sort=held[0])
            rows.append([Value(name), *where, *map(_value, cells), items, Value(str(n), sort=n)])
    facets = {heading.text: [row[at].text for row in rows] for at, heading in enumerate(headings[: 2 + several])}
    facets = {name: values for name, values in facets.items() if len(set(values)) > 1}
    title = "Scores by group" if len(rows) <= LONG else f"Scores by group ({len(rows)} rows)"
    folded = len(rows) > LONG
    return Grid(
        "Scores of the decided configuration, group by group.", headings, rows, title, folded, frozenset(marked), facets
    )


def _at(parts: _Parts | None, name: str) -> Cell | None:
    return None if parts is None else parts.whole if name == WHOLE else parts.parts.get(name)


def _value(one: Cell | None) -> Value:
    if one is None or one.mean is None:
        return Value("no value", muted=True)
    return Value(spread(one), sort=one.mean)

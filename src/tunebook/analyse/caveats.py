"""What limits a decision: what cannot be known, who was left out, where another would be better."""

from collections.abc import Iterator

from tunebook.analyse.comparisons import difference
from tunebook.analyse.field import Field
from tunebook.analyse.saying import listed, name_of, number
from tunebook.analyse.scores import Cell, Entry, best_of, cases, cell, direction


def caveats(field: Field) -> Iterator[str]:
    """One sentence each."""
    if field.fallen:
        yield f"{field.fallen[0].upper()}{field.fallen[1:]}: best-mean chooses instead."
    if _may_be_luck(field):
        yield "With one replicate the rule cannot judge noise: a rerun may order the configurations otherwise."
    if field.table.confirm is not None and field.role == "search" and field.able:
        yield "The finalists have not been run on fresh seeds: the best of many searched scores is too good."
    if len(cases(field.table)) > 1:
        names = ", ".join(case.label for case in cases(field.table))
        yield (
            f"The score of a configuration is its mean over the cases {names}; each case weighs the same, "
            "and ± is the spread of that mean between replicates."
        )
        yield from _elsewhere(field)
    if field.able:
        yield from _left_out(field)


def _may_be_luck(field: Field) -> bool:
    """Whether each candidate was run once, a seed could change it, and the rule does not know by how much."""
    seeded = [entry for entry in field.able if "" not in entry.selection.by_replicate]
    once = all(entry.selection.n == 1 for entry in field.able)
    return bool(seeded) and once and (bool(field.fallen) or field.table.rule != "one-standard-error")


def _left_out(field: Field) -> Iterator[str]:
    lacking = [entry for entry in field.entries if not entry.selection.complete]
    if lacking:
        said = listed([field.lacks(entry) for entry in lacking])
        yield f"{_were(len(lacking))} no candidate, for not every run has a value: {said}."
    if field.failing:
        said = listed([field.fails(entry) for entry in field.failing])
        yield f"{_were(len(field.failing))} not chosen among, for what is required is not met: {said}."
    if field.unjudged:
        were = _were(len(field.unjudged))
        yield f"{were} not chosen among, for {field.table.rule} cannot judge: {field.not_judged()}."


def _were(n: int) -> str:
    return f"{n} {'configuration was' if n == 1 else 'configurations were'}"


def _elsewhere(field: Field) -> Iterator[str]:
    """Where another candidate than the one with the best mean over cases is better in a case.

    Not where common replicates cannot tell the two apart; where there are too few of them to tell, that is said.
    """
    table = field.table
    for at, case in enumerate(cases(table)):
        found = [(entry, _in_case(entry, at, field)) for entry in field.able]
        top = best_of((one.mean or 0.0 for _, one in found), direction(table, table.select_metric))
        if not found or found[0][1].mean == top:
            continue
        (chosen, here), (other, best) = found[0], next(each for each in found if each[1].mean == top)
        gap = difference(best, here)
        if gap is None or gap.apart:
            untold = "" if gap else ", with fewer than two common replicates to tell them apart"
            yield (
                f"In {case.label} alone {name_of(other)} has the best {table.select_metric} on "
                f"{table.select_split}, {_mean(best)}; {name_of(chosen)} has {_mean(here)}{untold}."
            )


def _mean(of: Cell) -> str:
    assert of.mean is not None  # a candidate has a value in every case
    return number(of.mean)


def _in_case(entry: Entry, at: int, field: Field) -> Cell:
    table = field.table
    return cell(entry.rows[at], metric=table.select_metric, split=table.select_split, role=field.role)

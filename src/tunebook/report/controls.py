"""Decisions of other studies that this one builds on, run again here: whether they did as well."""

from collections.abc import Sequence

from tunebook.analyse import ControlResult, controls
from tunebook.records import Table
from tunebook.report.cards import Block, Figures, Said
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure, Kind
from tunebook.report.wording import metric_name, number


def control_blocks(table: Table) -> list[Block]:
    """For each decision that was carried here a sentence with its verdict, and figures of the scores there and here."""
    found = controls(table)
    if not found:
        return []
    measured = [each for each in found if each.before is not None and each.here is not None]
    columns = dict.fromkeys((each.control.metric, each.control.split) for each in measured)
    figures = [
        _figure(table, [each for each in measured if (each.control.metric, each.control.split) == column], at)
        for at, column in enumerate(columns, start=1)
    ]
    said = Said([each.sentence for each in found], "What was carried here, run again")
    return [said, *([Figures(figures)] if figures else [])]


def _figure(table: Table, found: Sequence[ControlResult], at: int) -> IntervalsFigure:
    """Those that another study chose by one metric on one split, by their verdict."""
    metric, split = found[0].control.metric, found[0].control.split
    verdicts = dict.fromkeys(each.verdict for each in found)
    groups = [Group(verdict, [_row(each) for each in found if each.verdict == verdict]) for verdict in verdicts]
    return IntervalsFigure(
        name=f"control-{at}",
        title=[f"{metric} on {split}", "decided by other studies, run again here"],
        alt=" ".join(each.sentence for each in found),
        groups=groups,
        axis=metric_name(table, metric) if metric in table.metrics else metric,
        key="open: in the study that decided · filled: here",
    )


def _row(found: ControlResult) -> Estimate:
    here, control = found.here or 0.0, found.control
    kind: Kind = "plain" if found.verdict == "reproduced" else "behind"
    return Estimate(f"{control.study}: {control.label}", here, said=number(here), kind=kind, before=found.before)

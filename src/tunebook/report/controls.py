"""Decisions of other studies that this one builds on, run again here: whether they did as well."""

from collections.abc import Sequence

from tunebook.analyse import ControlResult, controls
from tunebook.records import Table
from tunebook.report.cards import Block, Figures, Said
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure
from tunebook.report.wording import between, gap, number


def control_blocks(table: Table) -> list[Block]:
    """For each decision that was carried here a sentence with its verdict, and a figure of both scores."""
    found = controls(table)
    if not found:
        return []
    figures = [figure for at, each in enumerate(found, start=1) for figure in _figures(each, at)]
    said = Said([each.sentence for each in found], "What was carried here, run again")
    return [said, *([Figures(figures)] if figures else [])]


def _figures(found: ControlResult, at: int) -> Sequence[IntervalsFigure]:
    """The score there, hollow, and here; nothing where one of them is missing."""
    if found.before is None or found.here is None:
        return []
    control = found.control
    interval = "" if found.low is None or found.high is None else f", 95 % interval {between(found.low, found.high)}"
    row = Estimate(control.label, found.here, said=number(found.here), before=found.before)
    group = Group(found.verdict, [row], f"was {number(found.before)}, difference {gap(found.before - found.here)}")
    title = [f"{control.metric} on {control.split}", f"decided by {control.study}, run again here{interval}"]
    axis, key = control.metric, f"open: in {control.study} · filled: here"
    return [IntervalsFigure(f"control-{at}", title, found.sentence, [group], axis, key=key)]

"""The study file that would look beyond the edges of a decision."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tunebook.analyse.scores import cases, searched
from tunebook.records import COSTS, Table
from tunebook.spec.faults import text_of
from tunebook.spec.programs import GROUP, Program

PLAIN = re.compile(r"[^\W\d][\w./-]*(:[\w./@-]+)?")
"""A text that YAML takes as it stands, between brackets too."""
WARNING = "# The next values as those that were tried are spaced; tunebook check names any that a field does not take."


def study_file(table: Table, space: Mapping[str, Sequence[float]]) -> str:
    """A study of these values on the decided configuration of a table, with its cases, seeds, selection and report.

    What a table does not hold (noise, device, limits, constraints) is not in it.

    Args:
        space: Parameter -> its values.
    """
    name = f"{table.study}-further"
    where = ", ".join(f"{path} {text_of(each[0])} to {text_of(each[-1])}" for path, each in space.items())
    lines = [
        WARNING,
        f"study: {_written(name)}",
        f"question: {_written(f'Is there a better configuration than that of {table.study} at {where}?')}",
        *_task(table),
        f"base: {_written({'from': table.study})}",
        "space:",
        *(f"  {path}: {_written(values)}" for path, values in space.items()),
        *_across(table),
        *_replicates(table),
        *_confirm(table),
        f"select: {_written(_select(table, space))}",
        f"report: {_written({'metrics': list(table.report), 'splits': list(table.splits)})}",
    ]
    return "\n".join(lines) + "\n"


def _task(table: Table) -> Iterator[str]:
    """The task by its name; an own program as the decided configuration holds it."""
    values = table.decision.values if table.decision is not None else {}
    if GROUP not in values:
        yield f"task: {_written(table.task)}"
        return
    program = Program.of(values)
    said = {key: value for key, value in program.declared.items() if value and key != "metrics"}
    yield f"task: {_written(program.function if list(said) == ['function'] else said)}"
    yield "metrics:"
    for name, facts in program.declared["metrics"].items():
        yield f"  {name}: {_written({key: value for key, value in facts.items() if value not in ('', None)})}"


def _across(table: Table) -> Iterator[str]:
    crossed = [case.values for case in cases(table) if case.values]
    if crossed:
        yield "across:"
        yield from (f"  - {_written(values)}" for values in crossed)


def _replicates(table: Table) -> Iterator[str]:
    seeds = sorted({run.replicate["seed"] for row in table.rows for run in searched(row) if "seed" in run.replicate})
    folds = {run.replicate["fold"] for row in table.rows for run in searched(row) if "fold" in run.replicate}
    if seeds:
        counted = seeds == list(range(len(seeds)))
        beside = {"fold": len(folds)} if folds else {}
        yield f"replicates: {_written({'seed': len(seeds) if counted else seeds, **beside})}"


def _confirm(table: Table) -> Iterator[str]:
    top, seeds = table.confirm or (0, 0)
    yield f"confirm: {_written({'top': top, 'seeds': seeds} if table.confirm else None)}"


def _select(table: Table, space: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """As the table's study selects; what it prefers among parameters that no longer vary is left out."""
    prefer = [name if way == "low" else {name: way} for name, way in table.prefer if name in COSTS or name in space]
    return {
        "metric": table.select_metric,
        "split": table.select_split,
        "rule": table.rule if table.argument is None else {table.rule: table.argument},
        **({"prefer": prefer} if prefer else {}),
        **({"require": list(table.require)} if table.require else {}),
    }


def _written(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_written(key)}: {_written(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return value if PLAIN.fullmatch(value) and text_of(value) == value else json.dumps(value, ensure_ascii=False)
    return text_of(value)

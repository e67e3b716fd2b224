"""What `tunebook audit` looks at, and how it says what it found."""

import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tunebook import __version__, analyse, foreign
from tunebook import study as conductor
from tunebook.analyse import CODES, ControlResult, Finding
from tunebook.cli.page import edited
from tunebook.cli.paths import chosen
from tunebook.errors import InputError, Problem
from tunebook.foreign import Asked
from tunebook.records import Decision, Table
from tunebook.report.overview import later_said
from tunebook.spec.names import listed

TABLES = (".csv", ".tsv", ".txt")
DATABASES = (".db", ".sqlite", ".sqlite3")
FORM = 1
"""Version of the JSON; docs/findings.md describes it."""
OF_PAGES = ("T502",)
"""Codes that only a published page can have."""
MOST = 12
"""Lines of evidence that text shows."""


@dataclass(frozen=True)
class Audited:
    """A study with its findings. `read` says how a foreign table was read."""

    table: Table
    findings: tuple[Finding, ...]
    controls: tuple[ControlResult, ...]
    read: tuple[str, ...] = ()


def wanted(fail_on: str) -> Collection[str]:
    """The codes of `--fail-on`.

    Raises:
        InputError: for a code that does not exist.
    """
    codes = [code.strip().upper() for code in fail_on.split(",") if code.strip()]
    if codes == ["ANY"]:
        return tuple(CODES)
    unknown = [code for code in codes if code not in CODES]
    if unknown:
        message = f"must be any, or codes with commas between them; got {unknown[0]}"
        raise InputError(Problem("--fail-on", message, f"codes: {listed(CODES, most=len(CODES))}"))
    return codes


def hit(found: Sequence[Audited], codes: Collection[str]) -> bool:
    """Whether one of these codes was found."""
    return any(finding.code in codes for each in found for finding in each.findings)


def audited(what: str, asked: Asked) -> tuple[tuple[Audited, ...], tuple[Problem, ...], tuple[str, ...]]:
    """The studies of a book, or the one of a foreign table, with their findings; and what could not be read.

    The last are sentences on studies that were edited since they were run.

    Raises:
        InputError: for a book or a table that cannot be read at all.
    """
    path = Path(what)
    if "://" in what or path.suffix.lower() in DATABASES:
        url = what if "://" in what else f"sqlite:///{path}"
        return (_foreign(foreign.read_optuna(url, study=asked.study), asked),), (), ()
    if path.suffix.lower() in TABLES:
        return (_foreign(foreign.read_csv(path), asked),), (), ()
    if asked != Asked():
        message = "must be a CSV file or a database when an option says how to read a table"
        raise InputError(Problem(what, message, "leave out all options but --format and --fail-on"))
    return _own(path)


def printed(found: Sequence[Audited], form: str) -> str:
    """Findings as text, or as JSON."""
    if form == "json":
        return json.dumps(_plain(_document(found)), indent=2, ensure_ascii=False, allow_nan=False)
    return "\n\n".join("\n".join(_lines(each)) for each in found)


def _foreign(frame: foreign.Frame, asked: Asked) -> Audited:
    made = foreign.assemble(frame, asked)
    return _audited(made.table, made.read)


def _own(path: Path) -> tuple[tuple[Audited, ...], tuple[Problem, ...], tuple[str, ...]]:
    book, names = chosen(path)
    found: list[Audited] = []
    problems: list[Problem] = []
    with book.look() as ledger:
        for name in names:
            try:
                found.append(_audited(conductor.table(name, ledger, book.path)))
            except InputError as error:
                problems += error.problems
        return tuple(found), tuple(problems), tuple(edited(book, names, ledger))


def _audited(table: Table, read: tuple[str, ...] = ()) -> Audited:
    return Audited(table, analyse.findings(table), analyse.controls(table), read)


# Text -------------------------------------------------------------------------------------------------


def _lines(found: Audited) -> Iterator[str]:
    number = len(found.findings)
    yield f"{found.table.study}: {number or 'no'} finding{'' if number == 1 else 's'}"
    yield from (f"  {line}" for line in found.read)
    if found.table.decision is not None:
        yield from (f"  {line}" for line in _decided(found.table.decision))
    yield from (f"  control: {result.sentence}" for result in found.controls)
    yield from (f"  {line}" for line in later_said(found.table))
    for finding in found.findings:
        yield from _finding(finding)


def _decided(decision: Decision) -> Iterator[str]:
    name = decision.label or decision.configuration
    if decision.overruled is None:
        yield f"decision: {name}, by {decision.rule} of {decision.metric} on {decision.split}"
        return
    other = decision.overruled
    yield f"decision: {name}, chosen by {other.by} on {other.on} because: {other.because}"
    yield f"  overruled: {decision.rule} of {decision.metric} on {decision.split} chose {other.label}"


def _finding(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"  {finding.code} {CODES[finding.code].name}: {finding.sentence}"
    yield from (f"    - {line}" for line in finding.evidence[:MOST])
    if len(finding.evidence) > MOST:
        yield f"    - and {len(finding.evidence) - MOST} more (--format json lists all)"
    yield f"    meaning: {finding.meaning}"
    first, *rest = finding.way_out.splitlines()
    yield f"    way out: {first}"
    yield from (f"      {line}" for line in rest)


# JSON -------------------------------------------------------------------------------------------------


def _document(found: Sequence[Audited]) -> dict[str, Any]:
    return {
        "form": FORM,
        "tunebook": __version__,
        "checked": [code for code in CODES if code not in OF_PAGES],
        "studies": [_study(each) for each in found],
    }


def _study(found: Audited) -> dict[str, Any]:
    rows = found.table.rows
    return {
        "study": found.table.study,
        "read": found.read,
        "configurations": len({row.configuration for row in rows}),
        "runs": sum(run.status == "finished" for row in rows for run in row.runs),
        "decision": None if found.table.decision is None else _decision(found.table.decision),
        "controls": [_control(result) for result in found.controls],
        "findings": [{**asdict(each), "name": CODES[each.code].name} for each in found.findings],
    }


def _decision(decision: Decision) -> dict[str, Any]:
    names = ("configuration", "label", "rule", "metric", "split", "score")
    other = decision.overruled
    return {**{name: getattr(decision, name) for name in names}, "overruled": None if other is None else asdict(other)}


def _control(result: ControlResult) -> dict[str, Any]:
    names = ("verdict", "sentence", "before", "here", "low", "high")
    control = result.control
    return {"study": control.study, "label": control.label, **{name: getattr(result, name) for name in names}}


def _plain(value: Any) -> Any:
    """Without numbers that JSON does not have: a score that is not there is null."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""A finding, and the words that findings share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tunebook.analyse.audit.codes import CODES
from tunebook.analyse.scores import called
from tunebook.records import Row, RunFacts, Table


@dataclass(frozen=True)
class Finding:
    """One flaw of a study.

    Args:
        code: `T101`; one of CODES.
        sentence: What is the matter.
        evidence: The rows, runs and numbers that show it.
        meaning: What it means for a reader; the same for every finding of a code.
        way_out: What to do. A study file may follow, from the second line on.
    """

    code: str
    sentence: str
    evidence: tuple[str, ...]
    meaning: str
    way_out: str


def finding(code: str, sentence: str, evidence: Iterable[str], way_out: str) -> Finding:
    """A finding with the meaning of its code."""
    return Finding(code, sentence, tuple(evidence), CODES[code].meaning, way_out)


def is_own(table: Table) -> bool:
    """Whether Tunebook ran the study; a foreign table names no task."""
    return bool(table.task)


def run_name(row: Row, run: RunFacts) -> str:
    """`alpha=4 seed=0`; a run of a foreign table has its line too: `alpha=4 seed=0 (line 7)`."""
    replicate = " ".join(f"{factor}={number}" for factor, number in run.replicate.items())
    role = "" if run.role == "search" else f"({run.role})"
    line = f"({run.id})" if " " in run.id else ""
    return " ".join(part for part in (called(row), replicate, role, line) if part)


def distinct(rows: Sequence[Row]) -> int:
    """The number of configurations among rows."""
    return len({row.configuration for row in rows})

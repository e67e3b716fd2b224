"""The small record files of a book: what a study plans, what it decided, why it was left before its end, what is said.

    records/<study>/plan-<digest12>.json       {study, number, declared, runs: [entry, …]}
    records/<study>/decision-<digest12>.json   {study, number, decision: {…}}
    records/<study>/stop-<digest12>.json       {study, number, plan, lacking, stop: {…}}
    records/<study>/note-<digest12>.json       {study, number, note: {…}}

A file is written once and never edited: its name holds the digest of its content. The highest number counts;
older files stay. Two files with one number (books that were joined) are ordered by name.
In a decision, `candidates` is a list of pairs, because their order (best first) has a meaning. What is at its default
there is left out (`OPTIONAL`): one without `left_open` holds every field, one without `overruled` is the rule's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from tunebook.errors import LedgerError, Problem
from tunebook.folders import read_json, write_json
from tunebook.records import Case, Decision, Note, Overruling, Role, RuleArgument, Scalar, Stop, digest

FOLDER = "records"
OPTIONAL: Mapping[str, object] = {
    "left_open": (), "argument": None, "role": "search", "evidence": (), "overruled": None,
    "stopped": "",
}  # fmt: skip
"""Fields of a decision that its file holds only where they are not at their defaults."""


@dataclass(frozen=True)
class PlannedEntry:
    """A run as a study's plan lists it.

    Args:
        run: Id of the run.
        length: How far it is trained.
        configuration: Id of the configuration without its case: the row it belongs to.
        case: Dotted path -> value.
        replicate: Factor -> number.
        role: Why the study holds it.
        position: Place of its row on the page.
        parameters: Varied parameter -> value.
        alternative: Label of its alternative; empty when the space has none.
        label: The values that single the configuration out, for people.
        scoring: Id of the scoring by which the study judges it.
        repeat: 0, or the number of a run that is executed again.
        source: The study whose decision a control is.
    """

    run: str
    length: int
    configuration: str
    case: Case
    replicate: Mapping[str, int]
    role: Role
    position: int
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    alternative: str = ""
    label: str = ""
    scoring: str = ""
    repeat: int = 0
    source: str = ""


@dataclass(frozen=True)
class Plan:
    """What a study held from one moment on: its declared text and its runs, in order."""

    study: str
    declared: str
    entries: tuple[PlannedEntry, ...]
    number: int = 0


@dataclass(frozen=True)
class Decided:
    """A decision and its number among the decisions of its study."""

    decision: Decision
    number: int = 0

    @property
    def study(self) -> str:
        return self.decision.study


@dataclass(frozen=True)
class Stopped:
    """Why a command left a study before all of its runs had ended.

    Args:
        plan: Number of the plan that was left.
        lacking: Digest of the runs that it lacked then: once one of them has ended, this tells of the past. Empty: a
            command went on with the study.
        number: Among the stops of the study.
    """

    study: str
    stop: Stop
    plan: int
    lacking: str
    number: int = 0


@dataclass(frozen=True)
class Noted:
    """A person's words and their number among the notes of their study."""

    study: str
    note: Note
    number: int = 0


def write_plan(book: Path, *, study: str, declared: str, entries: Sequence[PlannedEntry]) -> Path:
    """Record what a study holds; nothing is written when its newest plan says the same.

    The caller holds the book's lock.

    Returns:
        The file of the newest plan.

    Raises:
        LedgerError: when an earlier plan of the study is damaged.
    """
    earlier = [(read_plan(path), path) for path in _files(book, study, "plan")]
    plan = Plan(study=study, declared=declared, entries=tuple(entries))
    if earlier:
        newest, path = max(earlier, key=lambda found: (found[0].number, found[1].stem))
        if _same(_content_of_plan(replace(newest, number=0)), _content_of_plan(plan)):
            return path
        plan = replace(plan, number=newest.number + 1)
    return _write(book, study, "plan", _content_of_plan(plan))


def write_decision(book: Path, decision: Decision) -> Path:
    """Record a decision; nothing is written when the study's newest decision is the same.

    The caller holds the book's lock.

    Returns:
        The file of the newest decision.

    Raises:
        LedgerError: when an earlier decision of the study is damaged.
    """
    earlier = [(read_decision(path), path) for path in _files(book, decision.study, "decision")]
    decided = Decided(decision)
    if earlier:
        newest, path = max(earlier, key=lambda found: (found[0].number, found[1].stem))
        if _same(_content_of_decision(replace(newest, number=0)), _content_of_decision(decided)):
            return path
        decided = replace(decided, number=newest.number + 1)
    return _write(book, decision.study, "decision", _content_of_decision(decided))


def write_stop(book: Path, stopped: Stopped) -> Path:
    """Record why a study was left; nothing is written when the study's newest stop says the same.

    The caller holds the book's lock.

    Returns:
        The file of the newest stop.

    Raises:
        LedgerError: when an earlier stop of the study is damaged.
    """
    newest = newest_stop(book, stopped.study)
    if newest is not None:
        if _same(_content_of_stop(replace(newest, number=stopped.number)), _content_of_stop(stopped)):
            return _place(book, stopped.study, "stop", _content_of_stop(newest))
        stopped = replace(stopped, number=newest.number + 1)
    return _write(book, stopped.study, "stop", _content_of_stop(stopped))


def newest_stop(book: Path, study: str) -> Stopped | None:
    """Why a study was left the last time; None when it never was.

    Raises:
        LedgerError: when a stop of the study is damaged.
    """
    found = [(read_stop(path), path.stem) for path in _files(book, study, "stop")]
    return max(found, key=lambda each: (each[0].number, each[1]))[0] if found else None


def write_note(book: Path, study: str, note: Note) -> Path:
    """Record what a person says; nothing is written when the study's newest note says the same.

    The caller holds the book's lock.

    Returns:
        The file of the newest note.

    Raises:
        LedgerError: when an earlier note of the study is damaged.
    """
    earlier, number = read_notes(book, study), 0
    if earlier:
        newest = earlier[-1]
        if newest.note == note:
            return _place(book, study, "note", _content_of_note(newest))
        number = newest.number + 1
    return _write(book, study, "note", _content_of_note(Noted(study, note, number)))


def read_notes(book: Path, study: str) -> tuple[Noted, ...]:
    """What people noted of a study, the oldest first.

    Raises:
        LedgerError: when a note of the study is damaged.
    """
    found = [(read_note(path), path.stem) for path in _files(book, study, "note")]
    return tuple(noted for noted, _ in sorted(found, key=lambda each: (each[0].number, each[1])))


def all_records(book: Path) -> Iterator[Path]:
    """Every record file of a book, ordered by study and name."""
    yield from sorted((book / FOLDER).glob("*/*.json"))


def read_record(path: Path) -> Plan | Decided | Stopped | Noted:
    """A plan, a decision, a stop or a note file.

    Raises:
        LedgerError: when the file is missing, damaged, edited or of another kind.
    """
    kind = path.name.split("-")[0]
    if kind == "plan":
        return read_plan(path)
    if kind == "decision":
        return read_decision(path)
    if kind == "stop":
        return read_stop(path)
    if kind == "note":
        return read_note(path)
    kinds = "plan-….json, decision-….json, stop-….json or note-….json"
    raise LedgerError(Problem(str(path), f"must be {kinds}; got another name"))


def read_plan(path: Path) -> Plan:
    """A plan file.

    Raises:
        LedgerError: when it is missing, damaged or edited.
    """
    found = _read(path)
    try:
        return Plan(
            study=found["study"],
            declared=found["declared"],
            entries=tuple(_entry(entry) for entry in found["runs"]),
            number=int(found["number"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(_damaged(path, error)) from error


def read_decision(path: Path) -> Decided:
    """A decision file.

    Raises:
        LedgerError: when it is missing, damaged or edited.
    """
    found = _read(path)
    try:
        return Decided(decision_from(found["decision"]), number=int(found["number"]))
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(_damaged(path, error)) from error


def read_stop(path: Path) -> Stopped:
    """A stop file.

    Raises:
        LedgerError: when it is missing, damaged or edited.
    """
    found = _read(path)
    try:
        return Stopped(
            study=found["study"],
            stop=Stop(**found["stop"]),
            plan=int(found["plan"]),
            lacking=str(found["lacking"]),
            number=int(found["number"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(_damaged(path, error)) from error


def read_note(path: Path) -> Noted:
    """A note file.

    Raises:
        LedgerError: when it is missing, damaged or edited.
    """
    found = _read(path)
    try:
        return Noted(study=found["study"], note=Note(**found["note"]), number=int(found["number"]))
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(_damaged(path, error)) from error


def decision_as_plain(decision: Decision) -> dict[str, Any]:
    """A decision as plain data that keeps the order of its candidates; what is at its default is left out."""
    plain = asdict(decision)
    for name, default in OPTIONAL.items():
        if getattr(decision, name) == default or (default == () and not getattr(decision, name)):
            del plain[name]
    return {
        **plain,
        "candidates": [[name, mean] for name, mean in decision.candidates.items()],
        "runs": {str(seed): run for seed, run in decision.runs.items()},
    }


def decision_from(plain: Mapping[str, Any]) -> Decision:
    """The decision that `decision_as_plain` wrote down.

    Raises:
        KeyError, TypeError, ValueError: when something is missing or of another kind.
    """
    overruled, role = plain.get("overruled"), plain.get("role", "search")
    if role not in get_args(Role):
        raise ValueError(f"role {role}")
    return Decision(
        **{
            **plain,
            "score": float(plain["score"]),
            "candidates": {str(name): float(mean) for name, mean in plain["candidates"]},
            "runs": dict(sorted((int(seed), str(run)) for seed, run in plain["runs"].items())),
            "left_open": tuple(plain.get("left_open", ())),
            "argument": _argument(plain.get("argument")),
            "evidence": tuple(plain.get("evidence", ())),
            "overruled": None if overruled is None else Overruling(**{**overruled, "score": float(overruled["score"])}),
        }
    )


def _argument(plain: Any) -> RuleArgument:
    """What a rule is given, as a study file's reader gives it: a list was a tuple."""
    return tuple(plain) if isinstance(plain, list) else plain


def _content_of_plan(plan: Plan) -> dict[str, Any]:
    entries = [{**asdict(entry), "case": dict(entry.case.values)} for entry in plan.entries]
    return {"study": plan.study, "number": plan.number, "declared": plan.declared, "runs": entries}


def _content_of_decision(decided: Decided) -> dict[str, Any]:
    return {"study": decided.study, "number": decided.number, "decision": decision_as_plain(decided.decision)}


def _content_of_stop(stopped: Stopped) -> dict[str, Any]:
    return asdict(stopped)


def _content_of_note(noted: Noted) -> dict[str, Any]:
    return asdict(noted)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return digest(one) == digest(other)


def _entry(found: Mapping[str, Any]) -> PlannedEntry:
    if found["role"] not in get_args(Role):
        raise ValueError(f"role {found['role']}")
    return PlannedEntry(**{**found, "case": Case(found["case"])})


def _files(book: Path, study: str, kind: str) -> list[Path]:
    return sorted((book / FOLDER / study).glob(f"{kind}-*.json"))


def _write(book: Path, study: str, kind: str, content: dict[str, Any]) -> Path:
    path = _place(book, study, kind, content)
    write_json(path, content)
    return path


def _place(book: Path, study: str, kind: str, content: dict[str, Any]) -> Path:
    return book / FOLDER / study / f"{kind}-{digest(content)[:12]}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
        written = digest(found)[:12]
        study = found["study"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise LedgerError(_damaged(path, error)) from error
    if path.stem.split("-")[-1] != written:
        message = f"must hold the content that its name was made from; got another content ({written})"
        raise LedgerError(Problem(str(path), message, "records are never edited: restore the file or remove it"))
    if study != path.parent.name:
        message = f"must lie in the folder of its study, {study}; got {path.parent.name}"
        raise LedgerError(Problem(str(path), message, "move the file there"))
    return dict(found)


def _damaged(path: Path, error: Exception) -> Problem:
    got = f"{type(error).__name__}: {error}"
    return Problem(str(path), f"must be a whole record file; got {got}", "restore the file or remove it")

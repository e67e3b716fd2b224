"""What changed in the data of a study since it was run."""

from collections.abc import Iterator
from dataclasses import dataclass

from tunebook.ledger.ledger import Ledger
from tunebook.records import Run
from tunebook.runs.inventories import Changes, changes, files_of, inputs_by_data, read_inventory
from tunebook.runs.surveys import SOURCES
from tunebook.study.preparing import Prepared

DATA = "data sha256"


@dataclass(frozen=True)
class ChangedData:
    """Data that hold something else than when the study was run on them.

    Args:
        name: What the configurations call them.
        changes: Which files; None where what they held was not written down.
        runs: Runs of the study that read them: all of them are other runs than before.
    """

    name: str
    changes: Changes | None
    runs: int


def changed_data(whole: Prepared, ledger: Ledger) -> Iterator[ChangedData]:
    """The data of a study that changed since its newest plan, in the order of its runs.

    Args:
        whole: The study `with_finalists`.
    """
    held = {entry.run for entry in ledger.planned(whole.study.study)}
    made_of, configured = ledger.made_of(held), ledger.configured(held)
    before = {_name(values): made_of[key][DATA] for key, values in configured.items() if DATA in made_of.get(key, {})}
    read = dict(inputs_by_data(whole.inputs))
    by_now: dict[tuple[str, str], set[str]] = {}
    for one in whole.runs:
        if "data" in one.run.fingerprints:
            by_now.setdefault((_of(one.run), one.run.fingerprints["data"]), set()).add(one.run.id)
    known = set(before.values())
    for (name, fingerprint), runs in by_now.items():
        earlier = before.get(name) or (next(iter(known)) if len(known) == len(by_now) == 1 else None)
        if earlier is not None and fingerprint not in known:
            then = read_inventory(whole.book, earlier)
            now = files_of(read[fingerprint], whole.inputs.shelf.cache)
            yield ChangedData(name, None if then is None else changes(then, now), len(runs))


def _of(run: Run) -> str:
    return _name(run.configuration.values)


def _name(values: object) -> str:
    """What a configuration calls its data."""
    data = values.get("data") if isinstance(values, dict) else None
    texts = [str(data[key]) for key in SOURCES if data.get(key)] if isinstance(data, dict) else []
    return texts[0] if texts else ""

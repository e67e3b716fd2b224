"""Configurations with scores replicate by replicate, for the tests of decisions."""

from collections.abc import Sequence
from dataclasses import replace

from study_tables import AIS, a_row, a_run

from tunebook.records import Case, Costs, Role, Row, RunFacts


def runs(
    values: Sequence[float],
    *,
    role: Role = "search",
    first: int = 0,
    trainable: float | None = None,
    seconds: float = 0.0,
    memory_gb: float = 0.0,
    **others: Sequence[float],
) -> tuple[RunFacts, ...]:
    """Finished runs with these scores of `ais.msa` on val from seed `first` on; `others`: further metrics there."""
    found = []
    for at, value in enumerate(values):
        scores = {(AIS, "val"): value, **{(name.replace("_", "."), "val"): other[at] for name, other in others.items()}}
        run = a_run(first + at, val=value, role=role, scores=scores, costs=Costs(seconds, seconds, 1000 * memory_gb))
        run = replace(run, id=f"{role}-{first + at}-{value}")
        found.append(run if trainable is None else replace(run, quantities={"trainable_parameters": trainable}))
    return tuple(found)


def row(label: str, values: Sequence[float], *, rank: int | None = None, case: Case | None = None, **facts) -> Row:
    """A configuration with these searched runs."""
    parameters = {} if rank is None else {"adapter.rank": rank}
    return a_row(label, *runs(values, **facts), parameters=parameters, case=case)


def and_confirmed(of: Row, values: Sequence[float], **facts) -> Row:
    """The same, run on fresh seeds."""
    return replace(of, runs=(*of.runs, *runs(values, role="confirm", first=10, **facts)))

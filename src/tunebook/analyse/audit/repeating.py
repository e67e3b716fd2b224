"""Whether equal runs end equal, and whether the runs that are compared ran alike."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from tunebook.analyse.audit.finding import Finding, finding
from tunebook.analyse.noise import noise, repeats
from tunebook.analyse.saying import counted, number
from tunebook.analyse.scores import COMPARED, Unavailable
from tunebook.records import Table

DEVICES = ("device", "dtype", "torch")
"""What of a run's provenance must be equal for a comparison."""


def not_repeatable(table: Table) -> Iterator[Finding]:
    """T602."""
    found = repeats(table)
    if isinstance(found, Unavailable) or not found.differing:
        return
    known = noise(table, table.select_metric, table.select_split)
    seeds = f"spread of {table.select_metric} on {table.select_split} between replicates (sd): "
    end = "ends" if found.differing == 1 else "end"
    again = counted(found.pairs, "equal run that was", "equal runs that were")
    yield finding(
        "T602",
        f"{found.differing} of {again} executed again {end} otherwise, by up to {number(found.largest)}.",
        (
            f"compared: {counted(found.values, 'value')} over all metrics and items",
            seeds + (known.reason if isinstance(known, Unavailable) else number(known.sd)),
        ),
        "fix every seed, and run on one device with deterministic kernels; else take this difference for noise",
    )


def different_devices(table: Table) -> Iterator[Finding]:
    """T603: runs that are compared and that tell of different devices, number formats or versions of torch."""
    compared = [run for row in table.rows for run in row.runs if run.role in COMPARED and not run.repeat]
    runs = [run for run in compared if run.status == "finished"]
    evidence = []
    for key in DEVICES:
        counts = Counter(value for run in runs if (value := _told(run.provenance, key)))
        if len(counts) > 1:
            each = ", ".join(f"{value} in {counted(times, 'run')}" for value, times in counts.most_common())
            evidence.append(f"{key}: {each}")
    if evidence:
        yield finding(
            "T603",
            f"The compared runs differ in {' and '.join(each.partition(':')[0] for each in evidence)}.",
            evidence,
            "run all that is compared on one kind of device under one set of versions",
        )


def _told(provenance: Mapping[str, str], key: str) -> str:
    """What a run says; a GPU by its model: two of one model are one kind of device."""
    if key != "device":
        return provenance.get(key, "")
    return provenance.get("device name") or re.sub(r":\d+$", "", provenance.get("device", ""))

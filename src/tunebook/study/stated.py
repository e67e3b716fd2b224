"""What the text of a study file states, as a plan holds it; and whether the file states something else by now."""

import json
from collections.abc import Mapping
from typing import Any

from tunebook.errors import StudyError
from tunebook.ledger.ledger import Ledger
from tunebook.spec.faults import Faults
from tunebook.spec.places import parse

KEPT = "keep"
"""A key that says nothing of what is run: `prune` reads it from the file."""


def stated(text: str) -> Mapping[str, Any] | None:
    """The keys of a study file and what stands there; None where it cannot be read."""
    try:
        raw = parse(text, name="study file", faults=Faults()).value
    except StudyError:
        return None
    return raw if isinstance(raw, Mapping) else None


def is_edited(name: str, text: str, ledger: Ledger) -> bool:
    """Whether a study file declares something else than by the study's newest plan.

    Comments are no part of that, nor what is kept of its files. A study that was not run from a file is not edited.

    Args:
        text: The file as it is.
    """
    declared = ledger.declared(name)
    then = "" if declared is None else json.loads(declared).get("provenance", {}).get("study file") or ""
    if not then or then == text:
        return False
    before, now = stated(then), stated(text)
    return before is None or now is None or _without_kept(before) != _without_kept(now)


def _without_kept(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key != KEPT}

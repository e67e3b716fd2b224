"""The conductor: from a declared study to its runs, its decision and its page.

    prepare   study file -> plan -> runs with their fingerprints
    conduct   submits what is missing, replicate by replicate, and indexes every outcome; the finalists come last
    decide    the rule, applied to what the ledger holds
    table     ledger and run folders -> the frozen table that analysis and page are made from

It is the only writer of the ledger. It holds no state that is not in files: killed and started again, it
goes on with what is missing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a name is imported when it is first asked for: to look at a study needs no analysis and no page
    from tunebook.study.concluding import decide, overrule, page, withdraw
    from tunebook.study.conducting import (
        LOOK_SECONDS,
        Allowance,
        Ended,
        Standing,
        conduct,
        distinct,
        fewest_runs,
        leave,
        missing,
        most_to_confirm,
        record_plan,
        standing,
        still_to_confirm,
        with_finalists,
    )
    from tunebook.study.handed_out import under_way
    from tunebook.study.limiting import limit_in_words, now, pace, too_short
    from tunebook.study.noting import asked_in, note, notes_in
    from tunebook.study.preparing import SEARCHES, LaidOut, Prepared, lay_out, prepare, undecided
    from tunebook.study.tabling import table
    from tunebook.study.watching import Running, Watched, state_of, watch

__all__ = [
    "Allowance", "Ended", "LOOK_SECONDS", "LaidOut", "Prepared", "Running", "SEARCHES", "Standing", "Watched",
    "asked_in", "conduct", "decide", "distinct", "fewest_runs", "lay_out", "leave", "limit_in_words", "missing",
    "most_to_confirm", "note", "notes_in", "now", "overrule", "pace", "page", "prepare", "record_plan", "standing",
    "state_of", "still_to_confirm",
    "table", "too_short", "under_way", "undecided", "watch", "with_finalists", "withdraw",
]  # fmt: skip


_HOMES = {
    "concluding": ("decide", "overrule", "page", "withdraw"),
    "conducting": (
        "LOOK_SECONDS",
        "Allowance",
        "Ended",
        "Standing",
        "conduct",
        "distinct",
        "fewest_runs",
        "leave",
        "missing",
        "most_to_confirm",
        "record_plan",
        "standing",
        "still_to_confirm",
        "with_finalists",
    ),
    "limiting": ("limit_in_words", "now", "pace", "too_short"),
    "noting": ("asked_in", "note", "notes_in"),
    "preparing": ("SEARCHES", "LaidOut", "Prepared", "lay_out", "prepare", "undecided"),
    "tabling": ("table",),
    "handed_out": ("under_way",),
    "watching": ("Running", "Watched", "state_of", "watch"),
}
"""Module of this package -> the names that are taken from it."""


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__} has no attribute {name}")

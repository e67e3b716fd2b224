"""The conductor: from a declared study to its runs, its decision and its page.

    prepare   study file -> plan -> runs with their fingerprints
    conduct   submits what is missing, replicate by replicate, and indexes every outcome; the finalists come last
    decide    the rule, applied to what the ledger holds
    table     ledger and run folders -> the frozen table that analysis and page are made from

It is the only writer of the ledger. It holds no state that is not in files: killed and started again, it
goes on with what is missing.
"""

from tunebook.study.concluding import decide, overrule, page, withdraw
from tunebook.study.conducting import (
    LOOK_SECONDS,
    Allowance,
    Ended,
    Standing,
    conduct,
    distinct,
    leave,
    missing,
    most_to_confirm,
    record_plan,
    standing,
    still_to_confirm,
    with_finalists,
)
from tunebook.study.limiting import limit_in_words
from tunebook.study.noting import asked_in, note, notes_in
from tunebook.study.preparing import SEARCHES, LaidOut, Prepared, lay_out, prepare, undecided
from tunebook.study.tabling import table
from tunebook.study.watching import Running, Watched, state_of, watch

__all__ = [
    "Allowance", "Ended", "LOOK_SECONDS", "LaidOut", "Prepared", "Running", "SEARCHES", "Standing", "Watched",
    "asked_in", "conduct", "decide", "distinct", "lay_out", "leave", "limit_in_words", "missing", "most_to_confirm",
    "note", "notes_in", "overrule", "page", "prepare", "record_plan", "standing", "state_of", "still_to_confirm",
    "table", "undecided", "watch", "with_finalists", "withdraw",
]  # fmt: skip

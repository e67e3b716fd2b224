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
    missing,
    most_to_confirm,
    record_plan,
    standing,
    still_to_confirm,
    with_finalists,
)
from tunebook.study.preparing import SEARCHES, LaidOut, Prepared, lay_out, prepare, undecided
from tunebook.study.tabling import table

__all__ = [
    "Allowance", "Ended", "LOOK_SECONDS", "LaidOut", "Prepared", "SEARCHES", "Standing", "conduct", "decide",
    "distinct", "lay_out", "missing", "most_to_confirm", "overrule", "page", "prepare", "record_plan", "standing",
    "still_to_confirm", "table", "undecided", "with_finalists", "withdraw",
]  # fmt: skip

"""The page of a study that is under way: written again while its runs go on, and read again by whoever has it open."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tunebook import study as conductor
from tunebook.ledger.ledger import Ledger

EVERY_SECONDS = 60
"""A page is not written before so many seconds have passed since it was; an open one is read again after as many."""
FIRST_SECONDS = 2.0
"""A study that ends sooner needs no page on the way."""
SHARE = 20
"""Nor before so many times as long as writing it took: runs wait for it meanwhile."""


@dataclass
class Renewal:
    """Writes the page of a running study from time to time.

    Args:
        clock: Seconds.
        ended: Whether a run has ended that the page does not show.
        written: Whether there is such a page.
    """

    study: str
    ledger: Ledger
    book: Path
    clock: Callable[[], float] = time.monotonic
    ended: bool = False
    written: bool = False
    due: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.due = self.clock() + FIRST_SECONDS

    def __call__(self) -> None:
        """Write the page, if there is something to show and it is time."""
        began = self.clock()
        if not self.ended or began < self.due:
            return
        was = gc.isenabled()
        gc.disable()  # as `tunebook page` does: a page is made of millions of values that live until its end
        try:
            conductor.page(self.study, self.ledger, self.book, refresh=EVERY_SECONDS)
        finally:
            if was:
                gc.enable()
        self.ended, self.written = False, True
        took = self.clock() - began
        self.due = began + took + max(EVERY_SECONDS - took, SHARE * took)

"""Every number in the prose of a page, found anew from the scores of its runs.

`faults` reads a page sentence by sentence. A sentence must fit one of the patterns (in the modules named `…_said.py`),
and each part of it must agree with what is found here from the raw scores, in all digits that are printed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import answers_said  # noqa: F401  modules that declare patterns
import baselines_said  # noqa: F401
import boards_said  # noqa: F401
import controls_said  # noqa: F401
import effects_said  # noqa: F401
import figures_said  # noqa: F401
import findings_said  # noqa: F401
import forest_said  # noqa: F401
import masks_said  # noqa: F401
import parameters_said  # noqa: F401
import rules_said  # noqa: F401
import runs_said  # noqa: F401
import splits_said  # noqa: F401
import trading_said  # noqa: F401
from page_prose import Line, Prose
from patterns import Pattern, Said, compiled
from printed_numbers import wrong
from raw_scores import Study

DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Fault:
    """A sentence that is not true, or that nothing here can check: where, which, and why."""

    line: int
    card: str
    sentence: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line} ({self.card or 'top'}): {self.sentence}\n    {self.why}"


class Checker:
    """A page and its study, to be read line by line."""

    def __init__(self, page: Prose, study: Study) -> None:
        self.page, self.study, self.patterns = page, study, compiled(study)
        self.shared: dict[str, object] = {}
        self.forget()

    def forget(self) -> None:
        """Begin anew with what lines tell of each other."""
        self.shared = {"prose": self.page}

    def faults(self, line: Line) -> Iterator[Fault]:
        """All that is wrong with a line."""
        heard: dict[str, object] = {}
        for sentence in line.sentences:
            found = list(self.fitting(sentence))
            reasons = [
                _untrue(Said(match.groupdict(), line, heard, self.shared), each, self.study) for match, each in found
            ]
            if found and all(reasons):
                yield Fault(line.number, line.card, sentence, min(reasons, key=len))
            elif not found and DIGIT.search(sentence):
                yield Fault(line.number, line.card, sentence, "no pattern covers it")

    def fitting(self, sentence: str) -> Iterator[tuple[re.Match[str], Pattern]]:
        """The patterns that a sentence fits."""
        for regex, each in self.patterns:
            if match := regex.fullmatch(sentence):
                yield match, each


def faults(page: Prose, study: Study) -> list[Fault]:
    """All that is wrong with the prose of a page."""
    checker = Checker(page, study)
    return [fault for line in page.lines for fault in checker.faults(line)]


def _untrue(said: Said, pattern: Pattern, study: Study) -> str:
    """Why a sentence is not true; empty when it is."""
    try:
        truths = pattern.recompute(study, said)
    except (KeyError, IndexError, StopIteration, AssertionError) as error:
        return f"cannot be found anew: {type(error).__name__} {error}"
    unchecked = said.parts.keys() - truths.keys()
    assert not unchecked, f"{pattern.template}: nothing says what {sorted(unchecked)} should be"
    complaints = {part: wrong(printed, truths[part]) for part, printed in said.parts.items()}
    return "; ".join(f"{said.get(part)} should be {why}" for part, why in complaints.items() if why)

"""The exceptions that Tunebook raises.

    TunebookError
    ├── InputError            something a person gave is wrong: exit code 2
    │   ├── StudyError        a study file or book.yaml
    │   ├── DataError         an image, a label, a table, a weights file
    │   └── LedgerError       a ledger that cannot be read
    └── RunError              why one run ended without a result; recorded, never fatal
        ├── Crashed           an exception in the run, or a signal
        │   └── Told          of an own program, whose log holds its traceback
        ├── Diverged          a loss that is not finite
        ├── OutOfMemory
        ├── OutOfTime
        ├── Killed            a signal from elsewhere, twice
        └── DataChanged       data or weights are not those that the run's id was made from

A message says where, what it must be, what it got; the hint says the way out.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and how to mend it.

    Args:
        place: Where: `lora.study.yaml:12` or a file or a dotted path.
        message: What it must be and what it is.
        hint: The way out; empty when the message already says it.
    """

    place: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n    {self.hint}" if self.hint else text


class TunebookError(Exception):
    """Anything that Tunebook raises on purpose."""


class InputError(TunebookError):
    """One or more problems in what a person gave; the command ends with exit code 2."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class StudyError(InputError):
    """Problems in a study file or in book.yaml, all of them at once."""


class DataError(InputError):
    """A file of the data or of the weights that cannot be used."""


class LedgerError(InputError):
    """A ledger that cannot be read or belongs to another version."""


class RunError(TunebookError):
    """Why a run ended without a result. `kind` is what the ledger and the page say."""

    kind = "failed"


class Crashed(RunError):
    """An exception in the run, or a signal that ended its process."""

    kind = "crashed"


class Told(Crashed):
    """An own program ended in an error, and the run's log says where."""


class Diverged(RunError):
    """A loss that is not finite."""

    kind = "diverged"


class OutOfMemory(RunError):
    """The run asked for more memory than it may have."""

    kind = "out of memory"


class OutOfTime(RunError):
    """The run took longer than it may."""

    kind = "out of time"


class Killed(RunError):
    """Its process was killed by somebody else, twice."""

    kind = "killed"


class DataChanged(RunError):
    """Data or weights are not those that the run's id was made from."""

    kind = "data changed"


NOT_OF_THE_RUN = frozenset({Killed.kind, DataChanged.kind})
"""Kinds of failure that say nothing of the configuration: the next `tunebook run` takes such runs up again."""

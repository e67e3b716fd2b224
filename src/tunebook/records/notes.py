"""What is said of a study beside its numbers: a person's words, and why it was left before its end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """A person's words on a study or on one of its configurations.

    Args:
        text: As it was written; `{{…}}` stands where a number of the ledger is to be shown.
        by: Who wrote it. `on`: the day, 2030-01-31; empty where that is not known.
        configuration: Id of the configuration that it is about, `label` what that is called; empty: the whole study.
        source: The file that it stands in, where it is one of the book's (`lora.notes.md`); empty: it was noted by
            command and never changes.
    """

    text: str
    by: str
    on: str
    configuration: str = ""
    label: str = ""
    source: str = ""


@dataclass(frozen=True)
class Stop:
    """Why a study was left before all of its runs had ended.

    Args:
        reason: `its limit of 40 runs`, `its limit of 2 hours`, `a person`, `an error`; a part of a sentence.
        on: The day, 2030-01-31.
        limit: Whether the study's own limit stopped it: then it may be decided on what has been searched.
    """

    reason: str
    on: str
    limit: bool

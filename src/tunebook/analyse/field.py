"""Who takes part in a decision: by which runs, by which rule, and who is left out and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from tunebook.analyse.finals import confirmed, finalists
from tunebook.analyse.requirements import unmet
from tunebook.analyse.rules import Rule, rule_of
from tunebook.analyse.saying import listed, name_of
from tunebook.analyse.scores import Entry, cases, cell, ordered
from tunebook.records import Role, Table


@dataclass(frozen=True)
class Field:
    """The configurations that a decision is about.

    Args:
        role: Which runs are compared: those of the finalists on fresh seeds once they have ended, else the search.
        entries: Every configuration that has such runs, best mean first.
        whole: Those whose runs all have a value.
        able: Those of them that meet the requirements and that the rule can judge: it chooses among these.
        rule: How; `fallen`: why it is best-mean instead of the one that the study names.
        unmet: Id -> the requirements that it fails, for each of the whole.
    """

    table: Table
    role: Role
    entries: tuple[Entry, ...]
    whole: tuple[Entry, ...]
    able: tuple[Entry, ...]
    rule: Rule
    fallen: str
    unmet: Mapping[str, tuple[str, ...]]

    @property
    def failing(self) -> tuple[Entry, ...]:
        """Those of the whole that fail a requirement."""
        return tuple(entry for entry in self.whole if self.unmet[entry.configuration])

    @property
    def unjudged(self) -> tuple[Entry, ...]:
        """Those that meet the requirements and that the rule cannot judge."""
        return tuple(each for each in self.whole if each not in self.able and not self.unmet[each.configuration])

    @property
    def nobody(self) -> str:
        """Why there is nobody to choose."""
        where = f"{self.table.select_metric} on {self.table.select_split}"
        if not self.whole:
            return f"no configuration has a value of {where} from all of its {self.runs}"
        if self.failing:
            required = " and ".join(self.table.require)
            return f"no configuration meets {required}: {listed([self.fails(entry) for entry in self.failing])}"
        return f"{self.table.rule} can judge no configuration: {self.not_judged()}"

    @property
    def runs(self) -> str:
        """What the runs are called."""
        return "runs on fresh seeds" if self.role == "confirm" else "runs"

    def lacks(self, entry: Entry) -> str:
        """Who lacks a run, and why: `rank=4 (cells: 2 of 3 seeds: 1 diverged)`."""
        column = {"metric": self.table.select_metric, "split": self.table.select_split}
        found = [
            (case, cell(row, **column, role=self.role))
            for case, row in zip(cases(self.table), entry.rows, strict=True)
        ]  # fmt: skip
        why = [
            ": ".join(part for part in (case.label, each.reason) if part) for case, each in found if not each.complete
        ]
        return f"{name_of(entry)} ({'; '.join(why)})"

    def fails(self, entry: Entry) -> str:
        """Who fails a requirement, and by what: `rank=4: box.msa >= 0.9 (box.msa is 0.850)`."""
        return f"{name_of(entry)}: {', '.join(self.unmet[entry.configuration])}"

    def not_judged(self) -> str:
        """Whom the rule cannot judge, and why."""
        return listed([f"{name_of(entry)} ({self.rule.lacks(entry)})" for entry in self.unjudged])


def field_of(table: Table) -> Field:
    """Who takes part in the decision of a study.

    Raises:
        InputError: when the study names a rule that does not exist.
    """
    role: Role = "confirm" if confirmed(table) else "search"
    names = finalists(table) if role == "confirm" else ()
    entries = tuple(each for each in ordered(table, role) if role == "search" or each.configuration in names)
    whole = tuple(entry for entry in entries if entry.selection.complete)
    rule, fallen = rule_of(table, role, whole)
    failed = {entry.configuration: unmet(entry, table, role) for entry in whole}
    able = tuple(each for each in whole if not failed[each.configuration] and rule.score(each) is not None)
    return Field(table, role, entries, whole, able, rule, fallen, failed)

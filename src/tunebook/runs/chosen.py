"""The run that stands for a study's decision, and what was chosen for it after training."""

import json
from dataclasses import dataclass
from pathlib import Path

from tunebook import task as tasks
from tunebook.errors import InputError, Problem
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.records import Decision, Run, Settings
from tunebook.runs.inputs import middle
from tunebook.runs.shelf import NO_SEED, decision_of
from tunebook.task import Context, Task


@dataclass(frozen=True)
class ChosenRun:
    """One trained run of a decision.

    Args:
        settings: What its predictions led to, by the scoring of the decision.
        why: Why it is this run of the decision's: `the middle of 3 by f1 on val`.
    """

    decision: Decision
    run: Run
    folder: RunFolder
    settings: tuple[Settings, ...]
    why: str

    @property
    def name(self) -> str:
        """`seed 1`, with the run's id, and its fold where it has one; the id alone where nothing differs by chance."""
        replicate = self.run.replicate
        said = " ".join(f"{factor} {replicate[factor]}" for factor in ("seed", "fold") if factor in replicate)
        return f"{said} (run {self.run.id})" if said else f"run {self.run.id}"

    def context(self, book: Path, *, threads: int, device: str = "cpu") -> Context:
        """Where and how its task applies it."""
        return Context(
            book=book,
            checkpoint=self.folder.checkpoint,
            state=self.folder.state,
            length=self.run.length,
            device=device,
            threads=threads,
            seed=self.run.replicate.get("seed"),
        )


def task_of(study: str, ledger: Ledger) -> Task:
    """The task of a study that has been run in this book.

    Raises:
        InputError: when it has not, or the task is not installed.
    """
    declared = ledger.declared(study)
    if declared is None:
        raise InputError(Problem(study, "must have been run in this book", f"tunebook run {ledger.book / study}"))
    name = json.loads(declared)["task"]
    if name in tasks.names():
        return tasks.find(name)
    runs = (ledger.run(run, length) for run, length in reversed(ledger.runs_of(study)))
    known = next((run for run in runs if run is not None), None)
    return tasks.find(name) if known is None else tasks.task_of(known)


def chosen_run(study: str, ledger: Ledger, book: Path, *, seed: int | None = None) -> ChosenRun:
    """The run of a study's decision that is applied: the one of a seed, else the one in the middle (`middle`).

    Raises:
        InputError: when the study has no decision as it stands, or one over several cases; when the decision has no
            such seed; when the trained run is not there.
    """
    decision = decision_of(study, ledger, place=study)
    if not decision.runs:
        message = "must be decided on one case; it was decided over several, and none of their runs stands for it"
        raise InputError(Problem(study, message, "decide one case in a study of its own"))
    wanted, why = _wanted(decision, ledger, seed)
    length = dict(ledger.runs_of(study))[wanted]
    run = ledger.run(wanted, length)
    folder = RunFolder(book / "runs" / wanted, length)
    if run is None or (length > 0 and not folder.checkpoint.is_file()):
        message = f"must be what run {wanted} of study {study} trained; there is none"
        hint = f"tunebook run {book / study} --checkpoints trains it again"
        raise InputError(Problem(str(folder.checkpoint), message, hint))
    if "fold" in run.replicate:
        why = f"{why}, of the lowest fold alone"
    return ChosenRun(decision, run, folder, ledger.settings(wanted, length, decision.scoring), why)


def _wanted(decision: Decision, ledger: Ledger, seed: int | None) -> tuple[str, str]:
    """Id of the run, and why it is this one."""
    seeds = [each for each in sorted(decision.runs) if each != NO_SEED]
    if seed is not None and seed not in seeds:
        has = f"it has {', '.join(map(str, seeds))}" if seeds else "no seed matters to it"
        raise InputError(Problem("--seed", f"must be a seed of the decision of {decision.study}; {has}"))
    if seed is not None:
        return decision.runs[seed], "as asked"
    if len(decision.runs) == 1:
        return next(iter(decision.runs.values())), "its only run"
    return middle(decision, ledger), f"the middle of {len(seeds)} by {decision.metric} on {decision.split}"

"""Runs that train together: each ends as it would alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from toy import ToyWorker, toy_job

from tunebook.execute.child import work
from tunebook.execute.job import Job
from tunebook.execute.processes import Processes
from tunebook.folders import RunFolder
from tunebook.records import Outcome, Run
from tunebook.task import Context, Progress


def together(book: Path, *faults: str, **keys: float) -> Job:
    """A job of one run for each fault, of different seeds."""
    jobs = [toy_job(book, fault=fault, seed=i, **keys) for i, fault in enumerate(faults)]  # type: ignore[arg-type]
    return replace(jobs[0], runs=tuple(job.runs[0] for job in jobs))


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    """How each ended."""
    return [outcome.kind or outcome.status for outcome in outcomes]


def trainings(book: Path) -> int:
    """How often a run was trained."""
    return len((book / "trained.txt").read_text().splitlines())


def test_each_run_of_a_cohort_has_its_folder_and_its_outcome(tmp_path: Path) -> None:
    """They are those of the runs alone, and finished ones answer at once."""
    job = together(tmp_path / "together", "", "", "")
    alone = [work(replace(together(tmp_path / "alone", "", "", ""), runs=(run,)))[0] for run in job.runs]

    outcomes = work(job)

    assert statuses(outcomes) == ["finished"] * 3
    assert [outcome.predictions for outcome in outcomes] == [outcome.predictions for outcome in alone]
    assert [RunFolder.of(job.book, run).read_outcome() for run in job.runs] == list(outcomes)
    assert work(job) == outcomes
    assert trainings(job.book) == 3


def test_a_run_that_diverges_leaves_the_others_to_go_on(tmp_path: Path) -> None:
    """Its outcome names the step; nobody is trained twice."""
    outcomes = work(together(tmp_path, "", "nan", ""))

    assert statuses(outcomes) == ["finished", "diverged", "finished"]
    assert outcomes[1].reason == "loss is nan at step 2"
    assert trainings(tmp_path) == 3


def test_a_training_that_breaks_is_done_again_run_by_run(tmp_path: Path) -> None:
    """The one that broke it is the one that fails; who had a checkpoint is not trained again."""
    outcomes = work(together(tmp_path, "", "crash", ""))

    assert statuses(outcomes) == ["finished", "crashed", "finished"]
    assert trainings(tmp_path) == 4
    assert "the toy" in RunFolder.of(tmp_path, together(tmp_path, "", "crash").runs[1]).log.read_text()


def test_a_run_that_is_trained_again_says_why(tmp_path: Path) -> None:
    """In its log, before what it does alone; one that has its checkpoint says nothing."""
    job = together(tmp_path, "", "crash", "")
    work(job)

    said = "trained again alone: the training together with 2 others ended with crashed: ValueError: the toy broke\n"
    logs = [RunFolder.of(tmp_path, run).log for run in job.runs]
    assert not logs[0].exists()
    assert logs[1].read_text().startswith(said)
    assert logs[2].read_text() == said


def test_a_run_without_a_checkpoint_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that forgets one run of a cohort has not trained it."""
    original = ToyWorker.train

    def train(self: ToyWorker, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        return original(self, runs[:2], contexts[:2]) if len(runs) > 1 or runs[0].replicate["seed"] < 2 else iter(())

    monkeypatch.setattr(ToyWorker, "train", train)

    outcomes = work(together(tmp_path, "", "", ""))

    assert statuses(outcomes) == ["finished", "finished", "crashed"]
    assert outcomes[2].reason.endswith("training ended at 3 without a checkpoint")


def test_what_a_cohort_takes_is_shared(tmp_path: Path) -> None:
    """The time of the common training counts once in all."""
    outcomes = work(together(tmp_path, "", "", "", sleep=0.1))

    assert 0.3 < sum(outcome.costs.seconds for outcome in outcomes) < 0.6


def test_one_run_after_the_other_when_a_cohort_is_killed(tmp_path: Path) -> None:
    """What one of them did to its process is not the others' fate."""
    with Processes(processes=1, devices=("cpu",), preload=("numpy", "pydantic")) as executor:
        outcomes = executor.submit(together(tmp_path, "", "exit", "")).result()

    assert statuses(outcomes) == ["finished", "crashed", "finished"]
    assert outcomes[1].reason == "its process ended with exit code 3 before the run did"


def test_the_limit_of_a_run_is_held_for_a_cohort(tmp_path: Path) -> None:
    """So many runs have so many times the limit; a run that exceeds it alone is stopped."""
    with Processes(processes=1, devices=("cpu",), preload=("numpy", "pydantic")) as executor:
        slow = replace(together(tmp_path, "", "", sleep=0.4), seconds=0.6)
        outcomes = executor.submit(slow).result()

    assert statuses(outcomes) == ["finished", "finished"]

"""One run from its lock to its outcome."""

import errno
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from one_run import work
from toy import ToyTask, ToyWorker, toy_job

from tunebook.errors import Diverged, InputError
from tunebook.execute import child
from tunebook.execute.child import answers, failed
from tunebook.execute.inline import Inline
from tunebook.execute.job import Job
from tunebook.fingerprints import IN_BOOK
from tunebook.folders import RunFolder, digest_of_arrays, write_json
from tunebook.records import CurvePoint, Run
from tunebook.task import Context


def trainings(book: Path) -> int:
    """How often anything was trained in a book."""
    return len((book / "trained.txt").read_text().splitlines())


def folder_of(job: Job) -> RunFolder:
    """The run's folder."""
    return RunFolder.of(job.book, job.runs[0])


def test_a_job_travels_as_text(tmp_path: Path) -> None:
    """A job read from its JSON is the job that was written, with the same run id."""
    job = toy_job(tmp_path, pictures=("test",), seconds=2.5)

    again = Job.from_json(job.as_json())

    assert again == job
    assert again.runs[0].id == job.runs[0].id


def test_a_run_leaves_everything_that_it_found(tmp_path: Path) -> None:
    """Curve, settings, predictions by digest, measurements of each item and of all, and the outcome."""
    job = toy_job(tmp_path)

    outcome = work(job)

    folder = folder_of(job)
    assert outcome == folder.read_outcome()
    assert outcome.status == "finished"
    assert outcome.predictions["test"] == digest_of_arrays(folder.read_predictions("test"))
    assert outcome.quantities == {"trainable_parameters": 1}
    assert outcome.costs.peak_memory_mb > 1
    assert [point.step for point in folder.read_curve()] == [1, 2, 3]
    assert [(s.split, s.values) for s in folder.read_settings(job.scoring.id)] == [("val", {"seen": 3})]


def test_measurements_name_split_item_and_counts(tmp_path: Path) -> None:
    """The aggregate has an empty item; n and expected count the items; settings are those of the metric's mode."""
    job = toy_job(tmp_path)
    work(job)

    found = [
        m for m in folder_of(job).read_measurements(job.scoring.id) if m.metric == "toy.closeness" and m.split == "test"
    ]

    assert [(m.item, m.value, m.n, m.expected) for m in found] == [
        ("", 0.875, 2, 2),
        ("item-9", 0.875, 1, 1),
        ("item-8", 0.875, 1, 1),
    ]
    assert found[0].settings == {"seen": 3}


def test_a_metric_without_a_score_says_why(tmp_path: Path) -> None:
    """Every metric of the task has an aggregate on every split; without a value it has a reason."""
    job = toy_job(tmp_path)
    work(job)

    found = [m for m in folder_of(job).read_measurements(job.scoring.id) if m.metric == "toy.never" and m.item == ""]

    assert {m.split for m in found} == {"test", "val"}
    assert {(m.value, m.n, m.reason) for m in found} == {(None, 0, "toy.never was not scored for this configuration")}


def test_pictures_lie_in_the_run_folder(tmp_path: Path) -> None:
    """Thumbnails are PNG files in the order of panels, with their captions."""
    job = toy_job(tmp_path, pictures=("test",))
    work(job)

    first, _ = folder_of(job).pictures(job.scoring.id, "test")

    assert (first.item, first.caption, list(first.panels)) == ("item-9", "item-9 toy.closeness", ["image", "truth"])
    assert Path(first.panels["image"]).read_bytes().startswith(b"\x89PNG")


def test_a_finished_run_answers_at_once(tmp_path: Path) -> None:
    """Submitted again, a finished run is neither trained nor written again."""
    job = toy_job(tmp_path, pictures=("test",))
    first = work(job)

    assert work(job) == first
    assert trainings(tmp_path) == 1


def test_another_split_is_predicted_without_training(tmp_path: Path) -> None:
    """A finished run that lacks a split gets it from its checkpoint and keeps what it had, scores and costs too."""
    first = work(toy_job(tmp_path))
    job = toy_job(tmp_path, splits=("train",))

    outcome = work(job)

    assert (outcome.costs, outcome.provenance) == (first.costs, first.provenance)
    assert folder_of(job).read_outcome() == outcome
    assert set(outcome.predictions) == {"test", "val", "train"}
    assert {m.split for m in folder_of(job).read_measurements(job.scoring.id)} == {"test", "val", "train"}
    assert trainings(tmp_path) == 1


@pytest.mark.parametrize(
    "other",
    [{"select_split": "test"}, {"metric": "toy.never"}, {"threshold": 0.75}],
    ids=lambda other: next(iter(other)),
)
def test_ways_of_scoring_lie_side_by_side(tmp_path: Path, other: dict[str, Any]) -> None:
    """Two studies that share a run and differ in split, metric or a scoring setting keep their scores and pictures."""
    one, two = toy_job(tmp_path, pictures=("test",)), toy_job(tmp_path, pictures=("test",), **other)
    first = work(one)
    before = {file: file.stat().st_mtime_ns for file in folder_of(one).path.rglob("*") if file.is_file()}

    assert work(two) == first
    assert one.runs[0].id == two.runs[0].id
    assert folder_of(one).scorings() == tuple(sorted({one.scoring.id, two.scoring.id}))
    assert folder_of(two).read_scoring(two.scoring.id) == two.scoring
    assert work(one) == work(two) == first
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert trainings(tmp_path) == 1


def test_settings_and_pictures_follow_the_metric_of_the_study(tmp_path: Path) -> None:
    """The worker is told by which metric the study selects."""
    job = toy_job(tmp_path, metric="toy.never", pictures=("test",))
    work(job)

    assert [one.metric for one in folder_of(job).read_settings(job.scoring.id)] == ["toy.never"]
    assert folder_of(job).pictures(job.scoring.id, "test")[0].caption == "item-9 toy.never"


def test_a_picture_that_is_gone_is_drawn_again(tmp_path: Path) -> None:
    """A run whose list names a file that is not there is not complete; nothing is trained."""
    job = toy_job(tmp_path, pictures=("test",))
    outcome = work(job)
    gone = Path(folder_of(job).pictures(job.scoring.id, "test")[1].panels["truth"])
    before = gone.read_bytes()
    gone.unlink()

    assert not answers(outcome, job, folder_of(job))
    assert work(job) == outcome
    assert gone.read_bytes() == before
    assert trainings(tmp_path) == 1


def test_another_selection_split_chooses_settings_again(tmp_path: Path) -> None:
    """Settings come from the asked split, measurements follow, and nothing is trained."""
    work(toy_job(tmp_path))
    job = toy_job(tmp_path, select_split="test")

    work(job)

    assert [s.values for s in folder_of(job).read_settings(job.scoring.id)] == [{"seen": 2}]
    assert {
        m.settings["seen"] for m in folder_of(job).read_measurements(job.scoring.id) if m.metric == "toy.closeness"
    } == {2}
    assert trainings(tmp_path) == 1


def test_torn_scoring_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies while it scores under other settings leaves nothing that passes for the new ones."""
    work(toy_job(tmp_path))
    job = toy_job(tmp_path, select_split="test")
    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "write_measurements", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            work(job)

    work(job)

    assert {
        m.settings["seen"] for m in folder_of(job).read_measurements(job.scoring.id) if m.metric == "toy.closeness"
    } == {2}


def test_another_evaluator_scores_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measurements of another evaluator's version come from the stored predictions; of its own version alone."""
    older = toy_job(tmp_path)
    work(older)
    monkeypatch.setattr(ToyTask, "evaluator", "2")
    job = toy_job(tmp_path)

    work(job)

    with pytest.raises(InputError, match="task toy: must score with evaluator 1; got 2\n.* one version"):
        work(older)

    assert {m.evaluator for m in folder_of(job).read_measurements(job.scoring.id)} == {"2"}
    assert trainings(tmp_path) == 1


def test_a_checkpoint_without_an_outcome_is_not_trusted(tmp_path: Path) -> None:
    """A torn run is cleared and trained again."""
    job = toy_job(tmp_path)
    folder = folder_of(job)
    folder.at.mkdir(parents=True)
    folder.checkpoint.write_bytes(np.float64(7).tobytes())
    folder.write_prediction("test", "stranger", {"number": np.zeros(1)})

    outcome = work(job)

    assert outcome.status == "finished"
    assert trainings(tmp_path) == 1


def test_a_torn_training_goes_on_from_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `train` keeps to go on from outlives a torn attempt, alone in its folder, and is gone when it has ended."""
    job = toy_job(tmp_path)
    folder = folder_of(job)
    found: list[tuple[str, ...]] = []

    def train(self: ToyWorker, run: Run, context: Context) -> Iterator[CurvePoint]:
        assert context.state == folder.state
        found.append(tuple(sorted(path.name for path in context.state.parent.iterdir())))
        if len(found) == 1:
            context.state.write_text("half")
            context.state.with_name(".state.safetensors.torn").write_text("ha")
            context.checkpoint.write_text("of no use")
            raise KeyboardInterrupt
        yield CurvePoint(1, {"loss": 0.5})
        context.checkpoint.write_bytes(np.float64(1).tobytes())

    monkeypatch.setattr(ToyWorker, "train_one", train)
    with pytest.raises(KeyboardInterrupt):
        work(job)
    assert folder.state.read_text() == "half"

    outcome = work(job)

    assert outcome.status == "finished"
    assert found[1] == ("spent.json", "state.safetensors")
    assert not folder.state.exists()
    assert not folder.spent.exists()


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A toy that keeps a state before it trains; for each training, whether there was one to go on from."""
    original, seen = ToyWorker.train_one, []

    def train(self: ToyWorker, run: Run, context: Context) -> Iterator[CurvePoint]:
        seen.append(context.state.exists())
        context.state.write_text("half")
        yield from original(self, run, context)

    monkeypatch.setattr(ToyWorker, "train_one", train)
    return seen


def test_a_failed_training_goes_on_from_its_state_too(tmp_path: Path, keeping: list[bool]) -> None:
    """A run that ran out of memory has not to begin again."""
    job = toy_job(tmp_path, fault="memory")

    assert [work(job).kind, work(job).kind] == ["out of memory", "out of memory"]
    assert keeping == [False, True]


def test_a_run_stopped_while_it_predicts_goes_on_from_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeping: list[bool]
) -> None:
    """The state is there until the outcome is."""
    job = toy_job(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(ToyWorker, "predict", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            work(job)

    assert work(job).status == "finished"
    assert keeping == [False, True]
    assert not folder_of(job).state.exists()


def test_a_state_that_its_run_outlived_is_removed(tmp_path: Path) -> None:
    """The process died between the outcome and the removal."""
    job = toy_job(tmp_path)
    work(job)
    folder_of(job).state.write_text("half")

    work(job)

    assert not folder_of(job).state.exists()


@pytest.mark.parametrize(("fault", "kept"), [("diverge", False), ("edit", False), ("crash", True)])
def test_a_state_that_leads_to_the_same_failure_is_removed(
    tmp_path: Path, keeping: list[bool], fault: str, kept: bool
) -> None:
    """What diverged diverges again, and what was trained on two versions of the data is of neither."""
    (tmp_path / "numbers.txt").write_text("1")
    job = toy_job(tmp_path, fault=fault, data="numbers.txt")

    assert work(job).status == "failed"
    assert folder_of(job).state.exists() == folder_of(job).spent.exists() == kept


def test_costs_are_of_the_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts that a state joins count together; one that begins anew counts alone."""
    job = toy_job(tmp_path, fault="interrupt")
    original = ToyWorker.train_one

    def train(self: ToyWorker, run: Run, context: Context) -> Iterator[CurvePoint]:
        if context.state.exists():
            context.checkpoint.write_bytes(np.float64(1).tobytes())
            return
        context.state.write_text("half")
        time.sleep(0.5)
        sum(range(10_000_000))  # processor time
        yield from original(self, run, context)

    monkeypatch.setattr(ToyWorker, "train_one", train)
    with pytest.raises(KeyboardInterrupt):
        work(job)
    spent = folder_of(job).read_spent()
    write_json(folder_of(job).spent, {**asdict(spent), "peak_memory_mb": 1e6})

    costs = work(job).costs

    assert spent.seconds > 0.5
    assert 0 < spent.cpu_seconds < costs.cpu_seconds
    assert costs.seconds > spent.seconds
    assert costs.peak_memory_mb == 1e6
    write_json(folder_of(job).spent, asdict(spent))
    assert folder_of(job).read_spent().seconds == 0


def turned(content: bytes, at: bytes, offset: int) -> bytes:
    """One byte turned round, counted from where some others stand."""
    place = content.index(at) + offset
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"torn",
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: turned(content, b"number.npy", 40),
        lambda content: content.replace(b"PK\x01\x02", b"PK\x01\x03"),
        lambda content: turned(content, b"PK\x01\x02", 10),
        lambda content: turned(content, b"PK\x01\x02", 8),
    ],
    ids=["another kind", "empty", "torn", "stream", "directory", "compression", "flags"],
)
def test_damaged_predictions_are_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """Stored predictions count only while they have the digest of the outcome."""
    job = toy_job(tmp_path)
    first = work(job)
    file = folder_of(job).at / "predictions" / "val" / "item-9.npz"
    file.write_bytes(damage(file.read_bytes()))

    again = work(replace(job, splits=("test", "train")))

    assert again.predictions["val"] == first.predictions["val"]
    assert {m.split for m in folder_of(job).read_measurements(job.scoring.id)} == {"test", "train", "val"}


def test_a_prediction_reaches_the_disk_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails leaves neither a torn file nor one beside it."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "fsync", broken)
    folder = RunFolder(tmp_path, 3)
    with pytest.raises(OSError, match="the disk is broken"):
        folder.write_prediction("test", "item", {"number": np.zeros(1)})

    assert list((folder.at / "predictions" / "test").iterdir()) == []


@pytest.mark.parametrize("other", [False, True])
def test_what_was_made_of_other_predictions_is_forgotten(tmp_path: Path, other: bool) -> None:
    """Predictions that are made again, and differ, take the scores of every study with them; equal ones none."""
    one, two = toy_job(tmp_path), toy_job(tmp_path, threshold=0.75)
    work(one)
    (folder_of(one).at / "predictions" / "val" / "item-9.npz").write_bytes(b"torn")
    if other:
        folder_of(one).checkpoint.write_bytes(np.float64(0.25).tobytes())

    work(two)

    assert set(folder_of(one).scorings()) == ({two.scoring.id} if other else {one.scoring.id, two.scoring.id})


@pytest.mark.parametrize("change", ["edited", "removed"])
def test_data_that_changed_after_planning_fail_the_run(tmp_path: Path, change: str) -> None:
    """A run whose inputs are not those of its id is not trained."""
    (tmp_path / "numbers.txt").write_text("1")
    job = toy_job(tmp_path, data="numbers.txt")
    (tmp_path / "numbers.txt").write_text("2")
    if change == "removed":
        (tmp_path / "numbers.txt").unlink()

    outcome = work(job)

    assert (outcome.status, outcome.kind) == ("failed", "data changed")
    assert outcome.reason.startswith("data changed since the study was planned")
    assert ("numbers.txt: must be a file that can be read" in outcome.reason) == (change == "removed")
    assert not (tmp_path / "trained.txt").exists()


def test_data_that_change_meanwhile_fail_the_run(tmp_path: Path) -> None:
    """Edited while it trains: nothing is predicted of the new data."""
    (tmp_path / "numbers.txt").write_text("1")
    job = toy_job(tmp_path, data="numbers.txt", fault="edit")

    outcome = work(job)

    assert outcome.reason == "data changed since the study was planned"
    assert folder_of(job).predicted("test") == ()


def test_changed_data_are_not_scored(tmp_path: Path) -> None:
    """A finished run stays as it is; scores of other labels never pass for its own."""
    (tmp_path / "numbers.txt").write_text("1")
    first = work(toy_job(tmp_path, data="numbers.txt"))
    job = toy_job(tmp_path, data="numbers.txt", threshold=0.75)
    (tmp_path / "numbers.txt").write_text("2")

    assert work(job).kind == "data changed"
    assert folder_of(job).read_outcome() == first
    assert job.scoring.id not in folder_of(job).scorings()


def test_a_run_leaves_the_cache_of_the_book_alone(tmp_path: Path) -> None:
    """A worker writes into its run's folder and nowhere else."""
    (tmp_path / "numbers.txt").write_text("1")
    job = toy_job(tmp_path, data="numbers.txt")
    (tmp_path / IN_BOOK).unlink()
    work(job)

    assert not (tmp_path / IN_BOOK).exists()


def test_nothing_is_trained_at_length_zero(tmp_path: Path) -> None:
    """A run of length 0 is predicted and scored as it starts."""
    job = toy_job(tmp_path, length=0)

    assert work(job).status == "finished"
    assert not (tmp_path / "trained.txt").exists()


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ("crash", "crashed", "ValueError: the toy broke"),
        ("diverge", "diverged", "the loss is nan at step 2"),
        ("memory", "out of memory", "no memory was left"),
        ("short", "crashed", "1 of 3 items of val have no prediction: item-7"),
    ],
)
def test_a_failure_is_an_outcome(tmp_path: Path, fault: str, kind: str, reason: str) -> None:
    """What goes wrong in a run is recorded with its kind, a sentence, and the traceback in the log."""
    job = toy_job(tmp_path, fault=fault)

    outcome = work(job)

    assert (outcome.status, outcome.kind, outcome.reason) == ("failed", kind, reason)
    assert folder_of(job).read_outcome() == outcome
    assert "Traceback" in folder_of(job).log.read_text()


def test_a_loss_that_is_not_finite_is_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that yields NaN has diverged, and its curve up to there is kept."""
    points = [CurvePoint(1, {"loss": 0.5}), CurvePoint(2, {"loss": math.nan})]
    monkeypatch.setattr(ToyWorker, "train_one", lambda *_: iter(points))
    job = toy_job(tmp_path)

    outcome = work(job)

    assert (outcome.kind, outcome.reason) == ("diverged", "loss is nan at step 2")
    assert folder_of(job).read_curve() == tuple(points[:1])


def test_a_failed_run_is_tried_again_when_submitted(tmp_path: Path) -> None:
    """A failed outcome does not answer; the run starts anew."""
    job = toy_job(tmp_path, fault="crash")
    work(job)
    work(job)

    assert trainings(tmp_path) == 2


def test_a_failure_keeps_a_finished_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was finished stays finished when a further split fails."""
    first = work(toy_job(tmp_path))
    monkeypatch.setattr(ToyWorker, "predict", lambda *_: 1 / 0)

    outcome = work(toy_job(tmp_path, splits=("train",)))

    assert outcome.reason == "ZeroDivisionError: division by zero"
    assert folder_of(toy_job(tmp_path)).read_outcome() == first


def test_an_interruption_leaves_no_outcome(tmp_path: Path) -> None:
    """KeyboardInterrupt passes through an executor and the run counts as not ended."""
    job = toy_job(tmp_path, fault="interrupt")

    with pytest.raises(KeyboardInterrupt), Inline() as executor:
        executor.submit(job)

    assert folder_of(job).read_outcome() is None


def test_a_run_that_another_process_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the run's folder and the way out."""
    monkeypatch.setattr(child, "LOCK_SECONDS", 0.0)
    job = toy_job(tmp_path)

    with folder_of(job).lock():
        future = Inline().submit(job)

    with pytest.raises(InputError, match="must be free; another process .*\n.* stop it"):
        raise future.exception() or AssertionError


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file where the runs belong is the book's fault, not the run's."""
    (tmp_path / "runs").write_text("")

    with pytest.raises(InputError, match="must be a folder that can be written; got Not a directory|File exists"):
        work(toy_job(tmp_path))


def test_memory_errors_are_known_by_name() -> None:
    """Torch's error is recognised without torch; a reason is one line."""

    class OutOfMemoryError(RuntimeError):
        """As torch has it."""

    assert failed(OutOfMemoryError("CUDA out of memory.\nTried")) == ("out of memory", "CUDA out of memory. Tried")
    assert failed(RuntimeError("DefaultCPUAllocator: can't allocate memory"))[0] == "out of memory"
    assert failed(Diverged("nan")) == ("diverged", "nan")

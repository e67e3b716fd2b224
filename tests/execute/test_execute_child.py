"""One run from its lock to its outcome."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy import ToyTask, ToyWorker, toy_job

from tunebook.errors import Diverged, InputError
from tunebook.execute import child
from tunebook.execute.child import failed, work
from tunebook.execute.inline import Inline
from tunebook.execute.job import Job
from tunebook.folders import RunFolder, digest_of_arrays
from tunebook.records import CurvePoint


def trainings(book: Path) -> int:
    """How often anything was trained in a book."""
    return len((book / "trained.txt").read_text().splitlines())


def folder_of(job: Job) -> RunFolder:
    """The run's folder."""
    return RunFolder.of(job.book, job.run)


def test_a_job_travels_as_text(tmp_path: Path) -> None:
    """A job read from its JSON is the job that was written, with the same run id."""
    job = toy_job(tmp_path, pictures=("test",), seconds=2.5)

    again = Job.from_json(job.as_json())

    assert again == job
    assert again.run.id == job.run.id


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
    assert [(s.split, s.values) for s in folder.read_settings()] == [("val", {"seen": 3})]


def test_measurements_name_split_item_and_counts(tmp_path: Path) -> None:
    """The aggregate has an empty item; n and expected count the items; settings are those of the metric's mode."""
    job = toy_job(tmp_path)
    work(job)

    found = [m for m in folder_of(job).read_measurements() if m.metric == "toy.closeness" and m.split == "test"]

    assert [(m.item, m.value, m.n, m.expected) for m in found] == [
        ("", 0.875, 2, 2),
        ("item-9", 0.875, 1, 2),
        ("item-8", 0.875, 1, 2),
    ]
    assert found[0].settings == {"seen": 3}


def test_a_metric_without_a_score_says_why(tmp_path: Path) -> None:
    """Every metric of the task has an aggregate on every split; without a value it has a reason."""
    job = toy_job(tmp_path)
    work(job)

    found = [m for m in folder_of(job).read_measurements() if m.metric == "toy.never" and m.item == ""]

    assert {m.split for m in found} == {"test", "val"}
    assert {(m.value, m.n, m.reason) for m in found} == {(None, 0, "toy.never was not scored for this configuration")}


def test_pictures_lie_in_the_run_folder(tmp_path: Path) -> None:
    """Thumbnails are PNG files in the order of panels, with their captions."""
    job = toy_job(tmp_path, pictures=("test",))
    work(job)

    first, _ = folder_of(job).pictures("test")

    assert (first.item, first.caption, list(first.panels)) == ("item-9", "item-9", ["image", "truth"])
    assert Path(first.panels["image"]).read_bytes().startswith(b"\x89PNG")


def test_a_finished_run_answers_at_once(tmp_path: Path) -> None:
    """Submitted again, a finished run is neither trained nor written again."""
    job = toy_job(tmp_path, pictures=("test",))
    first = work(job)

    assert work(job) == first
    assert trainings(tmp_path) == 1


def test_another_split_is_predicted_without_training(tmp_path: Path) -> None:
    """A finished run that lacks a split gets it from its checkpoint and keeps what it had."""
    work(toy_job(tmp_path))
    job = toy_job(tmp_path, splits=("train",))

    outcome = work(job)

    assert set(outcome.predictions) == {"test", "val", "train"}
    assert {m.split for m in folder_of(job).read_measurements()} == {"test", "val", "train"}
    assert trainings(tmp_path) == 1


def test_another_selection_split_chooses_settings_again(tmp_path: Path) -> None:
    """Settings come from the asked split, measurements follow, and nothing is trained."""
    work(toy_job(tmp_path))
    job = toy_job(tmp_path, select_split="test")

    work(job)

    assert [s.values for s in folder_of(job).read_settings()] == [{"seen": 2}]
    assert {m.settings["seen"] for m in folder_of(job).read_measurements() if m.metric == "toy.closeness"} == {2}
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

    assert {m.settings["seen"] for m in folder_of(job).read_measurements() if m.metric == "toy.closeness"} == {2}


def test_another_evaluator_scores_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measurements of another evaluator's version are replaced, from the stored predictions."""
    job = toy_job(tmp_path)
    work(job)
    monkeypatch.setattr(ToyTask, "evaluator", "2")

    work(job)

    assert {m.evaluator for m in folder_of(job).read_measurements()} == {"2"}
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


def test_damaged_predictions_are_made_again(tmp_path: Path) -> None:
    """Stored predictions count only while they have the digest of the outcome."""
    job = toy_job(tmp_path)
    first = work(job)
    (folder_of(job).at / "predictions" / "val" / "item-9.npz").write_bytes(b"torn")

    again = work(replace(job, splits=("test", "train")))

    assert again.predictions["val"] == first.predictions["val"]


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
    monkeypatch.setattr(ToyWorker, "train", lambda *_: iter(points))
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

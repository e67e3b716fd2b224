"""A training that was stopped goes on, and ends in the same bits."""

import errno
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
import torch
from one_run import work
from segmentation_examples import a_job, a_run, a_sample, configured, same_tensors, trained, write_cells
from torch.optim import AdamW

from tunebook import __version__
from tunebook.folders import RunFolder
from tunebook.tasks.promptable_segmentation import resuming
from tunebook.tasks.promptable_segmentation.resuming import Keeper
from tunebook.tasks.promptable_segmentation.starting import starting_model
from tunebook.train import checkpoints

EVERYTHING = {
    "adapter.method": "lora",
    "adapter.dropout": 0.3,
    "optimizer.scheme": "two-step",
    "optimizer.lr": 1e-2,
    "schedule.name": "plateau",
    "schedule.patience": 0,
    "schedule.warmup": 0.2,
    "validation.every": 1,
    "early_stopping": 1,
    "keep_weights": "best",
    "budget.steps": 9,
}
"""All that a state holds: dropout, moments after two updates a step, plateau, early stopping, the best weights."""


class _Stopped(BaseException):
    """What a test raises in the place of a signal that ends the process."""


@pytest.fixture(scope="module")
def samples():
    return [a_sample("phase", seed=0), a_sample("tissue", seed=1), a_sample("phase", seed=2)]


@pytest.fixture(scope="module")
def undisturbed(samples):
    """Model, curve and the rate of each update of a training that was never stopped and kept no state."""
    rates, original = [], AdamW.step

    def step(self, *given, **further):
        rates.append(self.param_groups[0]["lr"])
        return original(self, *given, **further)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdamW, "step", step)
        return *trained(configured(EVERYTHING), samples, validation=samples[1:]), rates


@pytest.fixture(autouse=True)
def _each_step(monkeypatch):
    """The state is written after every step."""
    monkeypatch.setattr(resuming, "SECONDS", 0.0)


def _stopped_at(update, config, samples, state, **more):
    """Train until an update of the optimizer, from 1, and stop within it."""
    done, original = [], AdamW.step

    def step(self, *given, **further):
        done.append(None)
        if len(done) == update:
            raise _Stopped
        return original(self, *given, **further)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdamW, "step", step)
        with pytest.raises(_Stopped):
            trained(config, samples, state=state, **more)


@pytest.mark.parametrize("update", [2, 7, 12])
def test_a_training_that_goes_on_ends_in_the_same_bits(samples, undisturbed, tmp_path, update):
    """Stopped in the first or the second update of a step, before and after validations: curve and tensors agree."""
    state, config = tmp_path / "state.safetensors", configured(EVERYTHING)
    _stopped_at(update, config, samples, state, validation=samples[1:])

    model, curve = trained(config, samples, validation=samples[1:], state=state)

    assert state.exists()
    assert curve == undisturbed[1]
    assert same_tensors(model.state_dict(), undisturbed[0].state_dict())


def test_a_training_may_be_stopped_again_and_again(samples, undisturbed, tmp_path):
    """Three times, each a step further."""
    state, config = tmp_path / "state.safetensors", configured(EVERYTHING)
    for _ in range(3):
        _stopped_at(4, config, samples, state, validation=samples[1:])  # one whole step, and half of another

    model, curve = trained(config, samples, validation=samples[1:], state=state)

    assert curve == undisturbed[1]
    assert same_tensors(model.state_dict(), undisturbed[0].state_dict())


def test_the_example_needs_every_part_of_the_state(undisturbed):
    """The rate was lowered twice, the best weights are not the last, and training ended early: each can go wrong."""
    _, curve, rates = undisturbed
    losses = [point.values["validation"] for point in curve]

    assert min(losses) != losses[-1]
    assert rates[3] > rates[5] > rates[-1]  # two updates a step, warmed up after two steps
    assert len(curve) == 6


@pytest.mark.parametrize("method", ["full", "frozen", "adaptformer"])
def test_the_default_recipe_goes_on_too(samples, tmp_path, method):
    """Without validation, with running statistics of norms, with tensors of no axis."""
    config = configured({"adapter.method": method, "budget.steps": 4})
    model, curve = trained(config, samples)
    _stopped_at(3, config, samples, tmp_path / "state", validation=())

    again, curve_again = trained(config, samples, state=tmp_path / "state")

    assert curve_again == curve
    assert same_tensors(again.state_dict(), model.state_dict())


def test_what_was_trained_is_not_trained_again(samples, tmp_path, monkeypatch):
    """Points of earlier steps come from the state; a state of the whole length needs no step."""
    config, state = configured({"budget.steps": 3}), tmp_path / "state"
    model, curve = trained(config, samples, state=state)
    monkeypatch.setattr(AdamW, "step", lambda *_: 1 / 0)

    again, curve_again = trained(config, samples, state=state)

    assert curve_again == curve
    assert same_tensors(again.state_dict(), model.state_dict())


def test_a_training_that_stopped_early_has_ended(samples, tmp_path, monkeypatch):
    """Taken up again after its last step, it trains no further."""
    config = configured({"budget.steps": 9, "validation.every": 1, "early_stopping": 1, "optimizer.lr": 1e-12})
    state = tmp_path / "state"
    _, curve = trained(config, samples, validation=samples, state=state)
    monkeypatch.setattr(AdamW, "step", lambda *_: 1 / 0)

    assert len(curve) < 9
    assert trained(config, samples, validation=samples, state=state)[1] == curve


def test_the_state_is_written_now_and_then(samples, tmp_path, monkeypatch):
    """Not before its time; and the longer writing takes, the more rarely."""
    monkeypatch.setattr(resuming, "SECONDS", 60.0)
    trained(configured(), samples, state=tmp_path / "state")

    assert not (tmp_path / "state").exists()

    ticks = iter([61.0, 61.0, 91.0])
    monkeypatch.setattr(resuming.time, "monotonic", lambda: next(ticks))
    model = starting_model(configured(), book=Path(), seed=0)
    keeper = Keeper(tmp_path / "state", model, AdamW(model.parameters()), "cpu", written=0.0)
    keeper.keep(resuming.Course(resuming.Watch(1.0)))
    monkeypatch.undo()

    assert (keeper.written, keeper.wait) == (91.0, 600.0)


def test_the_last_step_is_kept_where_an_earlier_one_is(samples, tmp_path, monkeypatch):
    """A run that is stopped while it predicts has not to train again what came after the last writing."""
    config, state = configured({"budget.steps": 3}), tmp_path / "state"
    trained(config, samples, steps=1, state=state)
    monkeypatch.setattr(resuming, "SECONDS", 60.0)
    model, curve = trained(config, samples, state=state)
    monkeypatch.setattr(AdamW, "step", lambda *_: 1 / 0)

    again, curve_again = trained(config, samples, state=state)

    assert curve_again == curve
    assert same_tensors(again.state_dict(), model.state_dict())


def test_a_state_that_cannot_be_written_ends_nothing(samples, tmp_path, monkeypatch, capsys):
    """The disk is full: training says so and goes on, and the earlier state stays."""
    config, state = configured({"budget.steps": 3}), tmp_path / "state"
    trained(config, samples, steps=1, state=state)
    before = state.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_atomically", full)
    _, curve = trained(config, samples, state=state)

    assert curve == trained(config, samples)[1]
    assert "the state of step 2 is not kept: [Errno 28] No space left" in capsys.readouterr().out
    assert state.read_bytes() == before


# Damage -----------------------------------------------------------------------------------------------


def _damaged(content, how):
    if how == "torn":
        return content[: len(content) // 2]
    if how == "empty":
        return b""
    place = {"header": 100, "numbers": len(content) // 2, "last": len(content) - 1}[how]
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("how", ["torn", "empty", "header", "numbers", "last"])
def test_a_damaged_state_is_told_and_not_used(samples, tmp_path, capsys, how):
    """One bit is enough; the training starts anew and ends as it should."""
    config, state = configured({"budget.steps": 2}), tmp_path / "state"
    model, curve = trained(config, samples)
    trained(config, samples, steps=1, state=state)
    state.write_bytes(_damaged(state.read_bytes(), how))

    again, curve_again = trained(config, samples, state=state)

    assert f"training starts anew: {state}: must " in capsys.readouterr().out
    assert curve_again == curve
    assert same_tensors(again.state_dict(), model.state_dict())


def test_no_bit_of_a_state_goes_unseen(samples, tmp_path):
    """Whatever byte of the header changes, the file is refused or holds the same."""
    state = tmp_path / "state"
    config = configured({"budget.steps": 1, "automatic.enabled": False, "adapter.method": "frozen"})
    trained(config, samples, state=state)
    content = state.read_bytes()
    length = int.from_bytes(content[:8], "little")
    model = starting_model(config, book=Path(), seed=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    unseen = []
    for place in range(0, 8 + length, 997):
        state.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        if Keeper(state, model, AdamW(model.parameters()), "cpu").resumed() is not None:
            unseen.append(place)

    assert unseen == []
    assert same_tensors(before, model.state_dict())


def test_a_state_of_other_circumstances_is_told_and_not_used(samples, tmp_path, capsys, monkeypatch):
    """Sums over another number of threads round otherwise, so their bits would be of two kinds."""
    config, state = configured({"budget.steps": 2}), tmp_path / "state"
    trained(config, samples, steps=1, state=state)
    threads = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    trained(config, samples, steps=1, state=state)

    said = capsys.readouterr().out
    kind = f"cpu {torch.backends.cpu.get_cpu_capability()}"
    versions = f"torch {torch.__version__}, tunebook {__version__}, layout 1"
    assert f"must be of a training on {kind}, {threads + 1} threads, {versions}" in said
    assert f"got {kind}, {threads} threads, {versions}" in said


def test_a_state_of_another_model_changes_nothing(samples, tmp_path, capsys):
    """Its tensors do not fit: neither weights nor moments are taken."""
    state = tmp_path / "state"
    trained(configured({"adapter.method": "lora"}), samples, steps=1, state=state)
    model = starting_model(configured(), book=Path(), seed=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = AdamW(model.parameters())

    assert Keeper(state, model, optimizer, "cpu").resumed() is None
    assert "tensors that the adapter trains" in capsys.readouterr().out
    assert same_tensors(before, model.state_dict())
    assert not optimizer.state


# A process that is killed -----------------------------------------------------------------------------

RECIPE = {**EVERYTHING, "prompts.objects": 1, "budget.steps": 4, "validation.every": 2, "early_stopping": 50}


@pytest.fixture(scope="module")
def _settings_of_torch():
    """A worker makes torch deterministic for its process; these tests give the process back as it was."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    filling = torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = filling


@pytest.fixture(scope="module")
def finished(tmp_path_factory, _settings_of_torch):
    """A run that was never disturbed, and its folder."""
    book = tmp_path_factory.mktemp("book")
    write_cells(book / "cells")
    job = a_job(a_run(book, RECIPE), book)
    outcome = work(job)
    assert outcome.status == "finished", outcome.reason
    return job, RunFolder.of(book, job.runs[0])


def _killed_after(states: int, book: Path) -> None:
    """Work on the run in this process, and die when it has kept its state so many times."""
    resuming.SECONDS = 0.0
    written, original = [], checkpoints.save

    def save(path, *given):
        original(path, *given)
        written.append(path)
        if len(written) == states:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoints.save = save
    work(a_job(a_run(book, RECIPE), book))


def test_a_killed_run_ends_in_the_same_facts(finished, tmp_path):
    """Killed and started again: checkpoint, curve, predictions and scores are those of the undisturbed run."""
    job, folder = finished
    write_cells(tmp_path / "cells")
    again = a_job(a_run(tmp_path, RECIPE), tmp_path)
    process = multiprocessing.get_context("spawn").Process(target=_killed_after, args=(3, tmp_path))
    process.start()
    process.join()
    other = RunFolder.of(tmp_path, again.runs[0])
    assert (process.exitcode, other.state.exists(), other.read_outcome()) == (-signal.SIGKILL, True, None)

    outcome = work(again, redirect=True)

    first = folder.read_outcome()
    assert (outcome.predictions, outcome.quantities) == (first.predictions, first.quantities)
    for name in ("checkpoint.safetensors", "curve.jsonl", f"scores/{job.scoring.id}/measurements.jsonl"):
        assert (other.at / name).read_bytes() == (folder.at / name).read_bytes(), name
    assert not other.state.exists()
    assert "starts anew" not in other.log.read_text()


def test_a_run_says_which_weights_it_kept(finished):
    """The checkpoint and the facts of a run whose weights validation chose."""
    _, folder = finished
    quantities, metadata = folder.read_outcome().quantities, checkpoints.metadata(folder.checkpoint)

    assert quantities["trained_steps"] == 4
    assert quantities["kept_step"] == int(metadata["kept_step"]) in (2, 4)
    assert [point.step for point in folder.read_curve() if "validation" in point.values] == [2, 4]

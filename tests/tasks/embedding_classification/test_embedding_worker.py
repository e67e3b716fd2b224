"""The worker: trains, predicts, calibrates and scores, alone and in cohorts, and through the engine."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from embedding_examples import WIDTH, a_context, a_job, a_run, configured, write_rows
from sklearn import metrics as reference

from tunebook.errors import Crashed, DataError
from tunebook.execute.child import work
from tunebook.folders import RunFolder
from tunebook.records import Measurement, Run, Settings
from tunebook.task import Example, Prediction
from tunebook.tasks.embedding_classification import TASK
from tunebook.tasks.embedding_classification.metrics import available
from tunebook.tasks.embedding_classification.thresholds import Threshold
from tunebook.tasks.embedding_classification.worker import Worker
from tunebook.train import checkpoints


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book with a table, that tests read and leave alone."""
    path = tmp_path_factory.mktemp("book")
    write_rows(path, rows=96)
    return path


def _scored(
    worker: Worker, run: Run, book: Path, logits: Mapping[str, np.ndarray], *, metric: str = "f1", on: str = "test"
) -> tuple[dict[tuple[str, str], float], Mapping[str, Settings]]:
    """(metric, group) -> value on a split for given logits, the threshold chosen on val; `` as a group is the split."""
    context = a_context(run, book, book / "nowhere")
    pairs = {
        split: (Prediction("rows", {"logits": said.astype(np.float32)}), next(worker.examples(run, split, context)))
        for split, said in logits.items()
    }
    chosen = worker.calibrate(run, [pairs["val"][0]], [pairs["val"][1]], "val", metric=metric)
    settings = {each.mode: each for each in chosen}
    found: dict[str, list] = {}
    for score in worker.score(run, *pairs[on], settings):
        found.setdefault(score.metric, []).append(score)
    values = {
        (name, part.item): TASK.metrics[name].aggregate([part]) for name, parts in found.items() for part in parts
    }
    return values | {(name, ""): TASK.metrics[name].aggregate(parts) for name, parts in found.items()}, settings


def _targets(book: Path, split: str, label: str = "owl") -> np.ndarray:
    with np.load(book / "rows.npz") as columns:
        return (columns["label"] == label)[columns["split"] == split]


def _logits(book: Path, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {split: rng.standard_normal((len(_targets(book, split)), 1)) for split in ("val", "test")}


# Training ---------------------------------------------------------------------------------------------


def test_a_trained_head_predicts_what_its_checkpoint_says(book, tmp_path):
    """Tensors by the names that others read, with the facts of the labels and of the training beside them."""
    worker, run = Worker(), a_run(book, {"head.hidden_units": 4})
    context = a_context(run, book, tmp_path)
    points = list(worker.train([run], [context]))
    tensors, facts = checkpoints.load(context.checkpoint)
    ((prediction,), (example,)) = worker.predict(run, "val", context), worker.examples(run, "val", context)

    assert {point.run for point in points} == {run.id}
    assert [point.point.step for point in points] == [1, 2, 3]
    assert {"loss", "val_loss"} <= points[0].point.values.keys()
    assert tensors["hidden.weight"].shape == (4, WIDTH)
    assert tensors["output.weight"].shape == (1, 4)
    assert (facts["kind"], json.loads(facts["classes"]), facts["trained_epochs"]) == ("binary", ["owl"], "3")
    assert prediction.arrays["logits"].shape == example.truth.shape == (len(_targets(book, "val")), 1)
    assert prediction.arrays["logits"].dtype == np.float32
    assert worker.quantities(run, context) == {
        "trainable_parameters": 4 * WIDTH + 4 + 4 + 1,
        "trained_epochs": 3,
        "kept_epoch": float(facts["kept_epoch"]),
    }


def test_a_cohort_ends_as_its_runs_alone(book, tmp_path):
    """Every tensor, bit by bit, whatever trains beside it; each run has its own curve and facts."""
    changes: Sequence[Mapping] = (
        {},
        {"optimizer.lr": 0.01},
        {"head.hidden_units": 4, "head.dropout": 0.5},
        {"loss.label_smoothing": 0.1, "loss.kind": "bce"},
    )
    runs = [a_run(book, each) for each in changes]
    together = [a_context(run, book, tmp_path / "together") for run in runs]
    points = list(Worker().train(runs, together))

    assert {point.run for point in points} == {run.id for run in runs}
    for run, context in zip(runs, together, strict=True):
        alone = a_context(run, book, tmp_path / "alone")
        list(Worker().train([run], [alone]))
        one, other = checkpoints.load(context.checkpoint), checkpoints.load(alone.checkpoint)
        assert one[1] == other[1]
        assert one[0].keys() == other[0].keys()
        assert all(torch.equal(tensor, other[0][name]) for name, tensor in one[0].items())


def test_each_run_of_a_cohort_is_saved_with_its_own_activation(book, tmp_path):
    """Heads of several classes may be trained by either loss, side by side."""
    changes: Sequence[Mapping] = ({"data.positive": None}, {"data.positive": None, "loss.kind": "bce"})
    runs = [a_run(book, each) for each in changes]
    contexts = [a_context(run, book, tmp_path) for run in runs]
    list(Worker().train(runs, contexts))

    found = [checkpoints.metadata(context.checkpoint)["activation"] for context in contexts]
    assert found == ["softmax", "sigmoid"]


@pytest.mark.parametrize("positive", ["owl", None])
def test_the_majority_is_the_share_of_each_class(book, tmp_path, positive):
    """Whatever the embedding; it has one number a class."""
    worker, run = Worker(), a_run(book, {"data.positive": positive, "head.kind": "majority"})
    context = a_context(run, book, tmp_path)
    points = list(worker.train([run], [context]))
    (prediction,) = worker.predict(run, "test", context)
    classes = 1 if positive else 3

    assert points == []
    assert worker.quantities(run, context) == {"trainable_parameters": classes}
    assert (prediction.arrays["logits"] == prediction.arrays["logits"][0]).all()


def test_logistic_regression_finds_what_is_there(book, tmp_path):
    """It ranks owls above the rest."""
    worker, run = Worker(), a_run(book, {"head.kind": "logistic-regression"})
    context = a_context(run, book, tmp_path)
    list(worker.train([run], [context]))
    logits = {split: next(worker.predict(run, split, context)).arrays["logits"] for split in ("val", "test")}
    values, _ = _scored(worker, run, book, logits)

    assert values["auroc", ""] > 0.7
    assert worker.quantities(run, context) == {"trainable_parameters": WIDTH + 1}


def test_a_table_is_read_once_and_its_rows_are_shared(book, tmp_path):
    """What the file says later is not looked at by this worker: it is checked where a run begins and ends."""
    write_rows(tmp_path, rows=96)
    worker, run = Worker(), a_run(tmp_path)
    context = a_context(run, tmp_path, tmp_path / "out")
    first = next(worker.examples(run, "val", context))
    (tmp_path / "rows.npz").unlink()

    assert next(worker.examples(run, "val", context)).truth is first.truth
    list(worker.train([run], [context]))


def test_a_configuration_that_the_table_cannot_serve_is_refused(tmp_path):
    """Before anything is trained, in the words of verify."""
    write_rows(tmp_path, site=np.resize(np.array(["marsh", "wood"]), 60))
    run = a_run(tmp_path, {"data.groups": ["site"], "data.item": "recording"})

    with pytest.raises(DataError, match="must be items whose rows are all of one group"):
        list(Worker().train([run], [a_context(run, tmp_path, tmp_path / "out")]))


# Calibration ------------------------------------------------------------------------------------------


def test_the_threshold_is_chosen_on_the_split_that_it_is_given(book):
    """Predictions of other splits, whatever they are, never move it."""
    worker, run, logits = Worker(), a_run(book), _logits(book)
    _, settings = _scored(worker, run, book, logits)
    for other in (-logits["test"], logits["test"] * np.nan, logits["test"] + 9):
        assert _scored(worker, run, book, {**logits, "test": other})[1] == settings

    assert _scored(worker, run, book, {**logits, "val": logits["val"] + 2})[1] != settings
    chosen = settings["threshold"]
    assert (chosen.mode, chosen.split, chosen.metric) == ("threshold", "val", "f1")


def test_the_chosen_threshold_is_used(book):
    """F1 on test is that of the threshold from val, `half.f1` that of 0.5."""
    logits = _logits(book)
    values, settings = _scored(Worker(), a_run(book), book, logits)
    cut = Threshold(float(settings["threshold"].values["threshold"])).cut
    truth = _targets(book, "test")

    assert values["f1", ""] == pytest.approx(reference.f1_score(truth, logits["test"][:, 0] >= cut))
    assert values["half.f1", ""] == pytest.approx(reference.f1_score(truth, logits["test"][:, 0] >= 0))
    assert values["f1", ""] != values["half.f1", ""]


def test_the_threshold_serves_what_a_study_selects_by(book):
    """Balanced accuracy by itself, everything else by F1; at another threshold."""
    logits, run = _logits(book, seed=3), a_run(book)
    found = {
        metric: _scored(Worker(), run, book, logits, metric=metric) for metric in ("balanced_accuracy", "f1", "ap")
    }
    on_val = {metric: settings["threshold"] for metric, (_, settings) in found.items()}

    assert {metric: settings.metric for metric, settings in on_val.items()} == {
        "balanced_accuracy": "balanced_accuracy",
        "f1": "f1",
        "ap": "f1",
    }
    assert on_val["ap"] == on_val["f1"]


@pytest.mark.parametrize(("positive", "metric"), [("owl", "macro.f1"), (None, "f1"), (None, "auroc")])
def test_a_metric_that_the_labels_do_not_have_is_named(book, positive, metric):
    """With those that they have."""
    worker, run = Worker(), a_run(book, {"data.positive": positive})
    kind = "binary" if positive else "multi-class"
    next(worker.examples(run, "val", a_context(run, book, book / "nowhere")))

    with pytest.raises(Crashed) as found:
        worker.calibrate(run, [], [], "val", metric=metric)
    assert str(found.value) == (
        f"{metric} is no metric of {kind} labels; select by one of {', '.join(available(kind))}"
    )


# Scores -----------------------------------------------------------------------------------------------


def test_rows_without_an_embedding_count_as_negative(book):
    """They are expected, not scored, and lower recall; they are no reason to leave out their truth."""
    logits = _logits(book)
    run, worker = a_run(book), Worker()
    context = a_context(run, book, book / "nowhere")
    example = next(worker.examples(run, "test", context))
    positives = np.flatnonzero(example.truth[:, 0])
    logits["test"][positives] = 5.0
    logits["test"][positives[:3]] = np.nan
    values, settings = _scored(worker, run, book, logits)
    scores = list(
        worker.score(run, Prediction("rows", {"logits": logits["test"].astype(np.float32)}), example, settings)
    )

    assert values["half.recall", ""] == pytest.approx(1 - 3 / len(positives))
    assert {(score.n, score.expected) for score in scores} == {(len(example.truth) - 3, len(example.truth))}


def test_groups_have_scores_of_their_own(book):
    """Their items together are those of the split, and the split is scored as a whole."""
    logits, run = _logits(book), a_run(book, {"data.groups": ["site"]})
    values, _ = _scored(Worker(), run, book, logits)
    plain, _ = _scored(Worker(), a_run(book), book, logits)
    with np.load(book / "rows.npz") as columns:
        marsh = (columns["site"] == "marsh")[columns["split"] == "test"]

    assert {group for _, group in values} == {"", "marsh", "wood"}
    assert values["auroc", "marsh"] == pytest.approx(
        reference.roc_auc_score(_targets(book, "test")[marsh], logits["test"][marsh, 0])
    )
    assert {name: values[name, ""] for name in available("binary")} == pytest.approx(
        {name: plain[name, ""] for name in available("binary")}
    )
    assert {group for _, group in plain} == {"", "all"}


def test_recordings_are_scored_as_one(book):
    """By the largest score of their rows, with every class that any of them has."""
    logits, run, worker = _logits(book), a_run(book, {"data.item": "recording"}), Worker()
    values, _ = _scored(worker, run, book, logits)
    said, truth = logits["test"].reshape(-1, 4).max(axis=1), _targets(book, "test").reshape(-1, 4).any(axis=1)

    assert values["ap", ""] == pytest.approx(reference.average_precision_score(truth, said))
    means, _ = _scored(worker, a_run(book, {"data.item": "recording", "data.pool": "mean"}), book, logits)
    assert means["ap", ""] == pytest.approx(
        reference.average_precision_score(truth, logits["test"].reshape(-1, 4).mean(axis=1))
    )


def test_several_classes_are_ranked_by_their_odds(book):
    """One against the rest, by what the softmax says, whatever is added to all logits of a row."""
    run = a_run(book, {"data.positive": None})
    rng = np.random.default_rng(0)
    logits = {split: rng.standard_normal((len(_targets(book, split)), 3)) for split in ("val", "test")}
    values, settings = _scored(Worker(), run, book, logits, metric="macro.f1")
    shares = np.exp(logits["test"]) / np.exp(logits["test"]).sum(axis=1, keepdims=True)
    truth = np.stack([_targets(book, "test", label) for label in ("owl", "robin", "wren")], axis=1)

    assert set(settings) == {"early stopping"}
    assert values["macro.auroc", ""] == pytest.approx(reference.roc_auc_score(truth, shares))
    assert values["accuracy", ""] == pytest.approx((truth.argmax(axis=1) == shares.argmax(axis=1)).mean())
    assert {name for name, _ in values} == set(available("multi-class"))


def test_several_labels_have_one_threshold(tmp_path):
    """Chosen by macro F1, and used for all of them."""
    labels = ["owl,robin", "wren", "", "owl"]
    write_rows(tmp_path, labels=labels)
    run, worker = a_run(tmp_path, {"data.positive": None, "data.separator": ","}), Worker()
    rng = np.random.default_rng(0)
    logits = {split: rng.standard_normal((len(_targets(tmp_path, split)), 3)) for split in ("val", "test")}
    values, settings = _scored(worker, run, tmp_path, logits, metric="macro.ap")
    cut = Threshold(float(settings["threshold"].values["threshold"])).cut
    truth = next(worker.examples(run, "test", a_context(run, tmp_path, tmp_path / "out"))).truth > 0

    assert settings["threshold"].metric == "macro.f1"
    predicted = logits["test"] >= cut
    assert values["macro.f1", ""] == pytest.approx(reference.f1_score(truth, predicted, average="macro"))
    assert {name for name, _ in values} == set(available("multi-label"))


# Through the engine -----------------------------------------------------------------------------------


def _measured(book: Path, run: Run, scoring: str) -> dict[tuple[str, str, str], Measurement]:
    found = RunFolder.of(book, run).read_measurements(scoring)
    return {(each.metric, each.split, each.item): each for each in found}


def test_a_cohort_is_brought_to_scores(tmp_path):
    """Trained, predicted, calibrated and scored by group: the scores are those of the stored predictions."""
    write_rows(tmp_path, rows=96)
    changes: Sequence[Mapping] = ({"data.groups": ["site"]}, {"data.groups": ["site"], "head.hidden_units": 4})
    runs = [a_run(tmp_path, each) for each in changes]
    job = a_job(runs, tmp_path)
    outcomes = work(job)

    assert [(outcome.status, outcome.reason) for outcome in outcomes] == [("finished", "")] * 2
    assert outcomes[1].quantities["trainable_parameters"] == 4 * WIDTH + 9
    for run in runs:
        found = _measured(tmp_path, run, job.scoring.id)
        logits = RunFolder.of(tmp_path, run).read_prediction("test", "rows")["logits"][:, 0]
        truth = _targets(tmp_path, "test")
        assert found["ap", "test", ""].value == pytest.approx(reference.average_precision_score(truth, logits))
        assert {item for _, _, item in found} == {"", "marsh", "wood"}
        assert (found["f1", "test", ""].n, found["f1", "test", ""].expected) == (len(truth), len(truth))
        assert found["f1", "test", ""].settings["threshold"] == found["f1", "val", ""].settings["threshold"]
        assert found["macro.f1", "test", ""].value is None


def test_another_threshold_trains_nothing(tmp_path):
    """A study that selects otherwise scores the stored predictions."""
    write_rows(tmp_path, rows=96)
    run = a_run(tmp_path)
    work(a_job([run], tmp_path))
    written = RunFolder.of(tmp_path, run).checkpoint.stat().st_mtime_ns
    job = a_job([run], tmp_path, metric="balanced_accuracy", split="test")
    work(job)

    assert RunFolder.of(tmp_path, run).checkpoint.stat().st_mtime_ns == written
    settings, stopping = RunFolder.of(tmp_path, run).read_settings(job.scoring.id)
    assert (settings.metric, settings.split) == ("balanced_accuracy", "test")
    assert (stopping.mode, stopping.metric, stopping.split) == ("early stopping", "loss", "val")


def test_baselines_are_brought_to_scores(tmp_path):
    """Both, with the threshold of each."""
    write_rows(tmp_path, rows=96)
    for values in TASK.baselines(configured()).values():
        run = a_run(tmp_path, {f"head.{name}": value for name, value in values["head"].items()})
        (outcome,) = work(a_job([run], tmp_path))
        assert (outcome.status, outcome.reason) == ("finished", "")


def test_nothing_is_drawn(book):
    """Of an embedding there is no picture."""
    example = Example("rows", np.zeros((1, 2)), np.zeros((1, 1)))

    assert Worker().picture(a_run(book), Prediction("rows", {}), example, {}, metric="f1") is None

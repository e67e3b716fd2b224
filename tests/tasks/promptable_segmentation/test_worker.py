"""One run of promptable segmentation, from its images to its scores, as a child process works."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from one_run import work
from PIL import Image
from segmentation_examples import a_job, a_run, a_sample, canonical, same_tensors, write_cells, write_png

from tunebook.execute.scoring import scoring_of
from tunebook.folders import RunFolder
from tunebook.records import Run
from tunebook.task import Context, Example, Prediction
from tunebook.tasks.promptable_segmentation import TASK, watershed
from tunebook.tasks.promptable_segmentation.distances import targets
from tunebook.tasks.promptable_segmentation.worker import Worker
from tunebook.train import checkpoints

SCORING = scoring_of(canonical(), TASK, split="val", metric="ais.msa").id
FILES = (
    "checkpoint.safetensors",
    "curve.jsonl",
    f"scores/{SCORING}/measurements.jsonl",
    f"scores/{SCORING}/settings.jsonl",
    f"scores/{SCORING}/pictures/test/small/prediction.png",
)


@pytest.fixture(scope="module", autouse=True)
def _settings_of_torch():
    """A worker makes torch deterministic for its process; these tests give the process back as it was."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    filling = torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = filling


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("book")
    write_cells(path / "cells")
    return path


@pytest.fixture(scope="module")
def finished(book):
    """A run with images of every kind, trained and scored: its job and its folder."""
    job = a_job(a_run(book, {"adapter.method": "lora"}), book)
    outcome = work(job)
    assert outcome.status == "finished", outcome.reason
    return job, RunFolder.of(book, job.runs[0])


def _aggregates(folder: RunFolder):
    return {(one.metric, one.split): one for one in folder.read_measurements(SCORING) if not one.item}


def _worked(book: Path, changes):
    job = a_job(a_run(book, changes), book)
    return work(job), RunFolder.of(book, job.runs[0])


def _context(book: Path, run: Run):
    folder = RunFolder.of(book, run)
    seed = run.replicate.get("seed")
    return Context(book, folder.checkpoint, folder.state, run.length, device="cpu", threads=1, seed=seed)


# From images to scores --------------------------------------------------------------------------------


def test_images_of_every_kind_are_trained_on_and_scored(finished):
    """Grey and RGB, 8 and 16 bits, PNG and TIFF, smaller and larger than the window, with and without objects."""
    _, folder = finished
    found = _aggregates(folder)

    assert {name for name, _ in found} == set(TASK.metrics)
    assert {split for _, split in found} == {"val", "test"}
    assert all(0 <= one.value <= 1 for one in found.values())
    assert {one.n for (_, split), one in found.items() if split == "test"} == {2}
    assert [point.step for point in folder.read_curve()] == [1, 2]
    assert len(folder.read_run().replicate) == 1
    assert [picture.item for picture in folder.pictures(SCORING, "test")] == ["empty", "small"]
    assert folder.read_outcome().quantities["trainable_parameters"] < folder.read_outcome().quantities["parameters"]


def test_settings_are_chosen_on_the_selection_split(finished):
    """Post-processing of ais, recorded with every score of ais and with no other."""
    _, folder = finished
    (settings,) = folder.read_settings(SCORING)

    assert (settings.mode, settings.split, settings.metric) == ("ais", "val", "ais.msa")
    for one in folder.read_measurements(SCORING):
        assert one.settings == (settings.values if one.metric.startswith("ais.") else {})


def test_a_run_worked_twice_is_the_same_in_every_bit(finished, tmp_path):
    """Checkpoint, curve, predictions, settings, scores and pictures repeat, in another book too."""
    job, folder = finished
    write_cells(tmp_path / "cells")
    again = a_job(a_run(tmp_path, {"adapter.method": "lora"}), tmp_path)

    outcome = work(again)

    other = RunFolder.of(tmp_path, again.runs[0])
    assert again.runs[0].id == job.runs[0].id
    assert outcome.predictions == folder.read_outcome().predictions
    for name in FILES:
        assert (other.at / name).read_bytes() == (folder.at / name).read_bytes(), name


def test_another_seed_is_another_model(finished, book):
    """The same configuration under another seed."""
    job, folder = finished
    other = a_job(a_run(book, {"adapter.method": "lora"}, seed=1), book)

    context = replace(_context(book, other.runs[0]), checkpoint=book / "other.safetensors")
    list(Worker().train(other.runs, [context]))

    first, second = (checkpoints.load(path)[0] for path in (folder.checkpoint, book / "other.safetensors"))
    assert other.runs[0].id != job.runs[0].id
    assert first.keys() == second.keys()
    assert not same_tensors(first, second)


def test_predicting_again_gives_the_stored_predictions(finished, book):
    """A worker that starts from the checkpoint predicts what was stored, to the bit."""
    job, folder = finished

    again = list(Worker().predict(job.runs[0], "test", _context(book, job.runs[0])))

    for prediction, (item, stored) in zip(again, folder.read_predictions("test"), strict=True):
        assert prediction.item == item
        assert all(np.array_equal(prediction.arrays[name], stored[name]) for name in stored)


def test_a_checkpoint_holds_the_trained_tensors_alone(finished):
    """The encoder's base is not in it; its adapter and its base are named."""
    _, folder = finished
    tensors, metadata = checkpoints.load(folder.checkpoint)

    assert not [name for name in tensors if name.startswith("vision_encoder") and ".attn.qkv." not in name]
    assert metadata["base"] == "random"
    assert '"rank": 4' in metadata["adapter"]


@pytest.mark.parametrize(
    "changes", [{"adapter.method": "none"}, {"adapter.method": "none", "automatic.enabled": False}]
)
def test_zero_shot_trains_nothing_and_says_what_it_lacks(book, changes):
    """A base without a trained automatic decoder has every interactive mode, and a reason for ais."""
    outcome, folder = _worked(book, changes)
    found = _aggregates(folder)

    assert outcome.status == "finished", outcome.reason
    assert outcome.quantities["trainable_parameters"] == 0
    assert not folder.checkpoint.exists()
    assert all(found[f"{mode}.msa", "test"].value is not None for mode in ("point", "box", "ip", "ib"))
    assert found["ais.msa", "test"].value is None
    assert found["ais.msa", "test"].reason in {
        "the base random brings no decoder for ais",
        "automatic.enabled is false",
    }
    assert folder.pictures(SCORING, "test")[0].caption.startswith("box: ")


def test_the_classical_floor_is_scored_like_a_model(book):
    """Otsu and watershed: post-processing is chosen and ais scored; it takes no prompts."""
    outcome, folder = _worked(book, {"model.family": "otsu-watershed"})
    found = _aggregates(folder)

    assert outcome.status == "finished", outcome.reason
    assert outcome.quantities == {"trainable_parameters": 0, "parameters": 0}
    assert found["ais.msa", "test"].value > 0
    assert {found[f"{mode}.msa", "test"].reason for mode in ("point", "box", "ip", "ib")} == {"takes no prompts"}


def test_a_window_of_another_size_goes_through(book):
    """crop: windows of 64 pixels, resized to the model's input, from training to scores."""
    outcome, folder = _worked(book, {"adapter.method": "frozen", "crop": 64, "automatic.enabled": False})

    assert outcome.status == "finished", outcome.reason
    assert _aggregates(folder)["point.msa", "val"].value is not None
    assert folder.read_prediction("val", "large")["windows"].max() > 200 - 128  # where no window of 128 pixels begins


def test_a_base_from_a_file_goes_through(book, finished):
    """A run on top of another one finishes, and names it by fingerprint."""
    job, _ = finished

    weights = f"run:{job.runs[0].id}@{job.runs[0].length}"
    outcome, folder = _worked(book, {"adapter.method": "none", "model.weights": weights})

    assert outcome.status == "finished", outcome.reason
    assert _aggregates(folder)["ais.msa", "test"].value is not None


@pytest.mark.parametrize(("metric", "maximised"), [("ais.sa50", "ais.sa50"), ("box.sa75", "ais.msa")])
def test_a_study_is_scored_by_its_own_metric(finished, metric, maximised):
    """ais is post-processed for the study's metric if that is one of ais; pictures show the metric's mode."""
    job, folder = finished
    other = a_job(job.runs[0], job.book, metric=metric)

    assert work(other) == folder.read_outcome()
    (settings,) = folder.read_settings(other.scoring.id)
    assert settings.metric == maximised
    mode = metric.partition(".")[0]
    captions = [picture.caption for picture in folder.pictures(other.scoring.id, "test")]
    assert {caption.partition(":")[0] for caption in captions} == {mode}
    assert {caption.endswith(", every loose piece of a mask counted as an object") for caption in captions} == {
        mode != "ais"
    }


@pytest.mark.parametrize("score", ["msa", "sa50", "sa75", "msa-elf"])
def test_post_processing_is_the_best_of_its_grid(finished, score):
    """No other combination has a higher mean of the study's metric on the selection split."""
    job, folder = finished
    examples = list(Worker().examples(job.runs[0], "val", _context(job.book, job.runs[0])))
    predictions = [Prediction(item, arrays) for item, arrays in folder.read_predictions("val")]
    metric = f"ais.{score}"

    (chosen,) = Worker().calibrate(job.runs[0], predictions, examples, "val", metric=metric)

    def mean(values):
        settings = {"ais": replace(chosen, values={**watershed.DEFAULTS, **values})}
        found = (Worker().score(job.runs[0], *pair, settings) for pair in zip(predictions, examples, strict=True))
        return np.mean([one.value for scores in found for one in scores if one.metric == metric])

    assert mean(chosen.values) == max(map(mean, watershed.grid("small")))


@pytest.mark.parametrize("changes", [{"iterative.iterations": 2}, {"iterative.masks": True}])
def test_corrections_are_those_that_the_configuration_names(book, changes):
    """Another simulated user is another run: ip and ib change, point and box do not."""
    usual, other = (a_run(book, {"adapter.method": "none", **more}) for more in ({}, changes))

    one, another = (next(iter(Worker().predict(run, "val", _context(book, run)))).arrays for run in (usual, other))

    assert usual.id != other.id
    same = [mode for mode in ("point", "box", "ip", "ib") if np.array_equal(one[mode], another[mode])]
    assert same == ["point", "box"]


# Scores -----------------------------------------------------------------------------------------------


def _scored(book, arrays, truth, changes=None):
    run = a_run(book, changes)
    example = Example("one", np.zeros((*truth.shape, 3), np.float32), truth)
    prediction = Prediction("one", arrays)
    settings = {one.mode: one for one in Worker().calibrate(run, [prediction], [example], "val", metric="ais.msa")}
    return {score.metric: score.value for score in Worker().score(run, prediction, example, settings)}


def _perfect(truth):
    """Predictions that are the truth: its own maps, and logits of the decoder's cells."""
    maps = np.rint(targets(truth) * 255).astype(np.uint8)
    ids = range(1, int(truth.max()) + 1)
    cells = [(truth == number)[::2, ::2] for number in ids]
    logits = np.array([np.where(cell, 228, 28) for cell in cells], np.uint8).reshape(-1, 64, 64)
    masks = dict.fromkeys(("point", "box", "ip", "ib"), logits)
    return {"ais": maps, "windows": np.zeros((len(cells), 2), np.int32), **masks}


def test_perfect_predictions_score_one(book):
    """Maps and masks of the truth itself: 1 in every mode and every score."""
    truth = np.zeros((128, 128), np.int32)
    for number in range(16):
        y, x = 32 * (number // 4) + 4, 32 * (number % 4) + 4
        truth[y : y + 20, x : x + 16] = number + 1

    assert _scored(book, _perfect(truth), truth) == dict.fromkeys(TASK.metrics, 1)


def test_two_empty_maps_agree(book):
    """Nothing found where nothing is: 1; python-elf's score says 0 there, and so does ours of that name."""
    truth = np.zeros((128, 128), np.int32)

    found = _scored(book, _perfect(truth), truth)

    assert found == {name: 0 if name.endswith("msa-elf") else 1 for name in TASK.metrics}


def test_something_invented_scores_zero(book):
    """An object in an empty image, and none in a full one."""
    truth = np.zeros((128, 128), np.int32)
    truth[20:60, 20:60] = 1
    nothing = np.zeros_like(truth)

    assert set(_scored(book, _perfect(truth), nothing).values()) == {0}
    assert set(_scored(book, _perfect(nothing), truth).values()) == {0}


# Trouble ----------------------------------------------------------------------------------------------


def test_a_run_that_diverges_is_recorded(book):
    """An absurd learning rate: a failed outcome of kind diverged, with the losses until then."""
    changes = {"optimizer.lr": 1e9, "schedule.warmup": 0, "budget.steps": 9, "automatic.enabled": False}

    outcome, folder = _worked(book, changes)

    assert (outcome.status, outcome.kind) == ("failed", "diverged")
    assert outcome.reason.startswith("the ")
    assert "of 9" in outcome.reason
    assert 1 <= len(folder.read_curve()) < 9


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda root: write_png(root / "train/labels/rgb.png", np.zeros((9, 9), np.uint8)), ""),
        (lambda root: (root / "train/labels/small.tif").unlink(), "train/images/small.tif"),
        (lambda root: (root / "train/images/small.tif").write_bytes(b"II*\0"), ""),
        (lambda root: (root / "val/labels/large.tif").write_bytes(b""), ""),
    ],
    ids=["another shape", "no label", "a torn image", "an empty label"],
)
def test_data_that_broke_after_planning_end_the_run(tmp_path, damage, named):
    """The outcome of the run says that they changed, and names a file that is missing."""
    write_cells(tmp_path / "cells")
    run = a_run(tmp_path, {"budget.steps": 1})
    damage(tmp_path / "cells")

    outcome = work(a_job(run, tmp_path))

    assert (outcome.status, outcome.kind) == ("failed", "data changed")
    assert named in outcome.reason


def test_pictures_show_image_truth_and_prediction(finished):
    """Three panels of one size, as files of the run."""
    _, folder = finished
    _, small = folder.pictures(SCORING, "test")

    assert list(small.panels) == ["image", "truth", "prediction"]
    for path in small.panels.values():
        with Image.open(path) as panel:
            assert panel.size == (210, 150)
    assert small.caption.startswith("ais: ")


def test_examples_are_ordered_and_normalised(book):
    """By name; images as float32 of three channels in 0 to 255, labels without gaps in their ids."""
    run = a_run(book)

    rgb, small = Worker().examples(run, "train", _context(book, run))

    assert [rgb.item, small.item] == ["rgb", "small"]
    assert [rgb.image.shape, small.image.shape] == [(128, 128, 3), (50, 70, 3)]
    assert small.image.dtype == np.float32
    assert (small.image.min(), small.image.max()) == (0, 255)
    assert np.array_equal(np.unique(rgb.truth), np.arange(rgb.truth.max() + 1))
    assert rgb.truth.max() == a_sample("tissue", seed=2).label.max()

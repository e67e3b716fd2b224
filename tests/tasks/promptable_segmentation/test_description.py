"""What promptable segmentation is, without torch: identity, inputs, starting weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sam_examples import segment_anything
from segmentation_examples import QUICK, a_run, canonical, configured, same_tensors, write_cells, write_png

from tunebook.errors import DataError, InputError, StudyError
from tunebook.folders import RunFolder
from tunebook.spec.canonical import configuration
from tunebook.task import ItemScore
from tunebook.tasks.promptable_segmentation import TASK, description
from tunebook.tasks.promptable_segmentation.config import DEPTHS
from tunebook.tasks.promptable_segmentation.description import weights_file, weights_files
from tunebook.tasks.promptable_segmentation.sam import SIZES, build
from tunebook.tasks.promptable_segmentation.starting import AUTOMATIC, base_of, has_automatic, starting_model


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book with data, that tests read and leave alone."""
    path = tmp_path_factory.mktemp("book")
    write_cells(path / "cells")
    return path


def _same(one, other):
    return canonical(one).id == canonical(other).id


# Values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"adapter.blocks": [-1]}, "must be >= 0 or null; got [-1] (in it -1)"),
        ({"adapter.blocks": [0, 6]}, "must be blocks from 0 to 5, which small has; got [0, 6]"),
        ({"adapter.blocks": [12], "model.size": "vit_b"}, "must be blocks from 0 to 11, which vit_b has; got [12]"),
        ({"adapter.blocks": []}, "must have at least 1 entries or null; got []"),
    ],
)
def test_blocks_that_are_not_there_are_refused(changes, message):
    """By their field, before anything is planned."""
    with pytest.raises(StudyError) as found:
        configured(changes)

    assert [(one.place, one.message) for one in found.value.problems] == [("adapter.blocks", message)]


def test_every_block_of_a_size_can_be_named():
    """The numbers that a configuration is checked by are those that models are built from."""
    assert {name: size.depth for name, size in SIZES.items()} == DEPTHS
    assert configured({"adapter.blocks": [11, 0], "model.size": "vit_b"}).adapter.blocks == (0, 11)


# Identity ---------------------------------------------------------------------------------------------


def test_a_number_is_its_value():
    """1e-5 and 0.00001 are one learning rate, 4 and 4.0 one scale."""
    assert _same({"optimizer.lr": 1e-5}, {"optimizer.lr": 0.00001})
    assert _same({"adapter.method": "lora", "adapter.alpha": 4}, {"adapter.method": "lora", "adapter.alpha": 4.0})
    assert not _same({"optimizer.lr": 1e-5}, {"optimizer.lr": 1.1e-5})


@pytest.mark.parametrize("method", ["frozen", "full", "none"])
def test_the_update_matters_under_lora_alone(method):
    """Rank, scale and targets have no effect without an update."""
    changes = {"adapter.rank": 64, "adapter.alpha": 1.5, "adapter.scaling": "alpha", "adapter.targets": ["k"]}

    assert _same({"adapter.method": method}, {"adapter.method": method, **changes})
    for path, value in changes.items():
        assert not _same({"adapter.method": "lora"}, {"adapter.method": "lora", path: value})


def test_nothing_of_training_matters_where_nothing_is_trained():
    """Zero-shot is one configuration, whatever stands under prompts, optimizer, schedule, budget or seed."""
    changes = {
        "prompts.rounds": 9,
        "prompts.objects": 1,
        "optimizer.lr": 0.5,
        "schedule.name": "constant",
        "batch_size": 7,
        "budget.steps": 3,
        "precision": "bf16",
    }
    none = {"adapter.method": "none", "model.weights": "tunebook-small"}

    assert _same(none, {**none, **changes})
    assert "seed" in TASK.without_effect(configured(none))
    assert TASK.length(configured(none), Path()) == 0
    for path, value in changes.items():
        assert not _same({}, {path: value})


def test_the_seed_of_a_random_model_matters():
    """It draws the weights, even where nothing is trained."""
    assert "seed" not in TASK.without_effect(configured({"adapter.method": "none", "model.weights": "random"}))


def test_the_floor_has_no_model():
    """Otsu's threshold looks at the normalised image alone."""
    floor = {"model.family": "otsu-watershed"}
    changes = {"model.size": "vit_b", "adapter.method": "frozen", "automatic.enabled": False, "crop": 64}

    assert _same(floor, {**floor, **changes, "precision": "bf16", "budget.steps": 9})
    assert not _same(floor, {**floor, "data.normalize": "minmax"})
    assert TASK.length(configured(floor), Path()) == 0


def test_a_mask_prompt_needs_a_second_round():
    """With one round of prompts no mask is ever shown."""
    assert _same({"prompts.rounds": 1}, {"prompts.rounds": 1, "prompts.mask_probability": 0.9})
    assert not _same({}, {"prompts.mask_probability": 0.9})


def test_places_and_scoring_are_no_part_of_a_run(book, tmp_path):
    """Another root with the same files, or another grid of post-processing: the same run."""
    write_cells(tmp_path / "elsewhere")
    first = a_run(book)

    assert a_run(book, {"automatic.settings": "micro-sam"}).id == first.id
    assert a_run(tmp_path, {"data.root": "elsewhere"}).id == first.id


def test_an_edited_label_is_another_run(tmp_path):
    """One pixel of one label."""
    write_cells(tmp_path / "cells")
    before = a_run(tmp_path)
    write_png(tmp_path / "cells/test/labels/empty.png", np.eye(60, 64, dtype=np.uint8))

    assert a_run(tmp_path).id != before.id


def test_splits_that_changed_places_are_another_run(book):
    """Training on val is no training on train, although the files are the same."""
    swapped = a_run(book, {"data.train": "val", "data.val": "train"})

    assert swapped.fingerprints == a_run(book).fingerprints
    assert swapped.id != a_run(book).id
    assert a_run(book, {"data.train": "train"}).id == a_run(book).id


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_every_split_says_which_files_it_means(split):
    """The fingerprint covers the files of all splits together, so each of the three names counts."""
    assert not _same({}, {f"data.{split}": "elsewhere"})


def test_the_base_is_part_of_a_run(book):
    """Other starting weights, another run; a run from random weights has no fingerprint of weights."""
    (book / "a.safetensors").write_bytes(b"one")
    (book / "b.safetensors").write_bytes(b"two")
    one, two = (a_run(book, {"model.weights": f"file:{name}.safetensors"}) for name in "ab")

    assert one.id != two.id
    assert set(a_run(book).fingerprints) == {"data"}
    assert replace(one, repeat=1).id != one.id


# Configurations ---------------------------------------------------------------------------------------


def test_every_default_fits():
    """A study need only say where its data lie."""
    found = configuration(TASK, {"data": {"root": "cells"}})

    assert found.get("adapter.method") == "lora"
    assert found.get("model.weights") == "tunebook-small"
    assert TASK.length(TASK.Config.model_validate(found.values), Path()) == 300


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("adapter.rank", 0),
        ("adapter.alpha", 0),
        ("adapter.targets", []),
        ("adapter.targets", ["o"]),
        ("adapter.method", "ssf"),
        ("prompts.rounds", 0),
        ("prompts.mask_probability", 1.1),
        ("optimizer.lr", 0),
        ("optimizer.lr", "1e-3 "),
        ("budget.steps", 0),
        ("crop", 8),
        ("precision", "fp16"),
        ("data.roots", "cells"),
    ],
)
def test_values_out_of_range_are_refused(path, value):
    """The message names the field and what it got."""
    with pytest.raises(StudyError) as found:
        canonical({path: value})

    assert path.split(".")[-1] in str(found.value)


# Inputs -----------------------------------------------------------------------------------------------


def test_inputs_are_the_images_and_labels_of_all_splits(book):
    """Every file decides the result; a manifest or a note beside them does not."""
    (data,) = TASK.inputs(configured(), book)

    names = {path.relative_to(book / "cells").as_posix() for path in data.files}
    assert data.role == "data"
    assert {"train/images/rgb.png", "train/labels/small.tif", "val/labels/large.tif", "test/images/empty.png"} <= names
    assert len(names) == 10


def test_a_missing_split_is_named(book):
    """The folder that a study names and the disk lacks."""
    with pytest.raises(DataError, match="nowhere.*must be a folder with images and labels"):
        TASK.inputs(configured({"data.val": "nowhere"}), book)


def test_a_variable_that_is_not_set_is_named(book, monkeypatch):
    """${NAME} in the root comes from the environment."""
    monkeypatch.delenv("CELLS_OF_MINE", raising=False)
    with pytest.raises(InputError, match="needs the environment variable CELLS_OF_MINE"):
        TASK.inputs(configured({"data.root": "${CELLS_OF_MINE}/cells"}), book)

    monkeypatch.setenv("CELLS_OF_MINE", str(book))
    assert TASK.inputs(configured({"data.root": "${CELLS_OF_MINE}/cells"}), book)


def test_every_file_that_cannot_be_used_is_named_at_once(tmp_path):
    """A label of another shape and a damaged image, before anything is trained on them."""
    write_cells(tmp_path / "cells")
    TASK.verify(configured(), tmp_path)
    write_png(tmp_path / "cells/test/labels/empty.png", np.zeros((60, 65), np.uint8))
    (tmp_path / "cells/val/images/large.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")

    with pytest.raises(DataError) as found:
        TASK.verify(configured(), tmp_path)

    assert [Path(problem.place).name for problem in found.value.problems] == ["large.png", "empty.png"]
    assert "must be as large as its image, 60 × 64; it is 60 × 65" in str(found.value)


def test_a_missing_label_is_named(tmp_path):
    """An image without its label stops the study before it starts."""
    write_cells(tmp_path / "cells")
    (tmp_path / "cells/train/labels/rgb.png").unlink()

    with pytest.raises(DataError, match="rgb.png: must have a label"):
        TASK.inputs(configured(), tmp_path)


# Weights ----------------------------------------------------------------------------------------------


def test_random_weights_are_no_file(book):
    """Nothing to read, nothing to fingerprint."""
    assert weights_file("random", book) is None


def test_a_file_is_found_from_the_book(tmp_path, monkeypatch):
    """Relative to the book, with variables, or absolute."""
    (tmp_path / "base.pt").write_bytes(b"")
    monkeypatch.setenv("BASES", str(tmp_path))

    assert weights_file("file:base.pt", tmp_path) == tmp_path / "base.pt"
    assert weights_file("file:${BASES}/base.pt", Path("/elsewhere")) == tmp_path / "base.pt"
    with pytest.raises(DataError, match=r"must name weights that exist; file:other.pt means .*other.pt\n.*correct the"):
        weights_file("file:other.pt", tmp_path)


def test_a_shipped_name_is_found_in_the_package(tmp_path, monkeypatch):
    """Other names are answered with what there is and with the other ways to name weights."""
    (tmp_path / "tunebook-small.safetensors").write_bytes(b"")
    monkeypatch.setattr(description, "SHIPPED", tmp_path)

    assert weights_file("tunebook-small", Path()) == tmp_path / "tunebook-small.safetensors"
    with pytest.raises(DataError, match=r"vit_x means .*\n.*shipped names: tunebook-small; or file:, hf:"):
        weights_file("vit_x", Path())


def test_weights_of_a_run_are_its_checkpoint(tmp_path):
    """run:ID@LENGTH, as a resolved study: is written."""
    write_cells(tmp_path / "cells")
    run = a_run(tmp_path, {"budget.steps": 20})
    folder = RunFolder.of(tmp_path, run)
    folder.write_run(run)
    folder.at.mkdir()
    folder.checkpoint.write_bytes(b"")

    assert weights_file(f"run:{run.id}@20", tmp_path) == folder.checkpoint
    for weights in (f"run:{run.id}@30", "run:0124@20", "run:0124@0"):
        with pytest.raises(DataError, match=f"{weights} means .*\n.*run the study"):
            weights_file(weights, tmp_path)


def test_weights_of_a_run_that_trained_nothing_are_those_it_started_from(book):
    """A decision for zero-shot passes its base on; one for the classical floor has no weights."""
    (book / "base.safetensors").write_bytes(b"base")
    base = {"model.weights": "file:base.safetensors"}
    none, floor = (a_run(book, {**base, **change}) for change in ({"adapter.method": "none"}, {"model.family": FLOOR}))
    for run in (none, floor):
        RunFolder.of(book, run).write_run(run)

    assert weights_file(f"run:{none.id}@0", book) == book / "base.safetensors"
    with pytest.raises(DataError, match="is a run of otsu-watershed, which has none"):
        weights_file(f"run:{floor.id}@0", book)


def test_weights_that_no_follower_can_start_from_are_refused_before_anything_runs(book):
    """A random model that trained nothing is another one for every seed, and the seed would be said not to matter."""
    none, adapted = (a_run(book, {"adapter.method": method}) for method in ("none", "adaptformer"))
    for run in (none, adapted):
        RunFolder.of(book, run).write_run(run)

    for run, message in ((none, "trained nothing and is drawn anew for every seed"), (adapted, "must have an adapter")):
        config = configured({"adapter.method": "none", "model.weights": f"run:{run.id}@{run.length}"})
        with pytest.raises(DataError, match=f"model.weights: .*{message}"):
            TASK.inputs(config, book)


FLOOR = "otsu-watershed"


def test_weights_of_the_hub_are_its_safetensors(tmp_path, monkeypatch):
    """The hub is asked for the model's one file, at the revision that is named."""
    asked = []

    def download(*names, revision):
        asked.append((*names, revision))
        return str(tmp_path / "model.safetensors")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)

    assert weights_file("hf:facebook/sam-vit-base", Path()) == tmp_path / "model.safetensors"
    assert weights_file("hf:facebook/sam-vit-base@70009d5", Path()) == tmp_path / "model.safetensors"
    assert asked == [
        ("facebook/sam-vit-base", "model.safetensors", None),
        ("facebook/sam-vit-base", "model.safetensors", "70009d5"),
    ]


@pytest.mark.parametrize("name", ["owner/model-that-is-not-there", "a/name/of/four parts"])
def test_a_hub_model_that_cannot_be_had_is_named(name, tmp_path, monkeypatch):
    """Without a network, without such a model, or under an impossible name: one message, no traceback."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(DataError, match=f"must name a model on the Hugging Face hub .*; hf:{name}: "):
        weights_file(f"hf:{name}", Path())


@pytest.fixture
def micro_sam(tmp_path, monkeypatch):
    """micro-sam's cache with one small model: a state dict of segment-anything, and its decoder's beside it."""
    model = build(SIZES["small"], generator=torch.Generator().manual_seed(0), automatic=True)
    decoder = {n.removeprefix(AUTOMATIC): t for n, t in model.state_dict().items() if n.startswith(AUTOMATIC)}
    (tmp_path / "models").mkdir()
    torch.save(segment_anything(model.state_dict()), tmp_path / "models" / "vit_s_lm")
    torch.save(decoder, tmp_path / "models" / "vit_s_lm_decoder")
    monkeypatch.setenv("MICROSAM_CACHEDIR", str(tmp_path))
    return model


def test_weights_of_micro_sam_come_from_its_cache(micro_sam, tmp_path):
    """Both files are found and fingerprinted, and the model starts with every tensor of theirs."""
    config = configured({"model.weights": "micro-sam:vit_s_lm", "adapter.method": "none"})
    model = starting_model(config, book=Path(), seed=9)
    decoder = tmp_path / "models" / "vit_s_lm_decoder"

    assert weights_files("micro-sam:vit_s_lm", Path()) == (tmp_path / "models" / "vit_s_lm", decoder)
    assert same_tensors(model.state_dict(), micro_sam.state_dict())
    before = base_of(config, book=Path())
    decoder.unlink()
    assert not has_automatic(config, book=Path())
    assert base_of(config, book=Path()) != before


def test_a_model_that_micro_sam_did_not_download_is_named(micro_sam):
    """With the call that downloads it."""
    with pytest.raises(DataError, match=r"vit_s_em means .*\n.*get_sam_model\(model_type='vit_s_em'\)"):
        weights_file("micro-sam:vit_s_em", Path())


def test_a_decoder_that_is_none_is_named(micro_sam, tmp_path):
    """A file in the decoder's place that holds something else."""
    torch.save({"decoder_state": {}}, tmp_path / "models" / "vit_s_lm_decoder")

    with pytest.raises(DataError, match="vit_s_lm_decoder: must hold the tensors of a decoder"):
        starting_model(configured({"model.weights": "micro-sam:vit_s_lm"}), book=Path(), seed=0)


# Metrics ----------------------------------------------------------------------------------------------


def test_metrics_are_modes_times_scores():
    """Five modes, four scores; settings belong to ais alone; all are better when higher and within 0 and 1."""
    facts = [metric.facts for metric in TASK.metrics.values()]

    assert len(facts) == 20
    assert {"ais.msa", "box.sa50", "point.msa-elf"} <= set(TASK.metrics)
    assert {name for name, metric in TASK.metrics.items() if metric.mode} == {f"ais.{s}" for s in description.SCORES}
    assert {(fact.direction, fact.low, fact.high) for fact in facts} == {("maximize", 0.0, 1.0)}


def test_the_words_of_a_mode_say_what_is_counted_and_where_it_is_published():
    """Of prompts, loose pieces of masks; `; ` parts score and mode in a meaning, and stands nowhere else."""
    for mode, words in description.MODES.items():
        assert f"(published as {mode}" in words
        assert ("loose piece" in words) == (mode != "ais")
    assert all(metric.facts.meaning.count("; ") == 1 for metric in TASK.metrics.values())


def test_images_weigh_the_same():
    """The aggregate is the mean over images, of however many objects."""
    assert TASK.metrics["ais.msa"].aggregate([ItemScore("ais.msa", value) for value in (0.2, 0.4, 0.9)]) == 0.5


def test_quick_is_what_the_tests_say():
    """The configuration that the tests train takes two steps and starts from random weights."""
    assert configured().budget.steps == QUICK["budget.steps"] == 2
    assert configured().model.weights == "random"

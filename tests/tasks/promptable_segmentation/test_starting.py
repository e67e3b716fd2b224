"""The model that a run starts from, and the one that it has trained."""

from pathlib import Path

import pytest
import torch
from segmentation_examples import a_run, a_sample, configured, same_tensors, write_cells

from tunebook.errors import DataError
from tunebook.folders import RunFolder
from tunebook.records import Run
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.sam import SIZES, blank, normalise
from tunebook.tasks.promptable_segmentation.starting import (
    _method,
    adapter_text,
    base_of,
    has_automatic,
    starting_model,
    trained_model,
)
from tunebook.tasks.promptable_segmentation.training import train
from tunebook.train import adapters, checkpoints

IMAGE = normalise(torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 255)


def _started(changes, *, book=Path(), seed=0):
    return starting_model(configured(changes), book=book, seed=seed)


def _saved(path, model, *, without=()):
    tensors = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(tuple(without))}
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save(path, tensors, {})
    return path


def _store(book: Path, run: Run, *, sample) -> str:
    """Train a run on one sample, leave its folder as a worker does, and return how weights name it."""
    config = Config.model_validate(run.configuration.values)
    seed = run.replicate["seed"]
    model = starting_model(config, book=book, seed=seed)
    before = {name: tensor.clone() for name, tensor in adapters.trainable(model).items()}
    list(train(model, [sample], config, seed=seed, steps=1, total=config.budget.steps, device="cpu"))
    assert not same_tensors(before, adapters.trainable(model))
    folder = RunFolder.of(book, run)
    folder.write_run(run)
    metadata = {"adapter": adapter_text(config), "base": run.fingerprints.get("weights", "random")}
    checkpoints.save(folder.checkpoint, adapters.trainable(model), metadata)
    return f"run:{run.id}@{run.length}"


class _Book:
    """A book with data of one image, and runs that follow each other: full on random, lora on full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        write_cells(path / "cells")
        self.sample = a_sample(seed=3)
        self.full_run = a_run(path, {"budget.steps": 1}, seed=4)
        self.full = _store(path, self.full_run, sample=self.sample)
        changes = {"adapter.method": "lora", "adapter.rank": 2, "model.weights": self.full, "budget.steps": 1}
        self.lora_run = a_run(path, changes, seed=5)
        self.lora = _store(path, self.lora_run, sample=self.sample)

    def trained(self, run: Run, **changes):
        config = Config.model_validate({**run.configuration.values, **changes})
        checkpoint = RunFolder.of(self.path, run).checkpoint
        return trained_model(config, book=self.path, seed=run.replicate["seed"], checkpoint=checkpoint)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return _Book(tmp_path_factory.mktemp("book"))


# Starting ---------------------------------------------------------------------------------------------


def test_every_method_starts_from_the_same_base():
    """One seed draws one base; updates start at zero, so embeddings agree in every bit."""
    methods = ("none", "frozen", "lora", "fact", "adaptformer", "full")
    models = [_started({"adapter.method": method}).eval() for method in methods]

    with torch.no_grad():
        first, *others = [model.encode(IMAGE) for model in models]

    assert all(torch.equal(first, other) for other in others)


def test_every_field_of_the_adapter_reaches_the_model():
    """What a study declares is what is built; nothing is left at a default."""
    blocks = (1, 4)
    fields = {"rank": 3, "projection": 7, "scale": 0.5, "dropout": 0.25, "variant": "micro-sam", "blocks": blocks}
    fields |= {"alpha": 6.0, "scaling": "alpha/rank", "targets": ("k", "mlp")}
    ways = {
        method: _method(configured({f"adapter.{name}": value for name, value in (fields | {"method": method}).items()}))
        for method in ("lora", "fact", "adaptformer", "full", "frozen", "none")
    }

    assert ways == {
        "lora": adapters.Lora(
            rank=3, alpha=6.0, scaling="alpha/rank", targets=("k", "mlp"), blocks=blocks, dropout=0.25
        ),
        "fact": adapters.Fact(rank=3, blocks=blocks, dropout=0.25, variant="micro-sam"),
        "adaptformer": adapters.AdaptFormer(projection=7, scale=0.5, blocks=blocks, dropout=0.25, variant="micro-sam"),
        "full": adapters.Full(blocks=blocks),
        "frozen": adapters.Frozen(),
        "none": adapters.Nothing(),
    }


def test_the_seed_draws_random_weights_and_updates():
    """Equal seeds give equal tensors, other seeds other ones."""
    first, again, other = (_started({"adapter.method": "lora"}, seed=seed).state_dict() for seed in (0, 0, 1))
    differ = {name for name in first if not torch.equal(first[name], other[name])}

    assert same_tensors(first, again)
    assert "vision_encoder.layers.0.attn.qkv.a.q" in differ
    assert "mask_decoder.mask_tokens.weight" in differ


def test_the_base_does_not_depend_on_the_automatic_decoder():
    """With and without it, the rest of a random model is the same."""
    whole, rest = _started({}).state_dict(), _started({"automatic.enabled": False}).state_dict()

    assert same_tensors({name: whole[name] for name in rest}, rest)
    assert len(whole) > len(rest)


def test_a_file_of_weights_is_taken_whole(tmp_path):
    """Every tensor of the file is in the model, whatever the seed."""
    base = _started({}, seed=7)
    _saved(tmp_path / "base.safetensors", base)

    model = _started({"model.weights": "file:base.safetensors", "adapter.method": "none"}, book=tmp_path, seed=1)

    assert same_tensors(dict(model.state_dict()), dict(base.state_dict()))


def test_a_base_without_automatic_decoder_gets_one(tmp_path):
    """The decoder is drawn from the run's seed; zero-shot has none that was trained, and says so."""
    base = _started({}, seed=7)
    _saved(tmp_path / "base.safetensors", base, without=["automatic_decoder."])
    config = configured({"model.weights": "file:base.safetensors"})

    first, again, other = (starting_model(config, book=tmp_path, seed=seed).state_dict() for seed in (0, 0, 1))
    differ = {name for name in first if not torch.equal(first[name], other[name])}

    assert same_tensors(first, again)
    assert {name.split(".")[0] for name in differ} == {"automatic_decoder"}
    assert not has_automatic(config, book=tmp_path)


def test_an_automatic_decoder_that_is_not_wanted_is_left_out(tmp_path):
    """automatic.enabled: false takes the rest of a file."""
    _saved(tmp_path / "base.safetensors", _started({}))
    config = configured({"model.weights": "file:base.safetensors", "automatic.enabled": False})

    assert starting_model(config, book=tmp_path, seed=0).automatic_decoder is None
    assert has_automatic(config, book=tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda tensors: tensors.pop("mask_decoder.iou_token.weight"),
            "1 tensors are missing, 0 unknown, 0 of another",
        ),
        (lambda tensors: tensors.update(strange=torch.zeros(1)), "0 tensors are missing, 1 unknown, 0 of another"),
        (
            lambda tensors: tensors.update({"mask_decoder.iou_token.weight": torch.zeros(1, 3)}),
            r"1 of another shape \(mask_decoder.iou_token.weight, …\)",
        ),
        (
            lambda tensors: tensors.pop("automatic_decoder.out_conv.bias"),
            r"1 tensors are missing.*\(automatic_decoder.out_conv.bias, …\)",
        ),
    ],
    ids=["missing", "unknown", "shape", "half a decoder"],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, damage, message):
    """The message names the size, how many tensors differ, and one of them; nothing is guessed."""
    tensors = dict(_started({}).state_dict())
    damage(tensors)
    checkpoints.save(tmp_path / "base.safetensors", tensors, {})

    with pytest.raises(DataError, match=message) as found:
        _started({"model.weights": "file:base.safetensors"}, book=tmp_path)

    assert "must fit model.size small" in str(found.value)


def test_weights_of_another_size_are_refused(tmp_path):
    """A small model's weights are no vit_b."""
    _saved(tmp_path / "base.safetensors", _started({}))
    config = configured({"model.weights": "file:base.safetensors"})
    large = blank(SIZES["vit_b"], automatic=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tunebook.tasks.promptable_segmentation.starting.build", lambda *_, **__: large)
        with pytest.raises(DataError, match="must fit model.size small; .* of another shape"):
            starting_model(config, book=tmp_path, seed=0)


# Checkpoints ------------------------------------------------------------------------------------------


def test_a_trained_model_has_the_tensors_of_its_checkpoint(book):
    """Base and checkpoint together are the model that was trained."""
    tensors, metadata = checkpoints.load(RunFolder.of(book.path, book.lora_run).checkpoint)

    model = book.trained(book.lora_run)

    assert same_tensors(adapters.trainable(model), tensors)
    assert metadata["base"] == book.lora_run.fingerprints["weights"]


def test_weights_of_a_run_are_its_merged_model(book):
    """A run on top of a lora run on top of a full run starts with the same embedding as that lora run ended with."""
    config = configured({"model.weights": book.lora, "adapter.method": "frozen"})

    with torch.no_grad():
        ended = book.trained(book.lora_run).eval().encode(IMAGE)
        begun = starting_model(config, book=book.path, seed=99).eval().encode(IMAGE)
        full = book.trained(book.full_run).eval().encode(IMAGE)

    assert torch.allclose(begun, ended, atol=1e-5)
    assert not torch.allclose(begun, full, atol=1e-4)
    assert has_automatic(config, book=book.path)


def test_weights_of_a_run_with_adaptformer_are_refused(book):
    """Its ReLU cannot be folded into a base; the message names the weights and what can be."""
    changes = {"adapter.method": "adaptformer", "adapter.projection": 2, "model.weights": book.full}
    run = a_run(book.path, {**changes, "budget.steps": 1}, seed=6)
    weights = _store(book.path, run, sample=book.sample)

    with pytest.raises(DataError, match=f"must have an adapter that can be merged .*; {weights} has") as found:
        _started({"model.weights": weights}, book=book.path)

    assert "start from a decision with lora, fact, full or frozen" in str(found.value)


def test_what_a_run_did_not_train_comes_from_its_own_seed(book):
    """The random projection of prompts is drawn and never trained: followers have that of the first run's seed."""
    name = "shared_image_embedding.positional_embedding"
    follower = _started({"model.weights": book.lora}, book=book.path, seed=99)

    assert torch.equal(follower.state_dict()[name], _started({}, seed=4).state_dict()[name])
    assert not torch.equal(follower.state_dict()[name], _started({}, seed=99).state_dict()[name])


def test_a_follower_of_a_run_has_no_adapter_left(book):
    """Merged weights have the names of a base."""
    model = starting_model(configured({"model.weights": book.lora, "adapter.method": "none"}), book=book.path, seed=0)

    assert model.state_dict().keys() == _started({"adapter.method": "none"}).state_dict().keys()


def test_a_checkpoint_of_another_adapter_is_refused(book):
    """Rank, scale, targets and method must be those that were trained."""
    adapter = book.lora_run.configuration.values["adapter"]

    for change in ({"alpha": 8.0}, {"rank": 3}, {"targets": ("q",)}, {"scaling": "alpha"}, {"method": "frozen"}):
        with pytest.raises(DataError, match="must be trained with the adapter .*; got"):
            book.trained(book.lora_run, adapter={**adapter, **change})


@pytest.mark.parametrize(
    ("adapter", "changes"),
    [
        ({"method": "lora", "rank": 2}, [{"blocks": (1,)}, {"dropout": 0.1}, {"targets": ("q",)}]),
        ({"method": "fact", "rank": 2}, [{"rank": 3}, {"blocks": (1,)}, {"dropout": 0.1}, {"variant": "micro-sam"}]),
        (
            {"method": "adaptformer", "projection": 4, "scale": 0.1},
            [{"scale": 0.2}, {"scale": "learnable"}, {"projection": 5}, {"blocks": (1,)}, {"variant": "micro-sam"}],
        ),
        ({"method": "full", "blocks": (1,)}, [{"blocks": (2,)}, {"blocks": None}, {"method": "frozen"}]),
    ],
    ids=lambda value: value["method"] if isinstance(value, dict) else "",
)
def test_a_checkpoint_belongs_to_its_adapter(tmp_path, adapter, changes):
    """Refused with any other field that matters, one that no tensor shows included: a fixed scale, a variant."""

    def declared(fields):
        return configured({f"adapter.{name}": value for name, value in fields.items()})

    model, path = starting_model(declared(adapter), book=tmp_path, seed=3), tmp_path / "run.safetensors"
    checkpoints.save(path, adapters.trainable(model), {"adapter": adapter_text(declared(adapter)), "base": "random"})
    again = trained_model(declared(adapter), book=tmp_path, seed=3, checkpoint=path)

    assert same_tensors(dict(again.state_dict()), dict(model.state_dict()))
    for change in changes:
        with pytest.raises(DataError, match="must be trained with the adapter .*; got"):
            trained_model(declared(adapter | change), book=tmp_path, seed=3, checkpoint=path)


def test_fields_without_effect_do_not_part_a_checkpoint_from_its_run(book):
    """A full run that another study declares with another rank is the same run, and reads its checkpoint."""
    adapter = book.full_run.configuration.values["adapter"]

    model = book.trained(book.full_run, adapter={**adapter, "rank": 16, "targets": ["k"]})

    assert same_tensors(adapters.trainable(model), adapters.trainable(book.trained(book.full_run)))
    assert adapter_text(configured({"adapter.rank": 2})) == adapter_text(configured({"adapter.rank": 8}))


def test_a_checkpoint_may_name_fields_without_effect(book, tmp_path):
    """Every field of the adapter may be written out; those that matter are compared."""
    config = Config.model_validate(book.full_run.configuration.values)
    tensors, metadata = checkpoints.load(RunFolder.of(book.path, book.full_run).checkpoint)
    metadata = {**metadata, "adapter": config.adapter.model_dump_json()}
    checkpoints.save(tmp_path / "whole", tensors, metadata)

    model = trained_model(config, book=book.path, seed=4, checkpoint=tmp_path / "whole")

    assert same_tensors(adapters.trainable(model), tensors)


def test_a_checkpoint_without_its_base_is_refused(tmp_path):
    """Weights that were exchanged after training are not taken for those that it was trained from."""
    _saved(tmp_path / "base.safetensors", _started({}, seed=1))
    config = configured({"model.weights": "file:base.safetensors", "adapter.method": "frozen"})
    model = starting_model(config, book=tmp_path, seed=0)
    metadata = {"adapter": adapter_text(config), "base": base_of(config, book=tmp_path)}
    checkpoints.save(tmp_path / "run.safetensors", adapters.trainable(model), metadata)
    trained_model(config, book=tmp_path, seed=0, checkpoint=tmp_path / "run.safetensors")

    _saved(tmp_path / "base.safetensors", _started({}, seed=2))

    with pytest.raises(DataError, match="must be trained from the weights file:base.safetensors; they hold something"):
        trained_model(config, book=tmp_path, seed=0, checkpoint=tmp_path / "run.safetensors")


def test_a_damaged_checkpoint_is_refused(book, tmp_path):
    """Cut off, of another program, or with a tensor missing: the message names the file."""
    config = Config.model_validate(book.full_run.configuration.values)
    tensors, metadata = checkpoints.load(RunFolder.of(book.path, book.full_run).checkpoint)
    whole = RunFolder.of(book.path, book.full_run).checkpoint.read_bytes()
    (tmp_path / "torn").write_bytes(whole[:-100])
    checkpoints.save(tmp_path / "foreign", tensors, {"adapter": "{}}"})
    checkpoints.save(tmp_path / "fewer", dict(list(tensors.items())[1:]), metadata)

    for name, message in (("torn", "whole"), ("foreign", "the adapter"), ("fewer", "1 differ")):
        with pytest.raises(DataError, match=message) as found:
            trained_model(config, book=book.path, seed=4, checkpoint=tmp_path / name)
        assert found.value.problems[0].place == str(tmp_path / name)


@pytest.mark.parametrize("kind", ["run", "file"])
def test_weights_of_a_run_that_trained_nothing_are_its_own_base(book, kind):
    """Where zero-shot was decided, its follower starts from what zero-shot is."""
    _saved(book.path / "base.safetensors", _started({}, seed=7))
    weights = {"run": book.lora, "file": "file:base.safetensors"}[kind]
    none = a_run(book.path, {"adapter.method": "none", "model.weights": weights})
    RunFolder.of(book.path, none).write_run(none)

    config = configured({"adapter.method": "none", "model.weights": f"run:{none.id}@0"})
    model = starting_model(config, book=book.path, seed=0)
    expected = _started({"adapter.method": "none", "model.weights": weights}, book=book.path)

    assert same_tensors(dict(model.state_dict()), dict(expected.state_dict()))
    assert base_of(config, book=book.path) == none.fingerprints["weights"]

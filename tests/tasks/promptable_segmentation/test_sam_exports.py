"""A trained model as files for other programs."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from finished_runs import SETTINGS, finished
from sam_examples import segment_anything, tiny
from segmentation_examples import same_tensors

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation import exporting
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.sam import SIZES, Sam, blank, build, weights
from tunebook.tasks.promptable_segmentation.starting import finished_model, starting_model
from tunebook.train import adapters


def exported(folder: Path) -> Sam:
    """The model of an exported file, without any adapter."""
    model = build(SIZES["small"], generator=torch.Generator().manual_seed(9), automatic=True)
    model.load_state_dict(weights.read(folder / "model_with_decoder.pt"))
    return model.eval()


@pytest.mark.parametrize(
    "changes",
    [
        {"adapter.targets": ["q", "k", "v", "proj", "mlp"], "adapter.alpha": 8},
        {"adapter.method": "fact"},
        {"adapter.method": "full"},
    ],
)
def test_the_merged_model_answers_as_the_adapted_one(tmp_path: Path, changes: dict):
    """Embedding, maps, masks and their predicted IoU."""
    run, context = finished(tmp_path, changes)
    exporting.sam(run, context, SETTINGS, to=tmp_path)
    ours, theirs = finished_model(Config.model_validate(run.configuration.values), context).eval(), exported(tmp_path)
    seen = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor([[10.0, 12.0, 60.0, 70.0]])
    with torch.no_grad():
        embeddings = [model.encode(seen) for model in (ours, theirs)]
        maps = [model.maps(each, seen) for model, each in zip((ours, theirs), embeddings, strict=True)]
        masks = [model.decode(each, boxes=boxes) for model, each in zip((ours, theirs), embeddings, strict=True)]

    assert torch.allclose(*embeddings, atol=1e-5)
    assert torch.allclose(*maps, atol=1e-5)
    assert torch.allclose(masks[0][0], masks[1][0], atol=1e-4)
    assert torch.allclose(masks[0][1], masks[1][1], atol=1e-5)


def test_what_was_trained_is_in_the_export(tmp_path: Path):
    """The encoder is not that of the base: a merge that were forgotten would show."""
    run, context = finished(tmp_path)
    exporting.sam(run, context, SETTINGS, to=tmp_path)
    start = starting_model(Config.model_validate(run.configuration.values), book=tmp_path, seed=0).state_dict()
    name = "vision_encoder.layers.0.attn.qkv"

    assert not torch.equal(exported(tmp_path).state_dict()[f"{name}.weight"], start[f"{name}.base.weight"])


def test_names_are_those_of_segment_anything(tmp_path: Path):
    """In all three files; a pickle of tensors and nothing else; what is read again is the model, bit for bit."""
    run, context = finished(tmp_path)
    said = exporting.sam(run, context, SETTINGS, to=tmp_path)
    model = finished_model(Config.model_validate(run.configuration.values), context)
    adapters.merge(model)
    wanted = segment_anything(model.state_dict())
    plain = torch.load(tmp_path / "model.pth", weights_only=True)
    both = torch.load(tmp_path / "model_with_decoder.pt", weights_only=True)
    decoder = weights.automatic_decoder(model.state_dict())

    assert same_tensors(plain, wanted)
    assert same_tensors(safetensors.torch.load_file(tmp_path / "model.safetensors"), wanted)
    assert both.keys() == {"model_state", "decoder_state"}
    assert same_tensors(both["model_state"], wanted)
    assert same_tensors(both["decoder_state"], decoder)
    assert same_tensors(weights.read(tmp_path / "model_with_decoder.pt"), dict(model.state_dict()))
    for name in ("model.safetensors", "model.pth"):
        found = weights.read(tmp_path / name)
        assert same_tensors(found, {name: model.state_dict()[name] for name in found})
    assert said[0].endswith("lora is merged into the encoder")


@pytest.mark.parametrize("size", ["tiny", "vit_b", "vit_h"])
def test_writing_is_the_inverse_of_reading(size: str):
    """Of every size: names as an independent table has them, and no two tensors under one name."""
    state = tiny(automatic=True).state_dict() if size == "tiny" else blank(SIZES[size], automatic=True).state_dict()
    written = weights.segment_anything(state)
    depths = weights._depths(written)

    if size == "tiny":
        assert same_tensors(written, segment_anything(state))
    assert all(name.split(".")[0] in ("image_encoder", "prompt_encoder", "mask_decoder") for name in written)
    own = {name for name in state if not name.startswith("automatic_decoder.")} - {weights.SHARED[1]}
    assert {weights._renamed(name, depths) for name in written} == own


def test_a_further_study_starts_from_the_export(tmp_path: Path):
    """`weights: file:` takes each of the three files."""
    run, context = finished(tmp_path)
    exporting.sam(run, context, SETTINGS, to=tmp_path)
    values = dict(run.configuration.values)
    for name in ("model.safetensors", "model.pth", "model_with_decoder.pt"):
        values["model"] = {**values["model"], "weights": f"file:{name}"}
        further = starting_model(Config.model_validate(values), book=tmp_path, seed=1).state_dict()

        trained = exported(tmp_path).state_dict()["mask_decoder.iou_token.weight"]
        assert torch.equal(further["mask_decoder.iou_token.weight"], trained)


def test_adaptformer_cannot_be_merged(tmp_path: Path):
    """It is refused with the reason and the way out, which works."""
    run, context = finished(tmp_path, {"adapter.method": "adaptformer", "adapter.projection": 4})
    with pytest.raises(DataError, match="adaptformer adds a layer with a ReLU.*\n    --format adapter writes"):
        exporting.sam(run, context, SETTINGS, to=tmp_path)
    said = exporting.adapter(run, context, SETTINGS, to=tmp_path)

    assert said[0].startswith("adapter.safetensors holds what was trained")
    assert any("mlp.down" in name for name in safetensors.torch.load_file(tmp_path / "adapter.safetensors"))


def test_an_adapter_says_what_it_is_of(tmp_path: Path):
    """Method, numbers and what the update is multiplied by; the base by its hash; the tensors of the checkpoint."""
    run, context = finished(tmp_path, {"adapter.alpha": 8})
    exporting.adapter(run, context, SETTINGS, to=tmp_path)
    facts = json.loads((tmp_path / "adapter.json").read_text())
    tensors = safetensors.torch.load_file(tmp_path / "adapter.safetensors")

    assert {name: facts["adapter"][name] for name in ("method", "rank", "alpha", "scale", "targets")} == {
        "method": "lora", "rank": 2, "alpha": 8, "scale": 4, "targets": ["q", "v"],
    }  # fmt: skip
    assert (facts["base"]["weights"], facts["base"]["size"]) == ("tunebook-small", "small")
    assert len(facts["base"]["sha256"]) == 64
    assert facts["automatic"]["settings"] == dict(SETTINGS["ais"].values)
    assert same_tensors(tensors, safetensors.torch.load_file(context.checkpoint))


@pytest.mark.parametrize(
    ("form", "changes", "message"),
    [
        ("sam", {"model.family": "otsu-watershed"}, "must be of a run of a model; otsu-watershed has no weights"),
        ("adapter", {"adapter.method": "none"}, "must be of a run that trained something.*\n    --format sam"),
    ],
)
def test_what_has_nothing_to_export_is_refused(tmp_path: Path, form: str, changes: dict, message: str):
    """The floor has no weights; zero-shot is its base."""
    run, context = finished(tmp_path, changes)

    with pytest.raises(DataError, match=message):
        getattr(exporting, form)(run, context, SETTINGS, to=tmp_path)


def test_without_a_trained_decoder_there_is_no_file_of_it(tmp_path: Path):
    """What was drawn and never trained is not given away as a decoder."""
    run, context = finished(tmp_path, {"automatic.enabled": False})
    said = exporting.sam(run, context, {}, to=tmp_path)

    assert sorted(path.name for path in tmp_path.glob("model*")) == ["model.pth", "model.safetensors"]
    assert not any("decoder" in sentence for sentence in said)
    assert "file:model.pth" in (tmp_path / "README.md").read_text()

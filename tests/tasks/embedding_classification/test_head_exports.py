"""A head says elsewhere what it says here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from trained_heads import CHOSEN, CLASSES, SETTINGS, WIDTH, drawn, embeddings, trained

from tunebook.errors import InputError
from tunebook.tasks.embedding_classification import exporting, heads
from tunebook.tasks.embedding_classification.chosen_head import ChosenHead
from tunebook.tasks.embedding_classification.load_head import Head
from tunebook.tasks.embedding_classification.rows import Kind
from tunebook.tasks.embedding_classification.scores import probabilities

CASES = [
    ("binary", 0, True, {}),
    ("binary", 5, False, {}),
    ("multi-class", 0, False, {}),
    ("multi-class", 5, True, {"loss": {"kind": "bce"}}),
    ("multi-class", 5, True, {}),
    ("multi-label", 5, True, {}),
]
case = pytest.mark.parametrize(("kind", "hidden", "standardise", "config"), CASES)


@case
def test_the_loader_says_what_the_head_says(
    tmp_path: Path, kind: Kind, hidden: int, standardise: bool, config: dict[str, Any]
):
    """Logits and probabilities of head.safetensors by its loader are those of the run, to 1e-6; NaN stays NaN."""
    run, context = trained(tmp_path, kind, hidden=hidden, standardise=standardise, **config)
    exporting.head(run, context, SETTINGS[kind], to=tmp_path)
    head, rows = Head.load(tmp_path / "head.safetensors"), embeddings(7)
    logits = head.logits(rows)
    raw = ChosenHead.read(run, context, SETTINGS[kind]).raw_scores(rows, device="cpu")

    assert head.classes == list(CLASSES[kind])
    np.testing.assert_allclose(
        logits, heads.logits(drawn(kind, hidden=hidden, standardise=standardise), rows), 1e-6, 1e-6
    )
    np.testing.assert_allclose(head.probabilities(logits), probabilities(raw), 1e-6, 1e-6)


@case
def test_onnx_says_what_the_head_says(
    tmp_path: Path, kind: Kind, hidden: int, standardise: bool, config: dict[str, Any]
):
    """ONNX Runtime gives the logits and probabilities of the run, to 1e-6, for any number of rows."""
    run, context = trained(tmp_path, kind, hidden=hidden, standardise=standardise, **config)
    exporting.onnx(run, context, SETTINGS[kind], to=tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "head.onnx", providers=["CPUExecutionProvider"])
    chosen = ChosenHead.read(run, context, SETTINGS[kind])

    for rows in (np.delete(embeddings(7), 2, axis=0), embeddings(8)[:1]):
        logits, likely = session.run(["logits", "probabilities"], {"embeddings": rows})
        np.testing.assert_allclose(logits, heads.logits(chosen.tensors, rows), 1e-6, 1e-6)
        np.testing.assert_allclose(likely, probabilities(chosen.raw_scores(rows, device="cpu")), 1e-6, 1e-6)


def test_decisions_are_at_the_chosen_threshold(tmp_path: Path):
    """Of multi-label at the threshold of the settings, of multi-class the likeliest; nothing in a row of NaN."""
    found = {}
    for kind in ("multi-label", "multi-class"):
        exporting.head(*trained(tmp_path, kind), SETTINGS[kind], to=tmp_path)
        head = Head.load(tmp_path / "head.safetensors")
        logits = head.logits(embeddings(7))
        found[kind] = logits, head.decisions(logits)
    (logits, several), (scores, one) = found["multi-label"], found["multi-class"]

    assert np.array_equal(several, 1 / (1 + np.exp(-logits.astype(float))) >= 0.375)
    assert one.sum(axis=1).tolist() == [1, 1, 0, 1, 1, 1, 1]
    assert np.array_equal(one.argmax(axis=1)[[0, 1, 3]], scores.argmax(axis=1)[[0, 1, 3]])


def test_the_loader_works_without_tunebook(tmp_path: Path):
    """`load_head.py` beside its file imports numpy and safetensors, neither Tunebook nor torch."""
    exporting.head(*trained(tmp_path, hidden=5), CHOSEN, to=tmp_path)
    code = (
        f"import load_head, sys; head = load_head.Head.load('head.safetensors'); print(head.logits([[1.0] * {WIDTH}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print({{'torch', 'tunebook'}} & set(sys.modules))"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.splitlines()[-1] == "set()"
    assert done.stdout.startswith(str(heads.logits(drawn("binary", hidden=5), np.ones((1, WIDTH), np.float32)))[:8])


def test_the_loader_refuses_another_width(tmp_path: Path):
    """Embeddings of another model are no input, and the message says what is."""
    exporting.head(*trained(tmp_path), CHOSEN, to=tmp_path)
    head = Head.load(tmp_path / "head.safetensors")

    with pytest.raises(ValueError, match=r"embeddings must be \(rows, 6\); got \(2, 5\)"):
        head.logits(np.zeros((2, 5)))


def test_a_head_says_what_it_is(tmp_path: Path):
    """Classes, kind, threshold, pooling, run and configuration stand in both files; no path does."""
    run, context = trained(
        tmp_path, data={"table": "secret/rows.parquet", "item": "recording", "pool": "top-k", "k": 2}
    )
    exporting.head(run, context, CHOSEN, to=tmp_path)
    exporting.onnx(run, context, CHOSEN, to=tmp_path)
    facts = Head.load(tmp_path / "head.safetensors").facts
    session = onnxruntime.InferenceSession(tmp_path / "head.onnx", providers=["CPUExecutionProvider"])

    assert dict(facts) == session.get_modelmeta().custom_metadata_map
    assert {name: facts[name] for name in ("kind", "activation", "threshold", "threshold chosen", "standardise")} == {
        "kind": "binary", "activation": "sigmoid", "threshold": "0.375", "threshold chosen": "on val by f1",
        "standardise": "true",
    }  # fmt: skip
    assert (facts["item"], facts["pool"], facts["k"], facts["run"], facts["seed"]) == (
        "recording",
        "top-k",
        "2",
        run.id,
        "3",
    )
    assert json.loads(facts["configuration"]) == {"head.hidden_units": 0}
    assert "secret" not in str(facts)


def test_equal_heads_make_equal_files(tmp_path: Path):
    """Bytes depend on the head alone."""
    run, context = trained(tmp_path, hidden=5)
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        exporting.head(run, context, CHOSEN, to=tmp_path / name)
        exporting.onnx(run, context, CHOSEN, to=tmp_path / name)
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})

    assert sorted(files[0]) == ["README.md", "head.onnx", "head.safetensors", "load_head.py"]
    assert files[0] == files[1]


@pytest.mark.parametrize("form", ["head", "onnx"])
def test_the_readme_holds_lines_that_apply_the_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str):
    """As they stand there."""
    getattr(exporting, form)(*trained(tmp_path, "multi-label"), CHOSEN, to=tmp_path)
    code = (tmp_path / "README.md").read_text().split("```python\n")[1].split("```")[0]
    exporting.head(*trained(tmp_path, "multi-label"), CHOSEN, to=tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "load_head", raising=False)
    names: dict[str, Any] = {"embeddings": np.zeros((2, WIDTH), np.float32)}
    exec(code, names)

    assert names["probabilities"].shape == (2, 3)


def test_what_was_written_is_said(tmp_path: Path):
    """The kind, the layers, the classes."""
    said = exporting.head(*trained(tmp_path, "multi-label", hidden=5), CHOSEN, to=tmp_path)

    assert said == (
        "head.safetensors holds a multi-label head of 6 -> 5 -> 3 numbers (wren, robin, owl)",
        "load_head.py applies it; it needs numpy and safetensors",
    )


def test_onnx_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The core installs without onnx; the message says how to add it."""
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(InputError, match=r"needs onnx; it is not installed\n    pip install tunebook\[onnx\]"):
        exporting.onnx(*trained(tmp_path), CHOSEN, to=tmp_path)

"""From a table of embeddings to a decision, to predictions of new rows, to a head that is used elsewhere."""

from pathlib import Path

import numpy as np
import polars
import pytest

from tunebook.book import Book
from tunebook.tasks.embedding_classification.load_head import Head

STUDY = """
task: embedding-classification
base:
  data: {table: rows.npz, positive: owl, item: recording}
  budget: {epochs: 3}
  optimizer: {lr: 0.05}
space: {head.hidden_units: [0, 4]}
replicates: {seed: 3}
select: {metric: f1, split: val}
report: {metrics: [f1, ap], splits: [test]}
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Owls apart from the rest, in recordings of four rows, and new rows without labels."""
    made = tmp_path / "book"
    made.mkdir()
    (made / "book.yaml").write_text("book: birds\nexecutor: {kind: inline}\n")
    (made / "owls.study.yaml").write_text(STUDY)
    np.savez(made / "rows.npz", **rows(60, seed=0))
    new = rows(12, seed=1)
    np.savez(made / "new.npz", embedding=new["embedding"], recording=new["recording"])
    return made


def rows(number: int, *, seed: int) -> dict[str, np.ndarray]:
    """A table: every third row is an owl."""
    rng, at = np.random.default_rng(seed), np.arange(number)
    embedding = rng.standard_normal((number, 6)).astype(np.float32)
    embedding[at % 3 == 0, 0] += 3.0
    return {
        "embedding": embedding,
        "label": np.where(at % 3 == 0, "owl", "wren"),
        "split": np.array(["train", "train", "val", "test"])[at // 4 % 4],
        "recording": np.array([f"r{each // 4}" for each in at]),
    }


def test_a_decision_is_applied_and_exported(tunebook, book: Path):
    """Predictions of new recordings are those that the exported head gives: one run, one threshold."""
    assert tunebook("run", book).code == 0
    said = tunebook("predict", book / "owls", "--on", book / "new.npz", "--to", book / "new.csv")
    refused = tunebook("predict", book / "owls", "--on", book / "new.npz", "--to", book / "new.txt")
    assert tunebook("export", book / "owls", "--format", "head", "--to", book / "head").code == 0
    with Book.open(book).look() as ledger:
        decided = ledger.decision("owls")
    assert decided is not None
    frame, head = polars.read_csv(book / "new.csv"), Head.load(book / "head" / "head.safetensors")
    new = rows(12, seed=1)["embedding"]
    pooled = head.logits(new).reshape(3, 4, 1).max(axis=1)

    assert f"  {book}/new.txt: must end in .csv or .parquet; got new.txt" in refused.err
    assert (said.code, refused.code) == (0, 2)
    assert f"(run {head.facts['run']}), the middle of 3 by f1 on val" in said.out
    assert head.facts["run"] in decided.runs.values()
    assert (frame["item"].to_list(), frame["rows"].to_list()) == (["r0", "r1", "r2"], [4, 4, 4])
    np.testing.assert_allclose(frame["p_owl"], head.probabilities(pooled)[:, 0], 1e-6)
    assert frame["is_owl"].to_list() == head.decisions(pooled)[:, 0].tolist()

"""A sweep gives the same bits however many processes share it."""

from pathlib import Path

import numpy as np
import pytest

from tunebook import study as conductor
from tunebook.book import Book
from tunebook.execute.inline import Inline
from tunebook.study import Allowance

STUDY = """
task: embedding-classification
base:
  data: {table: rows.npz, positive: owl}
  mixup: {kind: batch}
  budget: {epochs: 3}
space:
  head.hidden_units: [0, 65, 130]
  optimizer.lr: [0.01, 0.05]
  head.dropout: [0, 0.5]
replicates: {seed: 2}
confirm: null
select: {metric: ap, split: val}
"""


def swept(book: Path, *, at_once: int) -> dict[str, dict[str, str]]:
    """Run id -> split -> digest of the raw predictions; cohorts are divided among so many processes."""
    book.mkdir()
    rng, at = np.random.default_rng(0), np.arange(90)
    embedding = rng.standard_normal((90, 257)).astype(np.float32) + (at % 2 == 0)[:, None]
    labels, splits = np.where(at % 2 == 0, "owl", "wren"), np.array(["train", "val", "test"])[at // 2 % 3]
    np.savez(book / "rows.npz", embedding=embedding, label=labels, split=splits)
    (book / "book.yaml").write_text("book: birds\n")
    (book / "owls.study.yaml").write_text(STUDY)
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        prepared = conductor.prepare(loaded.find("owls").study, loaded.shelf(ledger))
        ended = conductor.conduct(prepared, ledger, Inline(), allowance=Allowance(at_once=at_once))
        return {each.planned.run.id: dict(each.outcome.predictions) for each in ended}


@pytest.mark.parametrize("at_once", [2, 5])
def test_the_number_of_processes_changes_no_bit(tmp_path: Path, at_once: int):
    """Cohorts of other sizes and members end in the predictions of one large cohort; with `fast` not all do."""
    assert swept(tmp_path / "many", at_once=at_once) == swept(tmp_path / "one", at_once=1)

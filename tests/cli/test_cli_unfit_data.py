"""What a table of embeddings cannot be judged by, or trained on, is said before anything is trained."""

from pathlib import Path

import numpy as np
import pytest

STUDY = """
task: embedding-classification
base:
  data: {table: rows.npz, positive: owl, quality: grade}
  subset: SUBSET
  early_stopping: STOPPING
  budget: {epochs: 2}
space: {optimizer.lr: [0.01, 0.1]}
replicates: {seed: 2}
confirm: null
select: SELECT
report: {splits: [REPORTED]}
"""
SELECT = "{metric: ap, split: val}"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Rows of two labels and two grades; the split `lone` holds owls alone."""
    made = tmp_path / "book"
    made.mkdir()
    (made / "book.yaml").write_text("book: birds\nexecutor: {kind: inline}\n")
    rng, at = np.random.default_rng(0), np.arange(60)
    splits = np.array(["train", "val", "test"])[at % 3]
    splits[at >= 54] = "lone"
    np.savez(
        made / "rows.npz",
        embedding=rng.standard_normal((60, 4)).astype(np.float32),
        label=np.where((at // 3 % 2 == 0) | (at >= 54), "owl", "wren"),
        split=splits,
        grade=np.where(at % 2 == 0, "High", "Low"),
    )
    return made


def write(
    book: Path,
    *,
    subset: str = "{}",
    stopping: str = "{}",
    select: str = SELECT,
    reported: str = "test",
    names: str = "",
) -> None:
    """The study, with one thing that does not fit."""
    text = STUDY.replace("SUBSET", subset).replace("STOPPING", stopping).replace("SELECT", select)
    text = text.replace("REPORTED", reported).replace("quality: grade", f"quality: grade{names}")
    (book / "owls.study.yaml").write_text(text)


LONE = ", split: {names: [train, val, test, lone]}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subset": "{quality: [Hihg]}"}, "subset.quality: must be a quality of training rows; got Hihg"),
        ({"select": "{metric: macro.f1}"}, "owls: select: must be a metric of binary labels, one of f1, precision"),
        ({"select": "{split: dev}"}, "owls: select.split: must be one of the splits train, val, test; got dev"),
        ({"reported": "tset"}, "owls: report.splits: must be one of the splits train, val, test; got tset"),
        (
            {"select": "{metric: ap, split: lone}", "names": LONE},
            "must be judged on a split with rows of a class and rows without it, which lone has not; got ap",
        ),
        (
            {"stopping": "{metric: ap, split: lone}", "names": LONE},
            "early_stopping.metric: must be loss where its split has no class both present and absent; got ap",
        ),
    ],
    ids=["quality", "metric", "split of the choice", "reported split", "one side", "stopping"],
)
def test_it_is_refused_with_its_place(tunebook, book: Path, change: dict[str, str], message: str):
    """One message, exit code 2, and no run; `check` says it as well."""
    write(book, **change)
    checked, ran = tunebook("check", book), tunebook("run", book)

    assert (checked.code, ran.code) == (2, 2)
    for said in (checked, ran):
        assert message in " ".join((said.out + said.err).split())
    assert not list(book.glob("runs/*"))


def test_stopping_on_a_reported_split_is_a_finding(tunebook, book: Path):
    """What decided when training ended flatters the scores there: T402 names it."""
    write(book, stopping="{split: test}")
    assert tunebook("run", book).code == 0

    said = tunebook("audit", book / "owls")

    assert "early stopping: keep_weights, patience chosen on test" in " ".join(said.out.split())

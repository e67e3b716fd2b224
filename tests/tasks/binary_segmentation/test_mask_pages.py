"""The page of a whole study of masks: what broke, what is black, and what both are called."""

from pathlib import Path

import pytest

from tunebook import study as conductor
from tunebook.analyse import findings, kinds
from tunebook.book import Book
from tunebook.execute.inline import Inline
from tunebook.records import Table
from tunebook.report import render
from tunebook.simulate import scans

STUDY = """
task: binary-segmentation
base:
  data: {root: scans, tile: 32, overlap: 8, tiles_per_image: 2}
  model: {width: 2, depth: 1, prior: 0.001}
  loss: {bce_weight: 1.0}
  batch_size: 4
  budget: {epochs: 1}
space:
  optimizer.lr: [1e-6, 1e30]
replicates: {seed: 1}
confirm: null
select: {metric: f1, split: val}
report: {metrics: [f1, half.f1, scan.f1], splits: [test]}
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A study of two rates: one too low to move an untrained model that says 0.001, one that breaks it."""
    book = tmp_path_factory.mktemp("ink")
    scans(book / "scans", seed=0, train=2, val=2, test=2, size=64)
    (book / "book.yaml").write_text("book: ink\n")
    (book / "rates.study.yaml").write_text(STUDY)
    loaded = Book.load(book)
    with loaded.ledger() as ledger, Inline() as executor:
        prepared = conductor.prepare(loaded.find("rates").study, loaded.shelf(ledger), text=STUDY)
        list(conductor.conduct(prepared, ledger, executor, allowance=conductor.Allowance()))
        conductor.decide(prepared, ledger)
        return conductor.table("rates", ledger, book)


def test_a_run_that_broke_and_one_that_is_black_are_told_apart(table: Table, tmp_path: Path):
    """One has failed, with its reason and no masks; the other has finished, and its masks at 0.5 are all black."""
    found = kinds(table)
    masks = {each.row.label: each for each in found.masks if each.run.role == "search"}
    page = render(table, to=tmp_path).markdown.read_text()
    said = page.split("## What the masks are")[1].split("\n## ")[0]

    assert [(row.label, run.status) for row, run in found.failed] == [("lr=1e+30", "failed")]
    assert {label: each.half_kind for label, each in masks.items()} == {"lr=1e-06": "all black"}
    assert "Of 1 configuration, on test (2 scans): at 0.5, 1 is all black" in said
    assert "1 run failed: without a mask, and counted apart." in said
    assert "diverged" in said
    assert "1 failed" in page


def test_the_black_run_is_a_finding_and_baselines_are_none(table: Table):
    """T404 names it with its counts; black and white baselines are meant to be what they are."""
    (found,) = [each for each in findings(table) if each.code == "T404"]

    assert [line.split(":")[0] for line in found.evidence] == ["lr=1e-06"]
    assert "all black at 0.5" in found.evidence[0]
    assert {each.half_kind for each in kinds(table).masks if each.run.role == "baseline"} >= {"all black", "all white"}


def test_the_gallery_shows_every_configuration_with_masks_and_all_baselines(table: Table, tmp_path: Path):
    """Two pictures of test; the failed run has no column, and the page says why."""
    page = render(table, to=tmp_path).markdown.read_text().split("## Gallery")[1].split("\n## ")[0]

    assert "1 configuration and 4 baselines on 2 pictures of test: all 2." in page
    assert "1 configuration without a picture" in page
    assert (tmp_path / "rates" / "wall-1.png").stat().st_size > 1000

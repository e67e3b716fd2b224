"""`tunebook check`: counts first, problems after."""

import shutil
from pathlib import Path

import pytest
from toy_study import make_book, make_study

LIVECELL = """\
study: livecell-lora
question: Which LoRA rank and scale adapt the model?
task: promptable-segmentation
base:
  data: {root: cells}
  model: {weights: random}
  adapter: {method: lora}
space:
  adapter.alpha: [1, 2, 4, 8, 16, 32, 64]
  adapter.rank:  [1, 2, 4, 8, 16, 32, 64]
where:
  - 0.25 <= adapter.alpha / adapter.rank <= 8
replicates: {seed: 3}
"""
SIX = """\
task: promptable-segmentation
qestion: Which rank?
base:
  data: {root: cells}
  optimizer: {lr: -1}
  adapter: {r: 4}
space:
  adapter.alpha: [1, two]
where:
  - alpha <
select: {metric: ais.mas}
"""


def test_the_grid_of_livecell_lora_is_counted(tunebook, tmp_path: Path):
    """49 declared points, 33 distinct; a missing data folder is one problem after all counts, with exit code 2."""
    (tmp_path / "livecell.study.yaml").write_text(LIVECELL)
    said = tunebook("check", tmp_path)

    assert said.out.splitlines() == [
        "livecell-lora: Which LoRA rank and scale adapt the model?",
        "      49 declared",
        "      16 excluded by 0.25 <= adapter.alpha / adapter.rank <= 8 (it applies to 49)",
        "      33 distinct configurations",
        "      99 runs (1 case, 3 replicates)",
    ]
    assert said.code == 2
    assert said.err.startswith("1 problem:\n")
    assert str(tmp_path / "cells") in said.err


def test_six_mistakes_are_six_findings(tunebook, tmp_path: Path):
    """All at once, each with its line; exit code 2, and nothing is left behind."""
    (tmp_path / "six.study.yaml").write_text(SIX)
    said = tunebook("check", tmp_path / "six.study.yaml")

    assert said.code == 2
    assert said.err.startswith("6 problems:\n")
    places = [line.split()[0] for line in said.err.splitlines() if line.startswith("  six.study.yaml")]
    assert places == [f"six.study.yaml:{line}:" for line in (2, 5, 6, 8, 10, 11)]
    assert [path.name for path in tmp_path.iterdir()] == ["six.study.yaml"]


@pytest.mark.usefixtures("toy_task")
def test_new_existing_and_failed_runs_are_counted(tunebook, tmp_path: Path):
    """Nothing is run and no ledger is made; runs that exist are seen in their folders."""
    book = make_book(tmp_path, space="{fault: ['', crash]}")
    before = tunebook("check", book)
    made = {path.name for path in book.iterdir()}
    tunebook("run", book)
    after = tunebook("check", book / "rates")

    assert before.out.splitlines()[-2:] == ["       4 new", "       0 existing"]
    assert made == {"book.yaml", "cells", "rates.study.yaml", ".cache", "verified.txt"}
    assert after.out.splitlines()[-2:] == ["       0 new", "       4 existing, 2 of them failed"]
    assert (before.code, after.code) == (0, 0)


@pytest.mark.usefixtures("toy_task")
def test_what_follows_is_counted_as_far_as_it_can_be(tunebook, tmp_path: Path):
    """Weights of an undecided study hide no count; its configuration does; fields without effect are named."""
    book = make_book(tmp_path)
    make_study(book, "weights", base=", model: {weights: 'study:rates'}")
    make_study(book, "whole", space="{one_of: {a: {from: rates}, b: {method: [none]}}}", base=", lr: 0.125")
    before = tunebook("check", book).out
    tunebook("run", book / "rates")
    after = tunebook("check", book / "whole").out

    assert "       4 new, once rates is decided" in before
    assert "whole: (no question)\n  is counted once rates is decided\n" in before
    assert "base without effect in b: lr" in after
    assert "base replaced by a decision in a: lr" in after


@pytest.mark.usefixtures("toy_task")
def test_runs_that_are_one_are_counted_once(tunebook, tmp_path: Path):
    """Cases with equal data hold the same runs: new and existing add up to what will be run."""
    book = make_book(tmp_path, across="[{data.root: [cells, copy]}]")
    shutil.copytree(book / "cells", book / "copy")

    assert tunebook("check", book).out.splitlines()[-4:] == [
        "       8 runs (2 cases, 2 replicates)",
        "       4 the same run in another case or role",
        "       4 new",
        "       0 existing",
    ]


@pytest.mark.usefixtures("toy_task")
def test_baselines_are_counted_on_a_line_of_their_own(tunebook, tmp_path: Path):
    """How many runs, and of how many configurations; one that is a configuration too is one run."""
    book = make_book(tmp_path, base=", floors: true", space="{method: [full, none]}")

    assert tunebook("check", book).out.splitlines()[-5:] == [
        "       3 runs (1 case, 2 replicates)",
        "       3 baselines: 2 configurations that the page compares with",
        "       1 the same run in another case or role",
        "       5 new",
        "       0 existing",
    ]


@pytest.mark.usefixtures("toy_task")
def test_one_problem_hides_no_other_study(tunebook, tmp_path: Path):
    """Every study is counted, and equal problems are said once."""
    book = make_book(tmp_path)
    make_study(book, "second")
    make_study(book, "third", where="['lr > 1']")
    shutil.rmtree(book / "cells")
    said = tunebook("check", book)

    assert said.out.count("4 runs (1 case, 2 replicates)") == 2
    assert said.code == 2
    assert said.err.splitlines() == [
        "2 problems:",
        f"  {book / 'cells'}: must be a folder; there is none",
        "    correct data.root",
        "  study third: where must leave a point to run; got none",
        "    loosen a constraint: lr > 1 excludes 2",
    ]

"""A study that takes its defaults from a preset, as the command line sees it."""

from pathlib import Path

from tunebook import simulate

STUDY = """\
task: promptable-segmentation
base:
  data: {root: cells}
  model: {weights: random}
  preset: micro-sam
space: {adapter.method: [lora, fact, adaptformer]}
"""


def test_check_counts_a_study_with_a_preset(tunebook, tmp_path: Path):
    """What the preset sets is no field of base, so nothing is said of it."""
    simulate.cells(tmp_path / "cells", seed=0, kinds=("fluorescence",), train=2, val=1, test=1, size=32)
    (tmp_path / "book.yaml").write_text("executor: {kind: inline}\n")
    (tmp_path / "recipe.study.yaml").write_text(STUDY)

    said = tunebook("check", tmp_path)

    assert (said.code, said.err) == (0, "")
    assert [line.strip() for line in said.out.splitlines()[1:]] == [
        "3 declared",
        "3 distinct configurations",
        "3 runs (1 case, 1 replicate)",
        "9 to confirm: the best 3 on 3 fresh seeds (at most; they are known once the search has ended)",
        "3 new",
        "0 existing",
    ]


def test_missing_data_hide_no_count(tunebook, tmp_path: Path):
    """A length in epochs needs the images; without them the study is counted all the same."""
    (tmp_path / "book.yaml").write_text("executor: {kind: inline}\n")
    (tmp_path / "recipe.study.yaml").write_text(STUDY)

    said = tunebook("check", tmp_path)

    assert said.code == 2
    assert "3 runs (1 case, 1 replicate)" in said.out
    assert said.err.count("cells") >= 1

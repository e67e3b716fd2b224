"""Findings on the data of a study."""

from dataclasses import replace

from study_tables import a_row, a_run, a_table

from tunebook.analyse import findings
from tunebook.records import DataFacts, SplitFacts

CELLS = DataFacts("cells", "images", (SplitFacts("train", 8), SplitFacts("test", 4)))
TWICE = "1 image is in train and in test: train/images/a.png = test/images/b.png."


def on_data(*data: DataFacts):
    """The T406 findings of a study on these data."""
    table = replace(a_table(a_row("a", *(a_run(seed, val=0.5 + 0.01 * seed) for seed in range(3)))), data=data)
    return [each for each in findings(table) if each.code == "T406"]


def test_t406_when_two_splits_hold_the_same():
    """The items are the evidence; every such data set is a finding of its own."""
    (found,) = on_data(CELLS, replace(CELLS, name="others", twice=[TWICE]))

    assert found.sentence == "Splits of others share items: the same content is in both."
    assert found.evidence == (TWICE,)


def test_no_t406_when_they_do_not():
    """Nor where other things are odd, or nothing was surveyed."""
    assert on_data(replace(CELLS, odd=["1 label has no object: a.png."])) == []
    assert on_data() == []

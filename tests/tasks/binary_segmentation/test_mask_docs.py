"""The page on masks: its fields, its metrics, its study, and the names of degenerate predictors."""

import re
import runpy
from pathlib import Path

from tunebook.analyse import KINDS
from tunebook.spec.faults import Faults
from tunebook.spec.places import parse
from tunebook.spec.plan import plan
from tunebook.spec.study import Study
from tunebook.tasks.binary_segmentation import TASK

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "masks.md").read_text()
FIELDS = runpy.run_path(str(ROOT / "scripts" / "fields.py"))


def test_every_field_stands_on_the_page():
    """With its default, its meaning and what other tools call it."""
    assert FIELDS["current"]("masks.md") == FIELDS["tables"]("masks.md"), "run .venv/bin/python scripts/fields.py"


def test_every_metric_is_explained():
    """In the table of metrics, and no metric that there is not."""
    rows = PAGE.split("| metric | what it is |")[1].split("\n\n")[0].splitlines()[2:]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]

    assert sorted(named) == sorted(TASK.metrics)


def test_degenerate_predictors_have_the_names_of_the_page():
    """Each with its counts, in the order in which they are told."""
    rows = PAGE.split("| name | counts |")[1].split("\n\n")[0].splitlines()[2:]

    assert [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows] == list(KINDS.items())


def test_the_study_of_the_page_folds_what_has_no_effect():
    """Six points are five configurations: without cross-entropy its weight does nothing."""
    text = PAGE.split('```yaml title="ink/loss.study.yaml"\n')[1].split("```")[0]
    made = plan(Study(**parse(text, name="page", faults=Faults()).value), TASK)

    assert (made.counts.declared, made.counts.distinct, made.counts.runs) == (6, 5, 15)

"""docs/embedding.md says what is there, and its studies can be run."""

import re
import runpy
from pathlib import Path

import pytest

from tunebook.simulate import embeddings
from tunebook.spec.canonical import configuration
from tunebook.spec.faults import Faults
from tunebook.spec.fields import fields_of
from tunebook.spec.places import parse
from tunebook.spec.plan import plan
from tunebook.spec.study import Study
from tunebook.tasks.embedding_classification import TASK
from tunebook.tasks.embedding_classification.config import Config

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "fields.py"))
PAGE = (ROOT / "docs" / "embedding.md").read_text()
BEFORE_FIELDS = PAGE.split(SCRIPT["START"])[0]
STUDIES = re.findall(r"```yaml[^\n]*\n(.*?)```", PAGE, re.DOTALL)


def study(text: str) -> Study:
    """A study of the page; what another study of the page has said already may be left out."""
    return Study(**{"task": TASK.name, **parse(text, name="page", faults=Faults()).value})


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with the page's table."""
    folder = tmp_path_factory.mktemp("birds")
    embeddings(folder / "table", seed=0)
    return folder


def test_every_field_stands_on_the_page():
    """With its default, its meaning and what other tools call it."""
    assert SCRIPT["current"]("embedding.md") == SCRIPT["tables"]("embedding.md"), (
        "run .venv/bin/python scripts/fields.py"
    )


def test_a_field_that_was_typed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The comparison can fail, and writing mends it; the text around the tables stays."""
    page = tmp_path / "docs" / "embedding.md"
    page.parent.mkdir()
    page.write_text(PAGE.replace("| `batch_size` | `32` |", "| `batch_size` | `64` |"))
    known = SCRIPT["current"].__globals__
    monkeypatch.setitem(known, "ROOT", tmp_path)
    monkeypatch.setitem(known, "PAGES", {"embedding.md": known["PAGES"]["embedding.md"]})

    assert SCRIPT["current"]("embedding.md") != SCRIPT["tables"]("embedding.md")

    SCRIPT["main"]()

    assert page.read_text() == PAGE


def test_every_metric_is_explained():
    """In the table of metrics, and no metric that there is not."""
    rows = BEFORE_FIELDS.split("| metric | labels |")[1].split("\n\n")[0]
    named = [name for row in rows.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]

    assert sorted(named) == sorted(TASK.metrics)


def test_every_other_name_is_explained():
    """BirdNET-Analyzer's, with - for _ where it writes that."""
    rows = BEFORE_FIELDS.split("| option | field |")[1].split("\n\n")[0].replace("--", "").replace("-", "_")

    assert set(fields_of(Config).also) <= set(re.findall(r"`([a-z_]+)`", rows))


def test_every_field_that_the_text_names_is_there():
    """Dotted names before the tables are fields, groups, metrics or files."""
    index = fields_of(Config)
    named = set(re.findall(r"`([a-z_]+\.[a-z_.]+)`", BEFORE_FIELDS))
    files = {name for name in named if name.endswith((".py", ".onnx", ".safetensors", ".yaml", ".csv"))}

    assert named - files <= {*index.leaves, *index.groups, *TASK.metrics}


@pytest.mark.parametrize("text", STUDIES)
def test_a_study_of_the_page_fits_its_table(text, book: Path):
    """It is complete, every point has a meaning, and the table can be read as it says."""
    made = plan(study(text), TASK)
    for planned in made.configurations:
        TASK.verify(Config.model_validate(planned.configuration.values), book)

    assert len(made.configurations) > 1


def test_the_first_study_folds_dropout_into_linear_heads():
    """As the page says: without a hidden layer there is nothing to drop."""
    counts = plan(study(STUDIES[0]), TASK).counts

    assert (counts.declared, counts.equivalent, counts.distinct) == (16, 4, 12)


def test_the_preset_says_what_the_page_says_of_it():
    """Numbers in the text are those of the preset."""
    values = configuration(TASK, {"preset": "birdnet", "data": {"table": "t.parquet"}}).effective
    text = " ".join(BEFORE_FIELDS.split("`preset: birdnet`")[1].split("\n\n")[0].split())

    assert values["optimizer.lr"] == 0.0001
    assert values["optimizer.l2"] == 1e-5
    for said in ("Adam at 0.0001", "L2 1e-5", f"{values['budget.epochs']} epochs", "min_delta 0.001", "5 to 10"):
        assert said in text

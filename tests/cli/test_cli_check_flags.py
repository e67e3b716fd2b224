"""`tunebook check` says what another tool's words stand for, and names mistakes in the words that were written."""

from pathlib import Path

import pytest

from tunebook.simulate import embeddings

STUDY = """\
task: embedding-classification
base: {preset: birdnet, data: {table: table/embeddings.parquet, positive: wren}, learning_rate: RATE}
space: {label_smoothing: [false, true], focal-loss: [false, true], dropout: [0.0]}
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    embeddings(tmp_path / "table", seed=0, classes=2, sites=2, recordings=5, windows=1, width=8)
    return tmp_path


@pytest.fixture(autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task is there, also where the package was installed before it had one."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "heads-1.dist-info").mkdir()
    (folder / "heads-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: heads\nVersion: 1\n")
    entry = "[tunebook.tasks]\nembedding-classification = tunebook.tasks.embedding_classification:TASK\n"
    (folder / "heads-1.dist-info" / "entry_points.txt").write_text(entry)
    monkeypatch.syspath_prepend(str(folder))


def test_values_that_are_stood_for_are_shown(tunebook, book: Path):
    """Between the question and the counts."""
    (book / "wren.study.yaml").write_text(STUDY.replace("RATE", "0.001"))
    said = tunebook("check", book)

    assert said.out.splitlines()[:6] == [
        "wren: (no question)",
        "         learning_rate: 0.001 is optimizer.lr: 0.001",
        "         label_smoothing: [false, true] is loss.label_smoothing: [0, 0.1]",
        "         focal-loss: [false, true] is loss.focal: [false, true] "
        "(true: loss.focal_gamma 2, loss.focal_alpha 0.25)",
        "       4 declared",
        "       4 distinct configurations",
    ]
    assert said.code == 0


def test_a_mistake_stands_at_its_line(tunebook, book: Path):
    """With the name that was written, and Tunebook's in the hint."""
    (book / "wren.study.yaml").write_text(STUDY.replace("RATE", "0"))
    said = tunebook("check", book)

    assert said.code == 2
    assert said.err.splitlines()[1:3] == [
        "  wren.study.yaml:2: base.learning_rate must be > 0; got 0",
        "    learning_rate is optimizer.lr",
    ]

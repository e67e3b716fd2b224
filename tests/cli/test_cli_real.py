"""The commands on images: promptable segmentation with models that are not trained in earnest."""

from pathlib import Path

import pytest
from PIL import Image

from tunebook import simulate

STUDY = """\
task: promptable-segmentation
base:
  data: {{root: cells}}
  model: {{weights: random}}
  adapter: {{method: frozen}}
  prompts: {{rounds: 1, objects: 2}}
  batch_size: 1
  budget: {{steps: 2}}
space: {space}
confirm: null
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Simulated cells, and runs in this process."""
    simulate.cells(tmp_path / "cells", seed=0, kinds=("fluorescence",), train=2, val=1, test=1, size=32)
    (tmp_path / "book.yaml").write_text("executor: {kind: inline}\n")
    return tmp_path


def write(book: Path, space: str) -> None:
    """The study of the book."""
    (book / "rates.study.yaml").write_text(STUDY.format(space=space))


def test_a_run_that_diverges_stands_on_the_page_with_its_reason(tunebook, book: Path):
    """The other run goes on and is chosen; `--retry failed` tries again and nothing else."""
    write(book, "{optimizer.lr: [1e9, 1e-3]}")
    said = tunebook("run", book)
    page = (book / "pages" / "rates.md").read_text()
    again = tunebook("run", book, "--retry", "failed")

    assert said.code == 0
    assert "diverged: " in said.out
    assert "rates: lr=0.001 is chosen" in said.out
    assert "diverged" in page
    assert "rates: 2 runs, 1 exist, 1 to do\n" in again.out


def test_images_that_cannot_be_read_are_named_before_anything_runs(tunebook, book: Path):
    """A corrupt image and a label of another shape: two findings with their files, exit code 2."""
    write(book, "{optimizer.lr: [1e-3]}")
    image = sorted((book / "cells" / "train" / "images").iterdir())[1]
    image.write_bytes(image.read_bytes()[:60])
    (label,) = (book / "cells" / "test" / "labels").iterdir()
    Image.new("L", (9, 7)).save(label)
    said = tunebook("run", book)

    assert said.code == 2
    assert said.err.startswith("2 problems:\n")
    assert f"  {image}: " in said.err
    assert f"  {label}: " in said.err
    assert not (book / "runs").exists()


def test_ids_of_real_runs_hold_labels_and_neither_folders_nor_scoring(tunebook, book: Path):
    """A moved data folder and other post-processing settings train nothing; an edited label does."""
    write(book, "{model.family: [otsu-watershed]}")
    tunebook("run", book)
    (book / "cells").rename(book / "moved")
    path = book / "rates.study.yaml"
    path.write_text(
        path.read_text().replace("cells", "moved").replace("prompts", "automatic: {settings: micro-sam}\n  prompts")
    )
    moved = tunebook("check", book).out
    (label,) = (book / "moved" / "val" / "labels").iterdir()
    Image.new("L", (32, 32)).save(label)
    edited = tunebook("check", book).out

    assert len(list(book.glob("runs/*"))) == 1
    assert moved.splitlines()[-3:] == [
        "       0 new",
        "       0 existing",
        "       1 existing, to be predicted or scored again without training",
    ]
    assert edited.splitlines()[-3:-1] == ["       1 new", "       0 existing"]
    assert "1 odd thing in moved: tunebook look" in edited.splitlines()[-1]  # an image without an object

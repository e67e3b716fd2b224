"""Books of own programs: what tests of them run."""

from pathlib import Path

from tunebook.book import Book
from tunebook.folders import RunFolder
from tunebook.records import Decision

MAIN = """\
def main(config, seed):
    value = 1 - abs(config["lr"] - 0.3) + 0.001 * seed
    return {split: {"accuracy": value} for split in ("val", "test")}
"""
STUDY = """\
task: train.py:main
metrics: {accuracy: maximize}
space: {lr: [0.1, 0.3]}
replicates: {seed: 2}
"""
INLINE = "executor: {kind: inline}\n"


def make_book(book: Path, *, program: str = MAIN, study: str = STUDY, executor: str = INLINE) -> Path:
    """A book with `train.py` and the study `own`."""
    book.mkdir(parents=True, exist_ok=True)
    (book / "train.py").write_text(program)
    (book / "own.study.yaml").write_text(study)
    (book / "book.yaml").write_text(executor)
    return book


def run(book: Path, *, retry_failed: bool = False) -> Decision | None:
    """Run the study `own` to its end."""
    loaded = Book.load(book)
    return loaded.run(loaded.find("own").study, retry_failed=retry_failed)


def folders(book: Path) -> list[RunFolder]:
    """The folders of all runs."""
    return list(RunFolder.all(book))


def reasons(book: Path) -> set[str]:
    """How the runs ended: kind and reason, empty for those that finished."""
    outcomes = [folder.read_outcome() for folder in folders(book)]
    return {f"{each.kind}: {each.reason}" if each and each.kind else "" for each in outcomes}


def curve(folder: RunFolder) -> list[tuple[int, dict[str, float]]]:
    """The learning curve of a run."""
    return [(point.step, dict(point.values)) for point in folder.read_curve()]

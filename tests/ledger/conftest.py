"""An empty book, a writer of run folders, and its ledger."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_examples import URL, MakeFolder

from tunebook.ledger.ledger import Ledger


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """An empty book."""
    return tmp_path


@pytest.fixture
def make_folder(book: Path) -> MakeFolder:
    """Writes run folders into the book."""
    return MakeFolder(book)


@pytest.fixture
def open_ledger(book: Path) -> Callable[[], Ledger]:
    """Opens the book's ledger; to be used in a `with`."""
    return lambda: Ledger.open(URL, book=book, wait=0.1)

"""The folder of a simulated data set: new, empty, or holding a part of the same set; its pictures and its list."""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tunebook.errors import InputError, Problem
from tunebook.folders import write_atomically

SOURCE, MANIFEST = "SOURCE.md", "manifest.csv"


def refuse_others(out: Path, planned: Collection[Path], drawn: str) -> None:
    """Refuse a folder that holds anything but a part of what would be written.

    Args:
        planned: The files that would be written.
        drawn: What they are drawn from, as SOURCE.md says it in a line of its own.

    Raises:
        InputError: for a file, other files, or a data set that was drawn from something else.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(Problem(str(out), "must be a folder; it is a file", "give another --out"))
    here = [path for path in sorted(out.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    other = [path for path in here if path not in planned]
    if other:
        message = f"must be a new or empty folder; it holds {len(other)} other files, {other[0].relative_to(out)} first"
        raise InputError(Problem(str(out), message, "give another --out, or move these files away"))
    source = out / SOURCE
    if here and not (source.exists() and f"- Drawn from: {drawn}\n" in source.read_text()):
        message = f"must be a new or empty folder; it holds a data set that was not drawn from {drawn}"
        raise InputError(Problem(str(out), message, "give another --out, or delete that data set"))


def write_png(path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """A picture: grey (h, w) or RGB (h, w, 3)."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    write_atomically(path, buffer.getvalue())


def write_manifest(out: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One line for each picture."""
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([header, *rows])
    write_atomically(out / MANIFEST, table.getvalue().encode())

"""The folder of a simulated data set: new, empty, or holding a part of the same set."""

from collections.abc import Collection
from pathlib import Path

from tunebook.errors import InputError, Problem

SOURCE = "SOURCE.md"


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

"""The chosen run of a study at work, for `predict` and `export`: what is said of it, and where its files go."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # only names
    from tunebook.book import Book
    from tunebook.errors import Problem
    from tunebook.runs.chosen import ChosenRun

FORCE = "Replace what is there."
SEED = "The run of this seed; default: the one in the middle on the metric that the study selects by."


def described(chosen: "ChosenRun") -> Iterator[str]:
    """Which configuration and which run it is, and each setting that was chosen for it."""
    decision = chosen.decision
    yield f"{decision.label or decision.configuration}: {chosen.name}, {chosen.why}"
    for settings in chosen.settings:
        values = ", ".join(f"{name} {_shown(value)}" for name, value in settings.values.items())
        yield f"{values}: chosen on {settings.split} by {settings.metric}"


def own_files(chosen: "ChosenRun", book: "Book", on: Path) -> Iterator[str]:
    """How many of new files have the content of some that the study was run on, and of which splits these are.

    Raises:
        DataError: when what is written down of the study's data is damaged.
    """
    import hashlib
    from collections import Counter

    from tunebook.runs.inventories import DIGITS, read_inventory

    known = read_inventory(book.path, chosen.run.fingerprints.get("data", ""))
    if not known:
        return
    names = {content: name for name, content in known.items()}
    files = [on] if on.is_file() else [path for path in sorted(on.rglob("*")) if path.is_file()]
    new = [path for path in files if path.suffix.lower() != ".csv" and path.name[0] != "."]
    own = []
    for path in new:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]
        if content in names:
            own.append(names[content])
    if own:
        splits = Counter(_split_of(name, chosen) for name in own)
        parts = ", ".join(f"{number} of {split}" for split, number in splits.items() if split)
        many = "file is" if len(new) == 1 else "files are"
        yield (
            f"{len(own)} of {len(new)} {many} the study's own, {parts or 'dealt out to its splits'}: what is predicted "
            "on what was trained on says nothing of new data"
        )


def _split_of(name: str, chosen: "ChosenRun") -> str:
    """The split whose folder a file lies in; empty where splits are dealt out, or files say nothing of them."""
    data = chosen.run.configuration.values.get("data", {})
    if not isinstance(data, dict) or data.get("folds") or (data.get("split") or {}).get("fractions"):
        return ""
    folders = {str(data.get(split, split)): split for split in ("train", "val", "test")}
    return next((split for folder, split in folders.items() if name.startswith(f"{folder}/")), "")


def applied(
    function: str, chosen: "ChosenRun", book: "Book", paths: Mapping[str, Path], *, device: str = "cpu"
) -> tuple[str, ...]:
    """Have a function of the task do its work in a child process; what it says.

    Raises:
        InputError: that the function raised.
    """
    from tunebook.execute.applying import Application, apply

    return apply(
        Application(
            function,
            run=chosen.run,
            context=chosen.context(book.path, threads=book.file.executor.threads, device=device),
            settings={settings.mode: settings for settings in chosen.settings},
            paths={name: path.absolute() for name, path in paths.items()},
        )
    )


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """An empty folder on the disk of a place, gone at the end: what is not whole never stands in its place.

    Raises:
        InputError: raised within; what it says of the folder, or of a file of the place's name in it, names the place.
        OSError: raised within, likewise.
    """
    from tunebook.errors import InputError

    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent.absolute(), prefix=f".{place.name}.") as name:
        folder = Path(name)
        try:
            yield folder
        except InputError as error:
            raise InputError(*(_of_place(problem, folder, place) for problem in error.problems)) from error
        except OSError as error:
            if error.filename is not None:
                error.filename = _named(str(error.filename), folder, place)
            raise


def _of_place(problem: "Problem", folder: Path, place: Path) -> "Problem":
    """A problem, told of the place that a person named and not of the folder beside it."""
    texts = (problem.place, problem.message, problem.hint)
    return type(problem)(*(_named(text, folder, place) for text in texts))


def _named(text: str, folder: Path, place: Path) -> str:
    return text.replace(str(folder / place.name), str(place)).replace(str(folder), str(place))


def put(found: Path, to: Path, *, force: bool) -> tuple[Path, ...]:
    """Move all files below a folder to the same places below another; where they lie then.

    Raises:
        InputError: naming all that are there already, unless forced; nothing is moved then.
    """
    files = sorted(path for path in found.rglob("*") if path.is_file())
    pairs = [(file, to / file.relative_to(found)) for file in files]
    refuse_existing([path for _, path in pairs], force=force)
    for file, path in pairs:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, path)
    return tuple(path for _, path in pairs)


def refuse_existing(paths: Iterable[Path], *, force: bool) -> None:
    """Refuse to write where something is.

    Raises:
        InputError: naming all files that are there, unless forced, and folders in their place in any case.
    """
    from tunebook.errors import InputError, Problem

    problems = []
    for path in paths:
        if path.is_dir():
            problems.append(Problem(str(path), "must be a new file; there is a folder of this name"))
        elif path.exists() and not force:
            problems.append(Problem(str(path), "must be a new file; there is one", "--force replaces it"))
    if problems:
        raise InputError(*problems)


def refuse_full(to: Path, on: Path, *, force: bool) -> None:
    """Refuse to write a folder of predictions where files are, or among the data that are predicted.

    Raises:
        InputError: for a file in its place; for a folder that holds something, unless forced; and for one in `on`.
    """
    from tunebook.errors import InputError, Problem

    if to.exists() and not to.is_dir():
        raise InputError(Problem(str(to), "must be a folder; there is a file of this name"))
    if to.resolve().is_relative_to(on.resolve()):
        message = f"must lie outside of {on}, or what is written would be read as new data the next time"
        raise InputError(Problem(str(to), message))
    if not force and to.is_dir() and any(to.iterdir()):
        message = "must be a new folder or an empty one; there is something in it"
        raise InputError(Problem(str(to), message, "--force replaces files of the same names"))


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

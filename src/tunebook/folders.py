"""The run folder: its names, atomic writes, the lock, and reading back.

    runs/<id>/
      lock                      held while a process works on the run
      config.json               what the run is (identity, resolved configuration)
      ratings.jsonl             what people think of its masks; lines are added, and of two that agree in all but value,
                                day and threshold the later one counts
      at-<length>/
        checkpoint.safetensors  trained tensors only
        checkpoint.sha256       in its place, what it held, where it was removed to give back space
        state.safetensors       what a stopped training goes on from; gone when the run has finished
        spent.json              what the attempts that led to that state took; gone with it
        out/                    what an own program writes and finds again after a stop; it stays
        out.json                in its place, what its files held, where they were removed to give back space
        reports.jsonl           what an own program has reported while it runs
        curve.jsonl             the learning curve
        predictions/<split>/<item>.npz   raw predictions
        scores/<id>/            all that one way of scoring made of the predictions
          scoring.json          which way that is
          settings.jsonl        what was chosen after training
          pictures/<split>.jsonl, pictures/<split>/<item>/<panel>.png
          measurements.jsonl    one line per metric, split and item; written last
        log.txt                 what the run printed
        outcome.json            how it ended; written last

Every file is written beside its place and renamed into it, so that a reader sees a whole file or none.
"""

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.errors import InputError, Problem
from tunebook.records import (
    Configuration,
    Costs,
    CurvePoint,
    Measurement,
    Outcome,
    Picture,
    Pixels,
    Rating,
    Run,
    Scoring,
    Settings,
    canonical_json,
)

VARIABLE = re.compile(r"\$\{(\w+)\}")
LONGEST_LINE = 1000
"""Characters of a line of a log that are shown."""
CHECKPOINT = "checkpoint.safetensors"
LOG = "log.txt"
OUT = "out"
"""The folder of an own program, beside its checkpoint."""
REPORTS = "reports.jsonl"
"""What an own program has reported, beside its checkpoint."""
UNFINISHED = ".tunebook-unfinished-"
"""How the names of files begin that are not in place: no file of a person's is called so."""


def resolve(text: str, book: Path, *, place: str) -> Path:
    """The absolute path of data that a study file means: from the book, with `${NAME}` from the environment.

    A path that begins with a variable starts, where that is no absolute path, from the folder that the command runs in:
    there a person has set it.

    Raises:
        InputError: when a variable is not set; `place` says where the path stands.
    """
    start = Path.cwd() if VARIABLE.match(text) else book
    return (start / expanded(text, place=place)).resolve()


def expanded(text: str, *, place: str) -> str:
    """A text with `${NAME}` from the environment.

    Raises:
        InputError: when a variable is not set; `place` says where the text stands.
    """
    for name in VARIABLE.findall(text):
        if name not in os.environ:
            raise InputError(
                Problem(place, f"{text} needs the environment variable {name}, which is not set", f"export {name}=…")
            )
    return VARIABLE.sub(lambda found: os.environ[found[1]], text)


def write_atomically(path: Path, content: bytes) -> None:
    """Put a whole file in place, or leave what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{UNFINISHED}{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Canonical JSON, atomically."""
    write_atomically(path, canonical_json(value).encode() + b"\n")


def write_lines(path: Path, values: Iterable[object]) -> None:
    """One canonical JSON value a line, atomically."""
    write_atomically(path, "".join(canonical_json(value) + "\n" for value in values).encode())


def read_json(path: Path) -> Any:
    """The value in a JSON file."""
    return json.loads(path.read_text())


def _read_lines(path: Path) -> list[Any]:
    """The value of every line; all lines at once, because thousands of files have a hundred each."""
    if not path.exists() or not path.stat().st_size:
        return []
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    found: list[Any] = json.loads(f"[{','.join(lines)}]")
    return found


def note_of(checkpoint: Path) -> Path:
    """The file that says what a checkpoint held (its sha256, 64 hex digits) where it was removed."""
    return checkpoint.with_name("checkpoint.sha256")


def note_of_out(out: Path) -> Path:
    """The file that says what an own program's folder held where it was removed: name -> sha256 of each file."""
    return out.with_name(f"{OUT}.json")


def noted_out(out: Path) -> dict[Path, str]:
    """File -> sha256 of what an own program's folder held that was removed; nothing where there is no note."""
    note = note_of_out(out)
    return {out / name: sha256 for name, sha256 in read_json(note).items()} if note.is_file() else {}


class Busy(Exception):
    """Another process holds the lock."""


class Damaged(Exception):
    """A stored prediction that cannot be read: a failing disk or a person has changed its file."""


@contextmanager
def lock(path: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold an exclusive lock on a file; it ends with the process, however that ends.

    Args:
        wait: Seconds to wait for another holder.

    Raises:
        Busy: when another process still holds it then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Busy(str(path)) from None
                time.sleep(0.05)
        yield


def is_held(path: Path) -> bool:
    """Whether a process holds a lock; asked for a moment, by a shared lock that is given back at once."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run at one length."""

    path: Path
    length: int

    @classmethod
    def of(cls, book: Path, run: Run) -> "RunFolder":
        """Where a run of a book lies; nothing is made."""
        return cls(book / "runs" / run.id, run.length)

    @classmethod
    def all(cls, book: Path) -> Iterator["RunFolder"]:
        """Every folder of a book that holds a run and a length, ordered by name."""
        for at in sorted((book / "runs").glob("*/at-*")):
            if (at.parent / "config.json").exists():
                yield cls(at.parent, int(at.name.removeprefix("at-")))

    @property
    def at(self) -> Path:
        return self.path / f"at-{self.length}"

    @property
    def checkpoint(self) -> Path:
        return self.at / CHECKPOINT

    @property
    def trained(self) -> bool:
        """Whether what training made is there: always, where nothing is trained."""
        return self.length == 0 or self.checkpoint.is_file()

    @property
    def state(self) -> Path:
        return self.at / "state.safetensors"

    @property
    def out(self) -> Path:
        return self.at / OUT

    @property
    def reports(self) -> Path:
        return self.at / REPORTS

    @property
    def spent(self) -> Path:
        return self.at / "spent.json"

    @property
    def log(self) -> Path:
        return self.at / LOG

    def last_lines(self, number: int) -> str:
        """The end of the log; empty where there is none. Bytes that are no text are replaced."""
        if not self.log.is_file():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - number * LONGEST_LINE))
            text = file.read().decode(errors="replace")
        return "\n".join(line[-LONGEST_LINE:] for line in text.splitlines()[-number:])

    def lock(self, *, wait: float = 0.0) -> Any:
        """Hold the run; see `lock`."""
        return lock(self.path / "lock", wait=wait)

    # Run ------------------------------------------------------------------------------------------------

    def write_run(self, run: Run) -> None:
        """Write what the run is, unless it stands there already."""
        if not (self.path / "config.json").exists():
            self.rewrite_run(run)

    def rewrite_run(self, run: Run) -> None:
        """Write what the run is in the place of what stands there: an equal run whose paths are others by now."""
        write_json(self.path / "config.json", asdict(run))

    def read_run(self) -> Run:
        found = read_json(self.path / "config.json")
        found["configuration"] = Configuration(**found["configuration"])
        return Run(**found)

    # Outcome --------------------------------------------------------------------------------------------

    def write_outcome(self, outcome: Outcome) -> None:
        write_json(self.at / "outcome.json", asdict(outcome))

    def read_outcome(self) -> Outcome | None:
        """How the run ended, or None when it did not end yet."""
        path = self.at / "outcome.json"
        if not path.exists():
            return None
        found = read_json(path)
        return Outcome(**{**found, "costs": Costs(**found["costs"])})

    def forget_outcome(self) -> None:
        """Make the run one that has not ended; what it wrote stays."""
        (self.at / "outcome.json").unlink(missing_ok=True)

    # State ----------------------------------------------------------------------------------------------

    def write_spent(self, costs: Costs) -> None:
        """Write what a run took so far, where there is something to go on from."""
        if self.goes_on:
            write_json(self.spent, asdict(costs))

    def read_spent(self) -> Costs:
        """What a run took before; nothing where there is nothing to go on from."""
        return Costs(**read_json(self.spent)) if self.goes_on and self.spent.exists() else Costs()

    @property
    def goes_on(self) -> bool:
        """Whether there is what a stopped training goes on from: its state, or something that an own program wrote."""
        return self.state.exists() or (self.out.is_dir() and any(self.out.iterdir()))

    def forget_out(self) -> None:
        """Remove what an own program wrote, so that it begins anew."""
        if self.out.exists():
            shutil.rmtree(self.out)
        self.reports.unlink(missing_ok=True)

    def forget_state(self) -> None:
        """Let the next training begin at its first step."""
        self.state.unlink(missing_ok=True)
        self.spent.unlink(missing_ok=True)

    # Curve ----------------------------------------------------------------------------------------------

    def write_curve(self, points: Iterable[CurvePoint]) -> None:
        write_lines(self.at / "curve.jsonl", map(asdict, points))

    def read_curve(self) -> tuple[CurvePoint, ...]:
        return tuple(CurvePoint(**line) for line in _read_lines(self.at / "curve.jsonl"))

    # Scores: every method takes the id of a scoring -----------------------------------------------------

    def scores(self, scoring: str) -> Path:
        """The folder of all that a scoring made."""
        return self.at / "scores" / scoring

    def scorings(self) -> tuple[str, ...]:
        """Ids of the scorings that have measurements, in order."""
        return tuple(sorted(path.parent.name for path in self.at.glob("scores/*/measurements.jsonl")))

    def forget_scores(self) -> None:
        """Remove all that was made of the predictions; a scoring without measurements counts for nothing."""
        for path in self.at.glob("scores/*/measurements.jsonl"):
            path.unlink()
        if (self.at / "scores").exists():
            shutil.rmtree(self.at / "scores")

    def write_scoring(self, scoring: Scoring) -> None:
        write_json(self.scores(scoring.id) / "scoring.json", asdict(scoring))

    def read_scoring(self, scoring: str) -> Scoring:
        return Scoring(**read_json(self.scores(scoring) / "scoring.json"))

    def write_settings(self, scoring: str, settings: Iterable[Settings]) -> None:
        write_lines(self.scores(scoring) / "settings.jsonl", map(asdict, settings))

    def read_settings(self, scoring: str) -> tuple[Settings, ...]:
        return tuple(Settings(**line) for line in _read_lines(self.scores(scoring) / "settings.jsonl"))

    def write_measurements(self, scoring: str, measurements: Iterable[Measurement]) -> None:
        """To be called last: they vouch for settings and pictures."""
        write_lines(self.scores(scoring) / "measurements.jsonl", map(asdict, measurements))

    def read_measurements(self, scoring: str) -> tuple[Measurement, ...]:
        return tuple(Measurement(**line) for line in _read_lines(self.scores(scoring) / "measurements.jsonl"))

    def picture_path(self, scoring: str, split: str, item: str, panel: str) -> Path:
        return self.scores(scoring) / "pictures" / split / item / f"{panel}.png"

    def picture_list(self, scoring: str, split: str) -> Path:
        """The file that lists a split's pictures; it is written after them."""
        return self.scores(scoring) / "pictures" / f"{split}.jsonl"

    def drawn(self, scoring: str, split: str) -> bool:
        """Whether a split's pictures are listed and all of them are there."""
        panels = (panel for picture in self.pictures(scoring, split) for panel in picture.panels.values())
        return self.picture_list(scoring, split).exists() and all(Path(panel).exists() for panel in panels)

    def pictures(self, scoring: str, split: str) -> tuple[Picture, ...]:
        """The pictures that are listed, in the order of their items; paths are absolute."""
        folder = str(self.scores(scoring) / "pictures" / split)  # text: a study has tens of thousands of them
        return tuple(
            Picture(
                item=found["item"],
                caption=found["caption"],
                panels={panel: f"{folder}/{found['item']}/{panel}.png" for panel in found["panels"]},
                pixels=_pixels(found["pixels"]) if "pixels" in found else None,
            )
            for found in _read_lines(self.picture_list(scoring, split))
        )

    # Ratings --------------------------------------------------------------------------------------------

    def add_ratings(self, ratings: Iterable[Rating]) -> None:
        """Add what a person thinks of this run's masks; the ratings that it replaces stay in the file."""
        added = [{"metric": "rating", "length": self.length, **asdict(rating)} for rating in ratings]
        write_lines(self._ratings, [*_read_lines(self._ratings), *added])

    def read_ratings(self) -> tuple[Rating, ...]:
        """Ratings that count, ordered by split, item and rater, a blind one last: the latest of each."""
        found: dict[tuple[str, str, str, bool], Rating] = {}
        for line in _read_lines(self._ratings):
            if line.pop("metric") == "rating" and line.pop("length") == self.length:
                rating = Rating(**line)
                found[rating.split, rating.item, rating.rater, rating.blind] = rating
        return tuple(found[key] for key in sorted(found))

    @property
    def _ratings(self) -> Path:
        return self.path / "ratings.jsonl"

    # Raw predictions ------------------------------------------------------------------------------------

    def write_prediction(self, split: str, item: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """One item's raw arrays, compressed, atomically."""
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
        write_atomically(self.at / "predictions" / split / f"{item}.npz", file.getvalue())

    def read_predictions(self, split: str) -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
        """(item, arrays) ordered by item name.

        Raises:
            Damaged: when a file cannot be read.
        """
        for path in sorted((self.at / "predictions" / split).glob("*.npz")):
            yield path.stem, _arrays(path)

    def predicted(self, split: str) -> tuple[str, ...]:
        """Names of the items that have raw predictions, in order."""
        return tuple(path.stem for path in sorted((self.at / "predictions" / split).glob("*.npz")))

    def read_prediction(self, split: str, item: str) -> dict[str, NDArray[Any]] | None:
        """One item's raw arrays, or None when they are not stored.

        Raises:
            Damaged: when the file cannot be read.
        """
        path = self.at / "predictions" / split / f"{item}.npz"
        return _arrays(path) if path.exists() else None


def _pixels(found: Mapping[str, Any]) -> Pixels:
    return Pixels(tuple(found["background"]), tuple(found["foreground"]), found["threshold"])


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # numpy, zipfile, zlib and tokenize have no error in common for a damaged file
        raise Damaged(f"{path}: {type(error).__name__}: {error}") from error


def digest_of_arrays(items: Iterable[tuple[str, Mapping[str, NDArray[Any]]]]) -> str:
    """sha256 of arrays by content, dtype and shape, whatever the file format around them."""
    total = hashlib.sha256()
    for item, arrays in items:
        for name in sorted(arrays):
            array = np.ascontiguousarray(arrays[name])
            total.update(f"{item}\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
            total.update(array.tobytes())
    return total.hexdigest()

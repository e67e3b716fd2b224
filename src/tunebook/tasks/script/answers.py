"""What a program answered, as the checkpoint of its run: metrics, and the predictions that it wrote.

out/predictions/val.csv     item,probability      one row an item; any number of columns of numbers
out/predictions/val.npz     arrays of one length, `item` among them
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from tunebook.errors import Crashed, Diverged
from tunebook.folders import write_atomically
from tunebook.records import canonical_json
from tunebook.tasks.script.reports import Reported

PREDICTIONS = "predictions"
ITEM = "item"

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Answer:
    """All that a program answered.

    Args:
        splits: Split -> metric -> value.
        tables: Split -> column -> a value for each item, `item` among them.
    """

    splits: Mapping[str, Mapping[str, Reported]]
    tables: Mapping[str, Arrays]

    def write(self, path: Path) -> None:
        """Put it in a file whose bytes depend on it alone."""
        said = {
            "splits": self.splits,
            "items": {split: [str(item) for item in table[ITEM]] for split, table in self.tables.items()},
        }
        arrays = {"answer": packed(said)}
        for split, table in self.tables.items():
            arrays |= {f"{split}/{name}": np.ascontiguousarray(table[name]) for name in sorted(table) if name != ITEM}
        write_atomically(path, save(arrays))

    @classmethod
    def read(cls, path: Path) -> "Answer":
        """What `write` wrote."""
        arrays = load(path.read_bytes())
        said = unpacked(arrays.pop("answer"))
        tables: dict[str, dict[str, NDArray[Any]]] = {
            split: {ITEM: np.array(items)} for split, items in said["items"].items()
        }
        for name, array in arrays.items():
            split, _, column = name.partition("/")
            tables[split][column] = array
        return cls(said["splits"], tables)


def packed(value: object) -> NDArray[np.uint8]:
    """Plain values as bytes in an array."""
    return np.frombuffer(canonical_json(value).encode(), dtype=np.uint8)


def unpacked(array: NDArray[Any]) -> Any:
    """The plain values in it."""
    return json.loads(array.tobytes())


def tables_in(out: Path) -> dict[str, Arrays]:
    """Split -> the predictions that a program wrote of it.

    Raises:
        Crashed: for a file that is not as described above.
        Diverged: for a number that is not finite.
    """
    found: dict[str, Arrays] = {}
    for path in sorted((out / PREDICTIONS).glob("*")):
        if path.suffix not in (".csv", ".npz") or path.stem in found:
            continue
        table = _of_csv(path) if path.suffix == ".csv" else _of_npz(path)
        items = [str(item) for item in table[ITEM]]
        if len(set(items)) < len(items):
            raise Crashed(f"{_named(path)} must have one row for each item; {_twice(items)} is there more than once")
        for name, column in table.items():
            if name != ITEM and column.dtype.kind == "f" and not np.isfinite(column).all():
                raise Diverged(f"{name} in {_named(path)} is not finite")
        found[path.stem] = table
    return found


def _of_csv(path: Path) -> Arrays:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or ITEM not in rows[0] or len(rows) == 1:
        raise Crashed(f"{_named(path)} must have a line of column names with {ITEM}, and a row for each item")
    short = next((i for i, row in enumerate(rows, 1) if len(row) != len(rows[0])), None)
    if short is not None:
        raise Crashed(f"line {short} of {_named(path)} must have {len(rows[0])} values; it has {len(rows[short - 1])}")
    columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))
    return {
        name: np.array(values) if name == ITEM else _numbers(values, name, path) for name, values in columns.items()
    }


def _numbers(values: tuple[str, ...], name: str, path: Path) -> NDArray[Any]:
    try:
        return np.array([float(value) for value in values])
    except ValueError as error:
        raise Crashed(f"{name} in {_named(path)} must be numbers; {error}") from None


def _of_npz(path: Path) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            table = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError) as error:
        raise Crashed(f"{_named(path)} must be arrays in an npz file; {error}") from None
    lengths = {len(array) if array.ndim else 0 for array in table.values()}
    numbers = all(array.dtype.kind in "biuf" for name, array in table.items() if name != ITEM)
    if ITEM not in table or table[ITEM].ndim != 1 or len(lengths) != 1 or not numbers:
        raise Crashed(f"{_named(path)} must hold {ITEM}, and arrays of numbers that are as long")
    return table


def _named(path: Path) -> str:
    return f"{PREDICTIONS}/{path.name}"


def _twice(items: list[str]) -> str:
    return next(item for item in items if items.count(item) > 1)

"""A CSV file of runs as a Frame: the separator is found, and every line has the cells of the first."""

import ast
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tunebook.errors import DataError, Problem
from tunebook.foreign.cells import is_empty, said
from tunebook.foreign.frames import Frame, Line
from tunebook.records import Scalar

SEPARATORS = ",;\t"
MOST_PROBLEMS = 10
"""How many lines a refusal names."""
LARGEST_CELL = 1_000_000
OPTUNA = "params_"
"""What Optuna's data frame writes before a parameter: its points come from a search."""


def read_csv(path: Path) -> Frame:
    """Read a table of runs, one run a line, under a first line with the names of the columns.

    Columns without a name (an index that a program wrote) are left out. A column whose cells are mappings
    (`{'lr': 0.1}`, as W&B's own example exports them) becomes a column for each key.

    Raises:
        DataError: when it is no such table, with the line of each mistake.
    """
    records, separator = _records(path)
    if not records:
        raise DataError(Problem(str(path), "must have a line of column names; it is empty", "export it again"))
    (_, header), *rest = records
    columns = _columns(path, header)
    if not rest:
        raise DataError(Problem(str(path), "must have a line for each run; it has only the line of names"))
    problems = [
        Problem(f"{path}:{number}", f"must have {len(header)} cells, as the first line has; got {len(cells)}")
        for number, cells in rest
        if len(cells) < len(header) or any(map(str.strip, cells[len(header) :]))
    ]
    if problems:
        raise DataError(*few(problems))
    comma = separator == ";"
    lines = []
    for number, cells in rest:
        there = {name: cells[at] for at, name in columns.items() if not is_empty(cells[at])}
        found = {name: said(text, decimal_comma=comma) for name, text in there.items()}
        lines.append(Line(f"{path}:{number}", f"line {number}", found))
    names = tuple(columns.values())
    searched = any(name.startswith(OPTUNA) for name in names)
    return _unfolded(Frame(str(path), path.stem, names, lines, searched=searched))


def few(problems: Sequence[Problem]) -> list[Problem]:
    """The first problems, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    left = [Problem("", f"and {more} more like these")] if more > 0 else []
    return [*problems[:MOST_PROBLEMS], *left]


def _records(path: Path) -> tuple[list[tuple[int, list[str]]], str]:
    """Every line that is not blank, with its number, and what separates its cells.

    A quoted cell may hold several lines of the file.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"must be text in UTF-8; byte {error.start} is not"
        raise DataError(Problem(str(path), message, "save it as CSV in UTF-8; a spreadsheet is no CSV file")) from None
    first = text.lstrip("\r\n").partition("\n")[0]
    csv.field_size_limit(LARGEST_CELL)
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))], separator
    except csv.Error as error:
        message = f"must be a line of CSV; got {error}"
        raise DataError(Problem(f"{path}:{reader.line_num}", message, "close the quotation marks")) from None


def _columns(path: Path, header: Sequence[str]) -> dict[int, str]:
    """Position -> name, without those that have none."""
    columns = {at: name.strip() for at, name in enumerate(header) if name.strip()}
    twice = sorted({name for name in columns.values() if list(columns.values()).count(name) > 1})
    if twice:
        raise DataError(*(Problem(f"{path}:1", f"must name each column once; {name} is there twice") for name in twice))
    if not columns:
        raise DataError(Problem(f"{path}:1", "must name the columns; got no name"))
    return columns


# Mappings in cells ------------------------------------------------------------------------------------


def _unfolded(frame: Frame) -> Frame:
    folded = [column for column in frame.columns if _holds_mappings(frame.values(column))]
    if not folded:
        return frame
    lines = [replace(line, cells=dict(_unfold(line, folded))) for line in frame.lines]
    found = dict.fromkeys(name for line in lines for name in line.cells)
    return replace(frame, columns=tuple(found), lines=lines)


def _holds_mappings(values: Sequence[Scalar]) -> bool:
    return bool(values) and all(isinstance(value, str) and value[:1] == "{" and value[-1:] == "}" for value in values)


def _unfold(line: Line, folded: Sequence[str]) -> Iterator[tuple[str, Scalar]]:
    for column, cell in line.cells.items():
        if column in folded:
            yield from _flat(_mapping(str(cell), line.place, column), column)
        else:
            yield column, cell


def _flat(value: Any, name: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}")
    else:
        yield name, value if isinstance(value, bool | int | float | str) or value is None else str(value)


def _mapping(text: str, place: str, column: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # not JSON: as Python writes it
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        message = f"{column} must be a mapping that can be read; got {text[:60]}"
        hint = "export a column for each key (pandas: json_normalize)"
        raise DataError(Problem(place, message, hint)) from None

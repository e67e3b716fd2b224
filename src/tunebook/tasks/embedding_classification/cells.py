"""The cells of a table that was opened: as text, as numbers, as labels, as embeddings.

Rows are counted from 0, as polars and pandas count them. Importing this takes a tenth of a second (polars).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import polars
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed

SINGLE = (polars.String, polars.Categorical, polars.Enum, polars.Boolean, polars.Decimal, polars.Null)


@contextmanager
def collected(problems: list[Problem]) -> Iterator[None]:
    """Put the problems of a DataError into a list and go on, so that all are said at once."""
    try:
        yield
    except DataError as error:
        problems += [problem for problem in error.problems if problem not in problems]


@dataclass(frozen=True)
class Cells:
    """Some rows of a table.

    Args:
        place: The file, for messages.
        frame: The columns that a configuration names.
        numbers: Of each row in the file.
    """

    place: str
    frame: polars.DataFrame
    numbers: Int[np.ndarray, " rows"]

    @classmethod
    def of(cls, place: str, frame: polars.DataFrame) -> "Cells":
        """All rows of a frame."""
        return cls(place, frame, np.arange(frame.height))

    def where(self, chosen: Bool[np.ndarray, " rows"]) -> "Cells":
        """The chosen rows, which keep their numbers."""
        if chosen.all():
            return self
        return Cells(self.place, self.frame.filter(polars.Series(chosen)), self.numbers[chosen])

    def at(self, column: str) -> str:
        """A column's place in a message."""
        return f"{self.place}, column {column}"

    def texts(self, column: str) -> tuple[str | None, ...]:
        """Each cell as text: numbers without a trailing .0, true and false in small letters, None for null and NaN.

        Raises:
            DataError: when the column holds lists, or anything else that is no single value.
        """
        found = self.frame[column]
        dtype = found.dtype
        if dtype.is_float():
            return tuple(map(_digits, found.to_list()))
        if not (dtype.is_integer() or dtype.is_temporal() or dtype in SINGLE):
            raise DataError(Problem(self.at(column), f"must hold one value a row, text or a number; got {dtype}"))
        return tuple(found.cast(polars.String).to_list())

    def named(self, column: str) -> tuple[str, ...]:
        """Each cell as text, as `texts`.

        Raises:
            DataError: also when a row has no value, or an empty text.
        """
        found = self.texts(column)
        absent = np.array([not value for value in found], dtype=bool)
        if absent.any():
            raise DataError(Problem(self.at(column), f"must have a value in every row; {self._rows(absent)} none"))
        return tuple(value for value in found if value)

    def combined(self, columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """Each row's values of several columns; empty tuples where no column is asked for.

        Raises:
            DataError: as `named`, of all columns at once.
        """
        problems: list[Problem] = []
        found: list[tuple[str, ...]] = []
        for column in columns:
            with collected(problems):
                found.append(self.named(column))
        if problems:
            raise DataError(*problems)
        return tuple(zip(*found, strict=True)) if columns else ((),) * self.frame.height

    def measured(self, column: str) -> Float[np.ndarray, " rows"]:
        """A column of numbers, float64; NaN where there is none.

        Raises:
            DataError: when it holds no numbers.
        """
        found = self.frame[column]
        if not (found.dtype.is_numeric() or found.dtype == polars.Null):
            raise DataError(Problem(self.at(column), f"must hold numbers; got {found.dtype}"))
        return np.array(found.to_list(), dtype=np.float64)

    def has_lists(self, column: str) -> bool:
        """Whether the cells of a column are lists."""
        return isinstance(self.frame[column].dtype, polars.List | polars.Array)

    def labels(self, column: str, *, separator: str | None) -> tuple[tuple[str, ...], ...]:
        """The labels of each row: one, those of its list, or those between separators; a list may be empty.

        Raises:
            DataError: when a row has no label (null), or a list holds null.
        """
        if self.has_lists(column):
            return self._listed(column)
        if separator is None:
            return tuple((label,) for label in self.named(column))
        found = self.texts(column)
        self._without_null(column, np.array([value is None for value in found], dtype=bool), empty="text")
        parts = ((value or "").split(separator) for value in found)
        return tuple(tuple(part.strip() for part in each if part.strip()) for each in parts)

    def embeddings(self, column: str) -> Float[np.ndarray, "rows width"]:
        """float32; NaN throughout in a row that has none: null, or nothing but NaN.

        Raises:
            DataError: for no lists of numbers, lists of unequal length, no embedding at all, or an embedding that
                holds NaN, null or infinity: all rows at once.
        """
        values, here = self._flat(column)
        nothing = np.isnan(values).all(axis=1)
        spoilt = np.asarray(~(nothing | np.isfinite(values).all(axis=1)))
        if spoilt.any():
            message = f"must hold finite numbers alone; {self._rows(here, spoilt)} NaN, null or infinity among them"
            hint = "a row without an embedding is null, or NaN throughout: it counts as not scored"
            raise DataError(Problem(self.at(column), message, hint))
        if nothing.all():
            raise DataError(Problem(self.at(column), "must hold an embedding in at least one row; got none"))
        if here.all():
            return values
        full = np.full((len(here), values.shape[1]), np.nan, dtype=np.float32)
        full[here] = values
        return full

    def _flat(self, column: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The embeddings of the rows that are not null, and which rows these are."""
        found = self.frame[column]
        dtype = found.dtype
        if not (isinstance(dtype, polars.List | polars.Array) and dtype.inner.is_numeric()):
            raise DataError(Problem(self.at(column), f"must hold lists of numbers; got {dtype}"))
        here = found.is_not_null().to_numpy()
        kept = found.drop_nulls()
        lengths = kept.list.len().to_numpy() if isinstance(dtype, polars.List) else np.full(len(kept), dtype.size)
        width = int(np.bincount(lengths).argmax()) if len(lengths) else 0
        if (lengths != width).any():
            message = f"must hold lists of one length; most have {width} numbers, {self._rows(here, lengths != width)}"
            raise DataError(Problem(self.at(column), f"{message} another number"))
        if width == 0:
            raise DataError(Problem(self.at(column), "must hold an embedding in at least one row; got none"))
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite, and refused
            return kept.explode().to_numpy().astype(np.float32, copy=False).reshape(-1, width), here

    def _listed(self, column: str) -> tuple[tuple[str, ...], ...]:
        found = self.frame[column]
        if isinstance(found.dtype, polars.Array):
            found = found.arr.to_list()
        holes = found.list.eval(polars.element().is_null()).list.any()
        self._without_null(column, (found.is_null() | holes).to_numpy().astype(bool), empty="list")
        lengths = found.list.len().to_numpy()
        inner = polars.DataFrame({column: found.filter(found.list.len() > 0).explode()})
        each = Cells.of(self.place, inner).named(column)
        ends = np.cumsum(lengths)
        return tuple(each[end - length : end] for end, length in zip(ends, lengths, strict=True))

    def _without_null(self, column: str, absent: NDArray[np.bool_], *, empty: str) -> None:
        if absent.any():
            message = f"must have a label in every row; {self._rows(absent)} null"
            raise DataError(Problem(self.at(column), message, f"an empty {empty} stands for no class"))

    def _rows(self, *chosen: NDArray[np.bool_]) -> str:
        """`row 3 has`, `rows 3, 5 have`; the second choice is among the rows of the first."""
        numbers = self.numbers
        for each in chosen:
            numbers = numbers[each]
        return f"row {numbers[0]} has" if len(numbers) == 1 else f"rows {listed(map(str, numbers))} have"


def _digits(value: float | None) -> str | None:
    if value is None or np.isnan(value):
        return None
    return str(int(value)) if value.is_integer() else repr(value)

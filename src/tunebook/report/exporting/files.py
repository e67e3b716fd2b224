"""The long table as a file: CSV for everyone, Parquet with its types."""

import io
from typing import TYPE_CHECKING

from tunebook.report.exporting.long import Long

if TYPE_CHECKING:
    import polars


def csv(table: Long) -> bytes:
    """UTF-8 text with a line of names, commas and quotes where they are needed; equal tables give equal bytes."""
    return _frame(table).write_csv().encode()


def parquet(table: Long) -> bytes:
    """Parquet: text, whole numbers, numbers (double) and truths, null where a cell is empty."""
    file = io.BytesIO()
    _frame(table).write_parquet(file)
    return file.getvalue()


def _frame(table: Long) -> "polars.DataFrame":
    import polars  # noqa: PLC0415  a tenth of a second that only an export waits for

    types = {bool: polars.Boolean, int: polars.Int64, float: polars.Float64, str: polars.String}
    return polars.DataFrame(
        [polars.Series(column.name, column.values, dtype=types[column.kind]) for column in table.columns]
    )

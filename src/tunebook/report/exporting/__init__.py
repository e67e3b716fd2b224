"""A study for other programs: a long table of its runs, or the leaderboard for a paper."""

from tunebook.report.exporting.files import csv, parquet
from tunebook.report.exporting.latex import latex
from tunebook.report.exporting.long import COST_COLUMNS, FIRST_COLUMNS, LAST_COLUMNS, Long, long

__all__ = ["COST_COLUMNS", "FIRST_COLUMNS", "LAST_COLUMNS", "Long", "csv", "latex", "long", "parquet"]

"""Tables of runs that others made: a CSV file or an Optuna database as the Table of a study. Nothing is written."""

from tunebook.foreign.asking import Asked
from tunebook.foreign.assembling import Foreign, assemble
from tunebook.foreign.csv_files import read_csv
from tunebook.foreign.frames import Frame, Line
from tunebook.foreign.optuna_databases import read_optuna

__all__ = ["Asked", "Foreign", "Frame", "Line", "assemble", "read_csv", "read_optuna"]

"""From the cells of a plan to runs: what they read, and why a study holds them."""

from tunebook.runs.baselines import baseline_cells, baseline_runs
from tunebook.runs.held import control_runs, fresh_runs, noise_runs, search_runs, upstream_of
from tunebook.runs.inputs import Inputs, middle, with_roots
from tunebook.runs.shelf import NO_SEED, Shelf, current_decision, decision_of, moved
from tunebook.runs.surveys import Surveyed, data_of
from tunebook.runs.surveys import identity as survey_identity
from tunebook.runs.surveys import make as make_surveys
from tunebook.runs.surveys import read as surveys

__all__ = [
    "NO_SEED", "Inputs", "Shelf", "Surveyed", "baseline_cells", "baseline_runs", "control_runs", "current_decision",
    "data_of", "decision_of", "fresh_runs", "make_surveys", "middle", "moved", "noise_runs", "search_runs",
    "survey_identity", "surveys", "upstream_of", "with_roots",
]  # fmt: skip

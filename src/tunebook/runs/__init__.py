"""From the cells of a plan to runs: what they read, and why a study holds them."""

from tunebook.runs.baselines import baseline_cells, baseline_runs
from tunebook.runs.held import control_runs, fresh_runs, noise_runs, search_runs, upstream_of
from tunebook.runs.inputs import Inputs, middle
from tunebook.runs.shelf import NO_SEED, Shelf, current_decision, decision_of, moved

__all__ = [
    "NO_SEED", "Inputs", "Shelf", "baseline_cells", "baseline_runs", "control_runs", "current_decision",
    "decision_of", "fresh_runs", "middle", "moved", "noise_runs", "search_runs", "upstream_of",
]  # fmt: skip

"""What a table means: pure functions from a Table to frozen results. No files, no torch, no HTML."""

from tunebook.analyse.alternatives import BestResults, alternatives
from tunebook.analyse.choosing import Representative, Representatives, representatives
from tunebook.analyse.decision import Judgement, decide, judge
from tunebook.analyse.findings import Finding, findings
from tunebook.analyse.grid import Heatmap, Square, heatmap, heatmaps
from tunebook.analyse.leaderboard import Column, Leaderboard, Standing, leaderboard
from tunebook.analyse.learning import Curve, Curves, curves
from tunebook.analyse.scores import Cell, Entry, Unavailable, cases, cell, ordered, searched

__all__ = [
    "BestResults", "Cell", "Column", "Curve", "Curves", "Entry", "Finding", "Heatmap", "Judgement", "Leaderboard",
    "Representative", "Representatives", "Square", "Standing", "Unavailable",
    "alternatives", "cases", "cell", "curves", "decide", "findings", "heatmap", "heatmaps", "judge", "leaderboard",
    "ordered", "representatives", "searched",
]  # fmt: skip

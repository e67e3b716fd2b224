"""What a table means: pure functions from a Table to frozen results. No files, no torch, no HTML."""

from tunebook.analyse.alternatives import BestResults, alternatives
from tunebook.analyse.choosing import Representative, Representatives, places, representatives
from tunebook.analyse.decision import Judgement, decide, judge, outdated
from tunebook.analyse.differences import Difference, difference, reach
from tunebook.analyse.edges import Edge, edges
from tunebook.analyse.findings import CODES, Finding, findings
from tunebook.analyse.grid import Heatmap, Square, heatmap, heatmaps
from tunebook.analyse.leaderboard import Column, Leaderboard, Standing, columns_of, leaderboard, standings
from tunebook.analyse.learning import Curve, Curves, curves
from tunebook.analyse.nearness import Near, near
from tunebook.analyse.scores import Cell, Entry, Unavailable, all_runs, called, cases, cell, ordered, searched

__all__ = [
    "CODES", "BestResults", "Cell", "Column", "Curve", "Curves", "Difference", "Edge", "Entry", "Finding", "Heatmap",
    "Judgement", "Leaderboard", "Near", "Representative", "Representatives", "Square", "Standing", "Unavailable",
    "all_runs", "alternatives", "called", "cases", "cell", "columns_of", "curves", "decide", "difference", "edges",
    "findings", "heatmap", "heatmaps", "judge", "leaderboard", "near", "ordered", "outdated", "places", "reach",
    "representatives", "searched", "standings",
]  # fmt: skip

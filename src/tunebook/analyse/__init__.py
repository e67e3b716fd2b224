"""What a table means: pure functions from a Table to frozen results. No files, no torch, no HTML."""

from tunebook.analyse.alternatives import BestResults, alternatives
from tunebook.analyse.audit import CODES, Code, ControlResult, Finding, controls, findings
from tunebook.analyse.baselines import Against, Baselines, Lead, baselines
from tunebook.analyse.choosing import Representative, Representatives, places, representatives
from tunebook.analyse.compared import Compared
from tunebook.analyse.comparing import comparison
from tunebook.analyse.comparisons import Difference, Near, against_best, difference, near
from tunebook.analyse.costs import costs_of, preferences, simplicity
from tunebook.analyse.decision import Candidate, Judgement, decide, judge, outdated, standing
from tunebook.analyse.edges import Edge, edges
from tunebook.analyse.effects import Effects, effects
from tunebook.analyse.finals import Final, Optimism, confirmed, finalists, optimism
from tunebook.analyse.grid import Heatmap, Square, heatmap, heatmaps
from tunebook.analyse.interactions import Interaction
from tunebook.analyse.leaderboard import Column, Leaderboard, Standing, columns_of, leaderboard, standings
from tunebook.analyse.learning import Curve, Curves, curves
from tunebook.analyse.main_effects import Effect, Level
from tunebook.analyse.overruling import overruled, single_out, stands
from tunebook.analyse.rules import rule_in_words
from tunebook.analyse.scores import (
    COMPARED,
    Cell,
    Entry,
    Unavailable,
    all_runs,
    called,
    cases,
    cell,
    ordered,
    runs_of,
    searched,
)
from tunebook.analyse.sureness import Sure, sureness

__all__ = [
    "Against", "Baselines", "BestResults", "CODES", "COMPARED", "Candidate", "Cell", "Code", "Column", "Compared",
    "ControlResult", "Curve", "Curves", "Difference", "Edge", "Effect", "Effects", "Entry", "Final", "Finding",
    "Heatmap", "Interaction", "Judgement", "Lead", "Leaderboard", "Level", "Near", "Optimism", "Representative",
    "Representatives", "Square", "Standing", "Sure", "Unavailable", "against_best", "all_runs", "alternatives",
    "baselines", "called", "cases", "cell", "columns_of", "comparison", "confirmed", "controls", "costs_of",
    "curves", "decide", "difference", "edges", "effects", "finalists", "findings", "heatmap", "heatmaps", "judge",
    "leaderboard", "near", "optimism", "ordered", "outdated", "overruled", "places", "preferences", "standing",
    "representatives", "rule_in_words", "runs_of", "searched", "simplicity", "single_out", "standings", "stands",
    "sureness",
]  # fmt: skip

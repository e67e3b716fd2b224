"""What a table means: pure functions from a Table to frozen results. No files, no torch, no HTML."""

from tunebook.analyse.alternatives import BestResults, alternatives
from tunebook.analyse.audit import CODES, Code, ControlResult, Finding, controls, findings, not_yet
from tunebook.analyse.baselines import Against, Baselines, Lead, baselines
from tunebook.analyse.choosing import Representative, Representatives, pictured_run, places, representatives
from tunebook.analyse.compared import Compared
from tunebook.analyse.comparing import comparison
from tunebook.analyse.comparisons import Difference, Near, against_best, difference, near
from tunebook.analyse.costs import costs_of, preferences, simplicity
from tunebook.analyse.decision import Candidate, Judgement, decide, judge, outdated, standing
from tunebook.analyse.edges import Edge, edges
from tunebook.analyse.effects import Effects, effects
from tunebook.analyse.finals import Final, Optimism, confirmed, finalists, optimism
from tunebook.analyse.grid import Heatmap, Square, heatmap, heatmaps, under_every_name
from tunebook.analyse.interactions import Interaction
from tunebook.analyse.leaderboard import Column, Leaderboard, Standing, columns_of, leaderboard, standings
from tunebook.analyse.learning import Curve, Curves, curves
from tunebook.analyse.looks import Items, VisualGroup, VisualGroups, shown_items, shown_runs, visual_groups
from tunebook.analyse.main_effects import Effect, Level
from tunebook.analyse.masks import KINDS, Confusion, Kind, Kinds, Masks, kinds, pictured_split
from tunebook.analyse.overruling import overruled, single_out, stands
from tunebook.analyse.progress import Progress, decidable, is_open, progress
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
from tunebook.analyse.searching import stopped_early, stopped_words
from tunebook.analyse.sureness import Sure, sureness

__all__ = [
    "Against", "Baselines", "BestResults", "CODES", "COMPARED", "Candidate", "Cell", "Code", "Column", "Compared",
    "Confusion", "ControlResult", "Curve", "Curves", "Difference", "Edge", "Effect", "Effects", "Entry", "Final",
    "Finding", "Heatmap", "Interaction", "Items", "Judgement", "KINDS", "Kind", "Kinds", "Lead", "Leaderboard",
    "Level", "Masks", "Near", "Optimism", "Progress", "Representative", "Representatives", "Square", "Standing",
    "Sure", "Unavailable", "VisualGroup", "VisualGroups", "against_best", "all_runs", "alternatives", "baselines",
    "called", "cases", "cell", "columns_of", "comparison", "confirmed", "controls", "costs_of", "curves", "decidable",
    "decide", "difference", "edges", "effects", "finalists", "findings", "heatmap", "heatmaps", "is_open", "judge",
    "kinds", "leaderboard", "near", "not_yet", "optimism", "ordered", "outdated", "overruled", "pictured_run",
    "pictured_split", "places", "preferences", "progress", "representatives", "rule_in_words", "runs_of", "searched",
    "shown_items", "shown_runs", "simplicity", "single_out", "standing", "standings", "stands", "stopped_early",
    "stopped_words", "sureness", "under_every_name", "visual_groups",
]  # fmt: skip

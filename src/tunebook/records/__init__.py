"""The frozen values that pass between the rooms.

Everything here is plain data: text, numbers, mappings and tuples, so that any value can be written as
JSON and read back equal. No value knows a path, a process or a database.
"""

from tunebook.records.notes import Note, Stop
from tunebook.records.pictures import Picture, PictureChoice, Pixels
from tunebook.records.runs import (
    DATA_ROOT,
    Case,
    Configuration,
    Costs,
    CurvePoint,
    Measurement,
    Outcome,
    PlannedRun,
    Role,
    Run,
    Scalar,
    Scoring,
    Settings,
    canonical_json,
    digest,
)
from tunebook.records.surveys import DataFacts, SplitFacts
from tunebook.records.tables import (
    COSTS,
    Change,
    Chapter,
    Control,
    Decision,
    Excluded,
    MetricFacts,
    Overruling,
    Part,
    Rating,
    Row,
    RuleArgument,
    RunFacts,
    State,
    Table,
    Upstream,
)

__all__ = [
    "canonical_json", "Case", "Change", "Chapter", "Configuration", "Control", "COSTS", "Costs", "CurvePoint",
    "DATA_ROOT", "DataFacts", "Decision", "digest", "Excluded", "Measurement", "MetricFacts", "Note", "Outcome",
    "Overruling", "Part", "Picture", "PictureChoice", "Pixels", "PlannedRun", "Rating", "Role", "Row", "RuleArgument",
    "Run", "RunFacts", "Scalar", "Scoring", "Settings", "SplitFacts", "State", "Stop", "Table", "Upstream",
]  # fmt: skip

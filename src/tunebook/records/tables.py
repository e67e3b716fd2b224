"""A study with all its runs, as analysis reads it and pages show it: a table, and the decision made on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tunebook.records.notes import Note, Stop
from tunebook.records.pictures import Picture, PictureChoice
from tunebook.records.runs import Case, Costs, CurvePoint, Role, Scalar, Settings
from tunebook.records.surveys import DataFacts

COSTS = ("trainable_parameters", "seconds", "cpu_seconds", "peak_memory_gb")
"""What a study may bound, or prefer little of. Seconds are of a run (wall clock, CPU), memory is in 10^9 bytes."""
RuleArgument = float | Mapping[str, float] | Sequence[str] | None
"""What a rule is given: how many sd (`lower-bound`), metric -> weight (`weights`), what is traded off (`pareto`)."""


@dataclass(frozen=True)
class Overruling:
    """A person chose otherwise than the rule.

    Args:
        configuration: Id of the configuration that the rule chose, `label` what it is called, `score` its mean.
        because: The person's reason, in their words. `by`: who it was. `on`: the day, 2030-01-31.
    """

    configuration: str
    label: str
    score: float
    because: str
    by: str
    on: str


@dataclass(frozen=True)
class Decision:
    """The configuration carried forward, the rule that chose it, and the evidence.

    Args:
        study: Name of the study.
        configuration: Id of the chosen configuration (without case).
        label: The values that single it out, for people.
        values: Its resolved values, nested.
        rule: `best-mean`; `argument` is what the study gives it, if it takes any.
        metric: The metric of the rule, and `split` where it was read.
        score: Mean on that split.
        candidates: Configuration id -> mean, in the order of the rule, the chosen one first.
        runs: Seed -> run id of the chosen configuration (one entry `-1` when no seed matters).
        scoring: Id of the scoring that the scores are of.
        left_open: Dotted paths of the fields that the study crossed with every configuration: `values` holds none of
            them, and whoever builds on it gives them.
        role: Which runs the scores are of: those of the search, or of the finalists on fresh seeds.
        evidence: Why the rule chose it, one sentence each, with the numbers.
        overruled: What the rule had chosen, where a person decided otherwise: then `configuration` is the person's.
        stopped: Where the study's limit ended the search before all was tried, what was: `its limit of 40 runs: 12 of
            49 configurations were run`; a part of a sentence.
    """

    study: str
    configuration: str
    label: str
    values: Mapping[str, Any]
    rule: str
    metric: str
    split: str
    score: float
    candidates: Mapping[str, float]
    runs: Mapping[int, str]
    scoring: str = ""
    left_open: Sequence[str] = ()
    argument: RuleArgument = None
    role: Role = "search"
    evidence: Sequence[str] = ()
    overruled: Overruling | None = None
    stopped: str = ""


@dataclass(frozen=True)
class MetricFacts:
    """What a reader must know of a metric.

    Args:
        name: Full name, `ais.msa`.
        direction: `maximize` or `minimize`.
        meaning: One sentence.
        zero: What 0 means. `one`: what 1 means.
        mode: Settings of this mode are behind it (`ais`, `threshold`); empty when none are.
    """

    name: str
    direction: Literal["maximize", "minimize"]
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    zero: str = ""
    one: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Rating:
    """What a person thinks of one run's mask of one item.

    Args:
        value: 1 (worst) to 5 (best).
        blind: Whether the rater saw neither names nor scores.
        on: The day, 2030-01-31.
        threshold: From this probability (0..1) on pixels were shown as predicted; None where a mask has none.
    """

    split: str
    item: str
    value: int
    rater: str
    blind: bool
    on: str
    threshold: float | None = None


@dataclass(frozen=True)
class Part:
    """The score of a part of a split: of a speaker, a site, a file.

    Args:
        n: How many things were scored in it. `expected`: how many there are.
    """

    value: float
    n: int
    expected: int


@dataclass(frozen=True)
class RunFacts:
    """One run as a page needs it.

    Args:
        scores: (metric, split) -> aggregate value.
        items: (metric, split) -> item name -> value: a sample of what the split could have held.
        parts: (metric, split) -> name of a part -> its score, where a metric is scored on parts that hold many things.
        reasons: (metric, split) -> why there is no value.
    """

    id: str
    replicate: Mapping[str, int]
    role: Role
    status: Literal["finished", "failed", "missing"]
    reason: str = ""
    scores: Mapping[tuple[str, str], float] = field(default_factory=dict)
    items: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    parts: Mapping[tuple[str, str], Mapping[str, Part]] = field(default_factory=dict)
    reasons: Mapping[tuple[str, str], str] = field(default_factory=dict)
    counts: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """(metric, split) -> items scored, items expected."""
    settings: tuple[Settings, ...] = ()
    quantities: Mapping[str, float] = field(default_factory=dict)
    costs: Costs = field(default_factory=Costs)
    provenance: Mapping[str, str] = field(default_factory=dict)
    curve: tuple[CurvePoint, ...] = ()
    pictures: tuple[Picture, ...] = ()
    ratings: tuple[Rating, ...] = ()
    repeat: int = 0
    """0; another number for an equal run that was executed again."""
    log: str = ""
    """Of a failed run: the last lines of its log, with the traceback."""


@dataclass(frozen=True)
class Row:
    """One configuration in one case, with its runs in replicate order."""

    configuration: str
    label: str
    parameters: Mapping[str, Scalar]
    """Varied parameter -> value; a parameter that this configuration does not have is absent."""
    case: Case
    alternative: str
    """Label of the alternative it belongs to; empty when the space has none."""
    runs: tuple[RunFacts, ...]


@dataclass(frozen=True)
class Excluded:
    """A declared point that is not run, and why."""

    parameters: Mapping[str, Scalar]
    alternative: str
    reason: str


@dataclass(frozen=True)
class Control:
    """A configuration that another study decided, run again by this one to see whether it does as well.

    Args:
        study: Where it was decided, by `metric` on `split`.
        label: What it is called there.
        before: Its runs there, case by case: those behind the decision.
        here: Its runs under this study's replicates, case by case; a run that exists there is executed once more
            (`repeat` is not 0). Cases of this study alone have no counterpart in `before`.
    """

    study: str
    label: str
    metric: str
    split: str
    before: Sequence[Row]
    here: Sequence[Row]


@dataclass(frozen=True)
class Change:
    """A part of how a study chooses, or of what it chooses from, that was otherwise when it had results already.

    Args:
        part: `rule` (with metric and split), `require`, `prefer`, `where`, `confirm`; or what declares less by now:
            `space`, `across`, `replicates`.
        before: How it was, the oldest first: `where 0.25 <= alpha / rank`. `now`: how it is. Of what declares less
            `now` says what is declared no longer.
        left_out: How many configurations, cases or replicates had results then and are not declared; of `where`
            configurations that it leaves out.
    """

    part: str
    before: Sequence[str]
    now: str
    left_out: int = 0


@dataclass(frozen=True)
class Upstream:
    """What other studies did for an alternative that starts from their decisions.

    Args:
        studies: Those whose decisions it starts from, and those that these start from; the nearest first.
        tried: Configurations of theirs and of its own, each once.
        chosen_on: Runs of the alternative by which those studies chose.
    """

    studies: Sequence[str]
    tried: int
    chosen_on: int


@dataclass(frozen=True)
class Table:
    """Everything that the analysis and the page of one study are made from."""

    study: str
    question: str
    task: str
    metrics: Mapping[str, MetricFacts]
    report: Sequence[str]
    """Metrics of the columns, in order."""
    splits: Sequence[str]
    """Reported splits, in order."""
    select_metric: str
    select_split: str
    rule: str
    parameters: Sequence[str]
    """Varied parameters (dotted paths) in the order of declaration."""
    rows: Sequence[Row]
    excluded: Sequence[Excluded] = ()
    equivalent: int = 0
    """Declared points that are another name of a configuration already counted."""
    equivalents: Mapping[str, Sequence[Mapping[str, Scalar]]] = field(default_factory=dict)
    """Id of a configuration -> the declared points that are one there, where there are several."""
    declared: int = 0
    decision: Decision | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    """What all runs share, and the study file itself under `study file`."""
    carried: Mapping[str, str] = field(default_factory=dict)
    """Alternative -> what it took over from another study's decision, for people: `alpha=1 rank=4 (scaling)`."""
    upstream: Mapping[str, Upstream] = field(default_factory=dict)
    """Alternative -> the studies behind it; an alternative that starts from no decision is absent."""
    argument: RuleArgument = None
    """What the rule is given."""
    prefer: Sequence[tuple[str, str]] = ()
    """What is simpler, most important first: (parameter or one of COSTS, `low` or `high`)."""
    require: Sequence[str] = ()
    """Comparisons of metrics (on the selection split) and COSTS that a candidate must meet: `precision >= 0.9`."""
    confirm: tuple[int, int] | None = None
    """How many finalists are run on how many fresh seeds before the decision; None when the study confirms nothing."""
    controls: Sequence[Control] = ()
    """Decisions of other studies, run again here."""
    baselines: Sequence[Row] = ()
    """What the task says every page compares with: no candidates, and in no analysis of the rows."""
    moved: Sequence[str] = ()
    """Studies that it builds on and that decide otherwise since it was planned."""
    pictures: PictureChoice = 5
    """Which items the gallery shows."""
    where: Sequence[str] = ()
    """Constraints over parameters, as the study states them: `0.25 <= alpha / rank`."""
    earlier: Sequence[Change] = ()
    """What of its choice was otherwise when it had results already."""
    data: Sequence[DataFacts] = ()
    """The data sets of the study, in the order of its cases, as they were when it was planned."""
    notes: Sequence[Note] = ()
    """What people say of it, the oldest first."""
    stopped: Mapping[str, str] = field(default_factory=dict)
    """Studies that it builds on and that were decided on part of their search -> what that was (`Decision.stopped`)."""
    stop: Stop | None = None
    """Why its last command left it, where runs are missing since; None too while it runs, or where it was killed."""


State = Literal["decided", "outdated", "undecided", "interim", "stopped", "not run"]


@dataclass(frozen=True)
class Chapter:
    """A study as the index of its book shows it.

    Args:
        state: `decided`; `outdated` (decided, and changed since); `undecided` (all ran, and the rule could not choose);
            `interim` (runs are missing: it runs, or was killed); `stopped` (its last command left it); `not run`.
        done: Runs that finished. `failed`: those that ended without a result. `planned`: all that it declares.
        decision: The current one, or the last.
        after: The studies that it builds on, and what it takes from each: `base`, `weights`, `alternative`, `refine`.
        why: Why a decision is outdated or made on part of the search, or why there is none.
    """

    study: str
    question: str
    task: str
    state: State
    done: int
    failed: int
    planned: int
    decision: Decision | None = None
    after: Sequence[tuple[str, str]] = ()
    why: str = ""

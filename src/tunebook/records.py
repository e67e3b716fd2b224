"""The frozen values that pass between the rooms.

Everything here is plain data: text, numbers, mappings and tuples, so that any value can be written as
JSON and read back equal. No value knows a path, a process or a database.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Scalar = bool | int | float | str | None
Role = Literal["search", "noise", "confirm", "control"]
DATA_ROOT = "data.root"
"""The field that names a data set."""


def canonical_json(value: object) -> str:
    """Text that is the same for equal values: sorted keys, no spaces, shortest float form.

    Raises:
        ValueError: for NaN and infinities, which are never part of an identity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def digest(value: object) -> str:
    """sha256 (64 hex digits) of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, frozenset, set)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


@dataclass(frozen=True)
class Configuration:
    """One point of a space merged into its base, with every default written out.

    Args:
        values: Nested, as the task's Config dumps it: what a worker is given.
        effective: Dotted path -> value: only what can matter. Parameters without effect, paths, scoring
            settings and fields at their as-before value are left out. The id hashes this.
    """

    values: Mapping[str, Any]
    effective: Mapping[str, Any]

    @property
    def id(self) -> str:
        """12 hex digits of the content; equal content has equal ids."""
        return digest(self.effective)[:12]

    def get(self, path: str) -> Any:
        """The resolved value at a dotted path.

        Raises:
            KeyError: when there is no such field.
        """
        node: Any = self.values
        for part in path.split("."):
            node = node[part]
        return node


@dataclass(frozen=True)
class Case:
    """A condition crossed with every configuration: dotted path -> value. Empty when there is only one."""

    values: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """`root=orgasegment weights=vit_b`: last part of each path and its value; empty for the only case.

        A data set alone is called by its name: `orgasegment`.
        """
        if set(self.values) == {DATA_ROOT}:
            return str(self.values[DATA_ROOT])
        return " ".join(f"{path.rsplit('.', 1)[-1]}={value}" for path, value in sorted(self.values.items()))


@dataclass(frozen=True)
class Run:
    """One configuration in one case under one replicate.

    Args:
        task: Name of the task.
        version: The task's training version.
        configuration: Resolved with the case merged in.
        replicate: Factor -> number (`{"seed": 0}`); factors that cannot matter are left out.
        repeat: Normally 0; another number executes an equal run again.
        fingerprints: Role -> sha256 of the content of the run's inputs (`data`, `weights`).
        length: How far the run is trained, in the task's unit (steps or epochs).
    """

    task: str
    version: str
    configuration: Configuration
    replicate: Mapping[str, int]
    fingerprints: Mapping[str, str]
    length: int
    repeat: int = 0

    @property
    def id(self) -> str:
        """16 hex digits of what the result depends on; never a path, study name, scoring setting or device."""
        return digest(
            {
                "task": self.task,
                "version": self.version,
                "configuration": self.configuration.effective,
                "replicate": self.replicate,
                "repeat": self.repeat,
                "fingerprints": self.fingerprints,
            }
        )[:16]


@dataclass(frozen=True)
class PlannedRun:
    """A run as one study holds it."""

    run: Run
    configuration: str
    """Id of the configuration without its case: the row it belongs to."""
    case: Case
    role: Role = "search"


@dataclass(frozen=True)
class Settings:
    """What was chosen after training, from raw predictions on one named split.

    Args:
        mode: The part of the task they belong to (`ais`).
        split: The split they were chosen on.
        metric: The metric that they maximise there.
        values: Name -> value.
    """

    mode: str
    split: str
    metric: str
    values: Mapping[str, Scalar]


@dataclass(frozen=True)
class Scoring:
    """How the predictions of a run become scores: equal ways have equal ids, and a run is scored once in each.

    Args:
        split: The split on which settings are chosen.
        metric: The metric by which a study selects there; settings maximise it, and pictures show its mode.
        values: Dotted path -> value of each field of the configuration that changes how predictions are scored.
        evaluator: Version of the code that scores.
    """

    split: str
    metric: str
    values: Mapping[str, Any]
    evaluator: str

    @property
    def id(self) -> str:
        """12 hex digits of the content."""
        return digest(asdict(self))[:12]


@dataclass(frozen=True)
class Measurement:
    """One number of one run.

    Args:
        metric: Full name, `ais.msa`.
        split: The split of the items.
        item: Name of the item; empty for the aggregate over all items of the split.
        value: The score; None when there is none, then `reason` says why.
        n: Number of items behind the value (1 for an item).
        expected: Number of items that the split has.
        evaluator: Version of the code that scored.
        settings: Name -> value as used (empty when the mode has none).
    """

    metric: str
    split: str
    item: str
    value: float | None
    n: int
    expected: int
    evaluator: str
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Costs:
    """What a run took. Never part of a fact."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """How a run ended at one length.

    Args:
        status: `finished` or `failed`.
        kind: Empty when finished, else `crashed`, `diverged`, `out of memory`, `out of time`.
        reason: One sentence; empty when finished.
        predictions: Split -> sha256 of its raw predictions.
        quantities: Facts about the run that are no scores (`trainable_parameters`).
        costs: Time and memory.
        provenance: Versions, device, threads, host, times: text -> text.
    """

    status: Literal["finished", "failed"]
    kind: str = ""
    reason: str = ""
    predictions: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[str, float] = field(default_factory=dict)
    costs: Costs = Costs()
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CurvePoint:
    """One point of a learning curve: the loss parts at one step."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Decision:
    """The configuration carried forward, the rule that chose it, and the evidence.

    Args:
        study: Name of the study.
        configuration: Id of the chosen configuration (without case).
        label: The values that single it out, for people.
        values: Its resolved values, nested.
        rule: `best-mean`.
        metric: The metric of the rule, and `split` where it was read.
        score: Mean on that split.
        candidates: Configuration id -> mean, best first.
        runs: Seed -> run id of the chosen configuration (one entry `-1` when no seed matters).
        scoring: Id of the scoring that the scores are of.
        left_open: Dotted paths of the fields that the study crossed with every configuration: `values` holds none of
            them, and whoever builds on it gives them.
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


# What analysis reads and pages show -------------------------------------------------------------------


@dataclass(frozen=True)
class MetricFacts:
    """What a reader must know of a metric.

    Args:
        name: Full name, `ais.msa`.
        direction: `maximize` or `minimize`.
        meaning: One sentence.
        zero: What 0 means. `one`: what 1 means.
    """

    name: str
    direction: Literal["maximize", "minimize"]
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    zero: str = ""
    one: str = ""


@dataclass(frozen=True)
class Picture:
    """One item of one run, drawn: file paths of PNG thumbnails by panel name, in the order of showing."""

    item: str
    panels: Mapping[str, str]
    caption: str = ""


@dataclass(frozen=True)
class RunFacts:
    """One run as a page needs it.

    Args:
        scores: (metric, split) -> aggregate value.
        items: (metric, split) -> item name -> value.
        reasons: (metric, split) -> why there is no value.
    """

    id: str
    replicate: Mapping[str, int]
    role: Role
    status: Literal["finished", "failed", "missing"]
    reason: str = ""
    scores: Mapping[tuple[str, str], float] = field(default_factory=dict)
    items: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    reasons: Mapping[tuple[str, str], str] = field(default_factory=dict)
    counts: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """(metric, split) -> items scored, items expected."""
    settings: tuple[Settings, ...] = ()
    quantities: Mapping[str, float] = field(default_factory=dict)
    costs: Costs = Costs()
    provenance: Mapping[str, str] = field(default_factory=dict)
    curve: tuple[CurvePoint, ...] = ()
    pictures: tuple[Picture, ...] = ()


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
    declared: int = 0
    decision: Decision | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    """What all runs share, and the study file itself under `study file`."""
    carried: Mapping[str, str] = field(default_factory=dict)
    """Alternative -> what it took over from another study's decision, for people: `alpha=1 rank=4 (scaling)`."""
    upstream: Mapping[str, Upstream] = field(default_factory=dict)
    """Alternative -> the studies behind it; an alternative that starts from no decision is absent."""

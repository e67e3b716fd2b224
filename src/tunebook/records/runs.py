"""A run: what it is, what it is given, and what comes of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Scalar = bool | int | float | str | None
Role = Literal["search", "noise", "confirm", "control", "baseline"]
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
    source: str = ""
    """The study whose decision it is a control of."""


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

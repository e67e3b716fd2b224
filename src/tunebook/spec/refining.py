"""A space around the decision of another study: finer between what was tried, and further out where it was the last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tunebook.errors import Problem, StudyError
from tunebook.records import Scalar
from tunebook.spec.canonical import Resolved, overlaid, resolve
from tunebook.spec.completing import complete
from tunebook.spec.faults import At, Faults, dotted, shown
from tunebook.spec.fields import FieldIndex, Leaf, fields_of, nested, value_at
from tunebook.spec.judging import Refine
from tunebook.spec.names import listed
from tunebook.spec.space import Parameter, Space
from tunebook.spec.spacing import between, beyond, is_number, numbers
from tunebook.spec.study import Study
from tunebook.spec.workload import Workload

AT: At = ("refine",)


def refined(
    study: Study, workload: Workload, *, decided: Mapping[str, Any], tried: Mapping[str, Sequence[Scalar]]
) -> Study:
    """The study with the space that its `refine` stands for, on the decided configuration.

    Each number that the source study varied (or that `only` names) gets its decided value, `points` values towards
    each neighbour that was tried, and `points` further out where the decided value was the first or the last; as far
    as the task's field takes them. Everything else keeps its decided value. A parameter is left alone that this
    study's base gives or `across` crosses, or that cannot matter. Of the source study's cases, constraints,
    replicates and selection nothing is inherited: this study has its own.

    Args:
        decided: Nested values of the source's decision.
        tried: Parameter that the source varied -> the values that it declared.

    Returns:
        The study completed, without `refine` and with `base.from` set to the source.

    Raises:
        StudyError: when `only` names what cannot be refined, base starts from yet another study, or there is no
            value left to try.
    """
    assert study.refine is not None  # else the study has a space of its own
    source = study.refine.study
    study = complete(study, workload)
    around = _Around(study, workload, decided, tried)
    faults = Faults()
    if study.base.get("from", source) != source:
        message = f"must start from {source}, whose decision is refined; got {shown(study.base['from'])}"
        faults.add(("base", "from"), message, "leave it out")
    for i, path in enumerate(around.refine.only):
        around.check(path, (*AT, "only", i), faults)
    space = Space(() if faults else tuple(around.parameters()))
    if not space.entries and not faults:
        message = f"must find a value that {source} did not try; got none near {around.described()}"
        faults.add(AT, message, f"raise points, or write a space: base: {{from: {source}}}")
    if faults:
        place = f"study {study.study}"
        raise StudyError(*(Problem(place, f"{dotted(fault.at)} {fault.message}", fault.hint) for fault in faults.found))
    return study.model_copy(update={"base": {**study.base, "from": source}, "space": space, "refine": None})


@dataclass(frozen=True)
class _Around:
    """What lies around a decision."""

    study: Study
    workload: Workload
    decided: Mapping[str, Any]
    tried: Mapping[str, Sequence[Scalar]]

    @property
    def refine(self) -> Refine:
        assert self.study.refine is not None
        return self.study.refine

    @cached_property
    def index(self) -> FieldIndex:
        return fields_of(self.workload.Config)

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """The decided configuration as the points of this study start from it."""
        base = {key: value for key, value in self.study.base.items() if key != "from"}
        return overlaid(overlaid(nested(self.study.cases[0].values), self.decided), base)

    @cached_property
    def resolved(self) -> Resolved | None:
        """None where the decision leaves open what this study does not give; planning names that."""
        return resolve(self.workload, self.values, Faults())

    @cached_property
    def given(self) -> frozenset[str]:
        """The fields that this study gives itself."""
        base = {key: value for key, value in self.study.base.items() if key != "from"}
        crossed = {path for group in self.study.across for path in group.fields}
        return frozenset(path for path, _, _ in self.index.walk(base, (), Faults())) | crossed

    def check(self, path: str, at: At, faults: Faults) -> None:
        """Whether a parameter that `only` names can be refined."""
        if path not in self.tried:
            faults.add(at, f"must be a parameter that the study varied ({listed(self.tried)}); got {path}")
        elif path in self.given:
            faults.add(at, f"must be left to refine; got {path}, which base or across gives", "leave it out there")
        elif not self._is_tried(path):
            value = shown(value_at(self.decided, path))
            faults.add(at, f"must be decided as one of several numbers; got {path} {value}", "vary it in a space")

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter with values that were not tried, in the order of `tried` or `only`."""
        for path in self.refine.only or self.tried:
            new = tuple(self._new(path))
            if new:
                yield Parameter(path, tuple(sorted((value_at(self.decided, path), *new))), at=AT)

    def described(self) -> str:
        """The decided values of what was varied, as a person writes them."""
        return (
            listed(f"{path} {shown(value_at(self.decided, path))}" for path in self.tried) or "its only configuration"
        )

    def _new(self, path: str) -> Iterator[float]:
        idle = self.resolved is not None and not self.resolved.matters(path)
        if path in self.given or path not in self.index.leaves or not self._is_tried(path) or idle:
            return
        points, whole = self.refine.points, _whole(self.index.leaves[path])
        tried = numbers(self.tried[path])
        value = tried[tried.index(value_at(self.decided, path))]
        for further in (between, beyond):
            for new in further(tried, value, points=points, whole=whole):
                if self._fits(path, new):
                    yield new

    def _fits(self, path: str, value: float) -> bool:
        """Whether the field takes a value, and the task the decided configuration with it."""
        faults = Faults()
        self.index.check(path, value, (), faults)
        if not faults and self.resolved is not None:
            resolve(self.workload, overlaid(self.values, nested({path: value})), faults)
        return not faults

    def _is_tried(self, path: str) -> bool:
        """Whether the decided value is one of several numbers."""
        value, tried = value_at(self.decided, path), numbers(self.tried[path])
        return is_number(value) and value in tried and len(tried) > 1


def _whole(leaf: Leaf) -> bool:
    """Whether a field takes whole numbers only."""
    return "number" not in set(_kinds(leaf.adapter.json_schema()))


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    if "type" in schema:
        yield schema["type"]
    for part in schema.get("anyOf", ()):
        yield from _kinds(part)

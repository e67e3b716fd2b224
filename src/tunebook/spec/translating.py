"""What a study file says in another tool's words, and what it means here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tunebook.spec import places
from tunebook.spec.faults import Faults, shown
from tunebook.spec.fields import FieldIndex, Leaf, Value, fields_of, leaves_of
from tunebook.spec.space import Space
from tunebook.spec.study import read_parts
from tunebook.spec.workload import Workload


def translations(text: str, workload: Workload) -> tuple[str, ...]:
    """A line for each name or value of a study file that stands for another, in the order of base, space, across.

    `learning_rate: 0.001 is optimizer.lr: 0.001`, `label_smoothing: [false, true] is loss.label_smoothing: [0, 0.1]`.
    Behind a shorthand stand the values that it gives to the fields beside it.

    Args:
        text: A study file that can be read.
    """
    index, faults = fields_of(workload.Config), Faults()
    parts = read_parts(places.parse(text, name="", faults=faults).value, faults)
    found = (
        _Said(name, index.leaves[path], given, several, index) for name, path, given, several in _said(parts, index)
    )
    return tuple(said.line() for said in found if said.is_translated())


@dataclass(frozen=True)
class _Said:
    """What a file gives one field: a value, or several choices."""

    name: str
    leaf: Leaf
    given: tuple[Value, ...]
    several: bool
    index: FieldIndex

    @property
    def meant(self) -> tuple[Value, ...]:
        return tuple(self.index.check(self.leaf.path, value, (), Faults()) for value in self.given)

    def is_translated(self) -> bool:
        """Whether a name, the kind of a value or a shorthand stands for something else."""
        other = self.name not in self.index.leaves and self.name.replace("-", "_") in self.index.also
        changed = any(_kind(given) is not _kind(meant) for given, meant in zip(self.given, self.meant, strict=True))
        return other or changed or bool(self._beside())

    def line(self) -> str:
        beside = self._beside()
        meant = f"{self.leaf.path}: {self._shown(self.meant)}"
        return f"{self.name}: {self._shown(self.given)} is {meant}{f' ({beside})' if beside else ''}"

    def _shown(self, values: tuple[Value, ...]) -> str:
        return shown(values if self.several else values[0])

    def _beside(self) -> str:
        """`true: loss.focal_gamma 2, loss.focal_alpha 0.25` of a shorthand; nothing where it changes nothing."""
        told = ((value, _implied(self.leaf, value)) for value in self.meant)
        return "; ".join(
            f"{shown(value)}: {', '.join(f'{path} {shown(given)}' for path, given in implied.items())}"
            for value, implied in told
            if implied
        )


def _said(parts: Mapping[str, Any], index: FieldIndex) -> Iterator[tuple[str, str, tuple[Value, ...], bool]]:
    """(name as it is written, path, values, whether they are choices)."""
    base = {key: value for key, value in parts.get("base", {}).items() if key != "from"}
    for path, value, at in index.walk(base, (), Faults()):
        yield str(at[-1]), path, (value,), False
    choices = [(parameter.name, parameter.choices) for parameter in parts.get("space", Space()).parameters()]
    choices += [(name, tuple(values)) for group in parts.get("across", ()) for name, values in group.fields.items()]
    for name, values in choices:
        found = index.resolve(name, (), Faults())
        if found is not None:
            yield name, found, values, True


def _kind(value: Value) -> type:
    """Numbers are of one kind, true and false of another."""
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _implied(leaf: Leaf, value: Value) -> dict[str, Value]:
    """What a shorthand gives to the fields of its own group."""
    if leaf.identity != "shorthand":
        return {}
    *groups, name = leaf.path.split(".")
    try:
        usual, own = dict(leaves_of(leaf.owner())), dict(leaves_of(leaf.owner.model_validate({name: value})))
    except ValidationError:  # a group with fields that must be given, or no value of the field
        return {}
    return {".".join([*groups, key]): own[key] for key in own if key != name and own[key] != usual[key]}

"""What a program is given: its parameters as a read-only mapping."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunebook import folders
from tunebook.spec.canonical import number_by_value
from tunebook.spec.fields import value_at
from tunebook.spec.programs import Program, named, parameters_of
from tunebook.tasks.script.description import folder_of


class Parameters(Mapping[str, Any]):
    """The parameters of a run, never to be changed.

    `config["optimizer.lr"]`, `config["optimizer"]["lr"]`, `config.optimizer.lr`, and `config["lr"]` where no other name
    ends so. `**config` and `**config["optimizer"]` give what is directly inside.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._paths = {path for path, _ in parameters_of({"": values})}

    def __getitem__(self, name: str) -> Any:
        node: Any = self._values
        for part in str(name).split("."):
            if not (isinstance(node, Mapping) and part in node):
                return self._by_ending(str(name))
            node = node[part]
        return Parameters(node) if isinstance(node, Mapping) else node

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return json.dumps(self._values)

    def _by_ending(self, name: str) -> Any:
        every = dict(parameters_of({"": self._values}))
        flat = {path.removeprefix("."): value for path, value in every.items()}
        found = named(name, flat)
        if len(found) == 1:
            return flat[found[0]]
        what = f"may be {', '.join(found)}" if found else f"is no parameter; there are {', '.join(flat)}"
        raise KeyError(f"{name} {what}")


def values_of(values: Mapping[str, Any], book: Path) -> dict[str, Any]:
    """The nested parameters of a configuration as a program gets them: paths absolute, 1.0 as 1.

    One number is one value whatever way it was written: runs whose ids are equal are given equal values.
    """
    program = Program.of(values)

    def given(path: str, value: Any) -> Any:
        if isinstance(value, str) and (out := folder_of(value, book)) is not None:
            return str(out)
        if isinstance(value, str) and path in program.inputs:
            return str(folders.resolve(value, book, place=path))
        return number_by_value(value)

    tree: dict[str, Any] = {}
    for path, _ in parameters_of(values):
        *groups, name = path.split(".")
        node = tree
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = given(path, value_at(values, path))
    return tree

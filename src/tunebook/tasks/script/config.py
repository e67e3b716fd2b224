"""The Config of an own program, made from what its study declares."""

from collections.abc import Mapping
from functools import cache, reduce
from operator import or_
from typing import Any

from pydantic import BaseModel, Field, create_model

from tunebook.records import canonical_json
from tunebook.spec.fields import nested
from tunebook.spec.parameters import Fields, parameter
from tunebook.spec.programs import GROUP, Kind, Program

TYPES: Mapping[Kind, Any] = {
    "boolean": bool,
    "whole": int,
    "number": float,
    "text": str,
    "list": list[Any],
    "null": None,
}
ANYTHING = (*TYPES,)


def config_of(program: Program) -> type[BaseModel]:
    """A Config whose defaults are the program itself, with a field for each of its parameters; null means none."""
    return _made(canonical_json([program.declared, program.parameters]), _Key(program))


class _Key:
    """A program that is the same to a cache whatever it is: the text beside it tells."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key)

    def __hash__(self) -> int:
        return 0


@cache
def _made(text: str, key: _Key) -> type[BaseModel]:
    program = key.program
    own: Any = Field(default_factory=_program_fields(program))
    tree = nested({path: (path, kinds) for path, kinds in program.parameters.items()})
    return _model("Config", {GROUP: (own.default_factory, own), **_fields(tree, program)})


def _program_fields(program: Program) -> type[BaseModel]:
    said = program.declared
    called = {
        "function": (str, parameter(said["function"], meaning="A function of a Python file of the book.")),
        "command": (str, parameter(said["command"], meaning="A command with placeholders.")),
        "files": (list[str], parameter(said["files"], meaning="Further files of the program.", identity="path")),
        "inputs": (list[str], parameter(said["inputs"], meaning="Parameters that are paths.", identity="path")),
        "predict": (str, parameter(said["predict"], meaning="Applies a finished run.", identity="path")),
        "metrics": (dict[str, Any], parameter(said["metrics"], meaning="What is reported.", identity="scoring")),
    }
    return _model("ProgramFields", called)


def _fields(tree: Mapping[str, Any], program: Program) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, node in tree.items():
        if isinstance(node, Mapping):
            group = _model(name, _fields(node, program))
            found[name] = (group, Field(default_factory=group))
            continue
        path, kinds = node
        identity: Any = "path" if path in program.inputs else "value"
        info = parameter(None, meaning="A parameter of the program.", identity=identity, as_before=None)
        found[name] = (_type(kinds), info)
    return found


def _model(name: str, called: Mapping[str, Any]) -> type[BaseModel]:
    model: type[BaseModel] = create_model(name, __base__=Fields, **dict(called))
    return model


def _type(kinds: tuple[Kind, ...]) -> Any:
    """Whole numbers among others are numbers; null can always be."""
    taken = [kind for kind in kinds or ANYTHING if not (kind == "whole" and "number" in kinds)]
    return reduce(or_, [TYPES[kind] for kind in taken if kind != "null"] or [type(None)]) | None

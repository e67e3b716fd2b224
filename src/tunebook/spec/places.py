"""A YAML 1.2 file as plain data, with the line of everything in it.

The file is composed, not constructed: every key and every value keeps its line, and a key given twice is
a finding beside the others instead of the end of reading. Only null, true/false, numbers and text exist;
a date is text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tunebook.errors import Problem, StudyError
from tunebook.spec.faults import At, Faults

TAG = "tag:yaml.org,2002:"
TEXT_TAGS = {TAG + name for name in ("str", "timestamp", "merge", "value")}
MOST_NODES = 100_000


@dataclass(frozen=True)
class Document:
    """A file's content and the line of each part.

    Args:
        name: The file's name, as problems show it.
        value: Plain data: mappings, lists, text, numbers, true/false, None.
        lines: Path of keys and list positions -> line, from 1.
    """

    name: str
    value: Any
    lines: Mapping[At, int]

    def place(self, at: At) -> tuple[str, int]:
        """File and line of a part, or of the nearest part around it that the file has."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.name, self.lines.get(at, 1)


def read(path: Path, faults: Faults) -> Document:
    """Read a file; keys given twice are added to the faults.

    Raises:
        StudyError: when it cannot be read or is not YAML; nothing else can be said of it then.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(Problem(str(path), "must be a file; got nothing there")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(Problem(str(path), f"must be a readable UTF-8 text file; got {error}")) from None
    return parse(text, name=path.name, faults=faults)


def parse(text: str, *, name: str, faults: Faults) -> Document:
    """The same for text that is already read."""
    try:
        root = YAML(typ="rt").compose(text)
    except MarkedYAMLError as error:
        raise StudyError(_syntax_problem(error, text, name)) from None
    except (YAMLError, RecursionError) as error:
        raise StudyError(Problem(name, f"must be YAML 1.2; got {error}")) from None
    builder = _Builder(faults)
    value = None if root is None else builder.build(root, (), ())
    return Document(name, value, builder.lines)


def _syntax_problem(error: MarkedYAMLError, text: str, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else 1
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in written:
        hint = "indent with spaces; YAML knows no tabs there"
    else:
        hint = "look for a missing colon, bracket or quote on this line or the one before"
    what = " ".join(part for part in (error.context, error.problem) if part)
    return Problem(f"{name}:{line}", f"must be YAML 1.2; got {written.strip()!r} ({what})", hint)


class _Builder:
    """Plain data from composed nodes; `lines` grows as it goes."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.lines: dict[At, int] = {}
        self.count = 0

    def build(self, node: Node, at: At, above: tuple[int, ...]) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        self.count += 1
        if id(node) in above:
            self.faults.add(at, "must not contain itself; got an alias of what is around it")
            return None
        if self.count > MOST_NODES:
            raise StudyError(Problem("", f"the file must have at most {MOST_NODES} values; got more"))
        if isinstance(node, MappingNode):
            return self._mapping(node, at, (*above, id(node)))
        if isinstance(node, SequenceNode):
            return [self.build(child, (*at, i), (*above, id(node))) for i, child in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, at)

    def _mapping(self, node: MappingNode, at: At, above: tuple[int, ...]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self.faults.add(at, f"must have text as keys; got a list or mapping as a key in line {line}")
                continue
            name = str(key.value)
            inner = (*at, name)
            if name in built:
                self.faults.add(
                    inner,
                    f"must be given once; got it in line {first[name]} and again in line {line}",
                    "remove one of the two",
                    line=line,
                )
                continue
            first[name] = line
            self.lines[inner] = line
            built[name] = self.build(child, inner, above)
        return built

    def _scalar(self, node: ScalarNode, at: At) -> Any:
        tag, text = str(node.tag), str(node.value)
        if tag in TEXT_TAGS:
            return text
        if tag == TAG + "null":
            return None
        if tag == TAG + "bool":
            return text.lower() == "true"
        if tag == TAG + "int":
            return _whole(text)
        if tag == TAG + "float":
            return _real(text)
        self.faults.add(at, f"must be text, a number, true, false or null; got the tag {tag}", "remove the tag")
        return None


def _whole(text: str) -> int:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2].lower(), 10)
    return sign * int(digits if base == 10 else digits[2:], base)


def _real(text: str) -> float:
    digits = text.replace("_", "").lower()
    return float(digits.replace(".inf", "inf").replace(".nan", "nan"))

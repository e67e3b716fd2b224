"""Write the tables of docs/embedding.md: every field of embedding-classification, and BirdNET-Analyzer's names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tunebook.spec.faults import text_of
from tunebook.spec.fields import Leaf, fields_of, plain
from tunebook.spec.parameters import also_of
from tunebook.tasks.embedding_classification.config import Config

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "embedding.md"
START = "<!-- tables: written by scripts/fields.py -->\n"
END = "<!-- end of tables -->"


def tables() -> str:
    """A table for each group of fields, as the page holds them."""
    groups: dict[type[BaseModel], list[Leaf]] = {}
    for leaf in fields_of(Config).leaves.values():
        groups.setdefault(leaf.owner, []).append(leaf)
    return "\n".join(line for owner, leaves in groups.items() for line in _table(owner, leaves))


def current() -> str:
    """The tables that the page holds now."""
    return PAGE.read_text().split(START)[1].split(END)[0]


def main() -> None:
    """Write the tables into the page."""
    before, rest = PAGE.read_text().split(START)
    PAGE.write_text(f"{before}{START}{tables()}{END}{rest.split(END, 1)[1]}")


def _table(owner: type[BaseModel], leaves: list[Leaf]) -> Iterator[str]:
    group = leaves[0].path.rpartition(".")[0]
    yield f"### {group or 'The head as a whole'}"
    yield ""
    yield (owner.__doc__ or "").split("\n")[0]
    yield ""
    yield "| field | default | meaning |"
    yield "|---|---|---|"
    for leaf in leaves:
        yield f"| `{leaf.path}` | {_default(leaf)} | {_meaning(leaf)} |"
    yield ""


def _default(leaf: Leaf) -> str:
    return "must be given" if leaf.info.is_required() else f"`{text_of(plain(_value(leaf)))}`"


def _value(leaf: Leaf) -> Any:
    return leaf.info.get_default(call_default_factory=True)


def _meaning(leaf: Leaf) -> str:
    meaning = (leaf.info.description or "").replace("|", "\\|")
    names = ", ".join(f"`{name}`" for name in also_of(leaf.info))
    return f"{meaning} Also {names}." if names else meaning


if __name__ == "__main__":
    main()

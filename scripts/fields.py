"""Write the tables of docs/embedding.md and docs/masks.md: every field of a task, with what other tools call it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tunebook.spec.faults import text_of
from tunebook.spec.fields import Leaf, fields_of, plain
from tunebook.spec.parameters import also_of
from tunebook.tasks.binary_segmentation.config import Config as MasksConfig
from tunebook.tasks.embedding_classification.config import Config as HeadsConfig

ROOT = Path(__file__).resolve().parent.parent
PAGES: Mapping[str, tuple[type[BaseModel], str]] = {
    "embedding.md": (HeadsConfig, "The head as a whole"),
    "masks.md": (MasksConfig, "The model as a whole"),
}
"""Page in docs -> the configuration that it describes, and the heading of fields without a group."""
START = "<!-- tables: written by scripts/fields.py -->\n"
END = "<!-- end of tables -->"


def tables(page: str) -> str:
    """A table for each group of fields, as a page holds them."""
    config, whole = PAGES[page]
    groups: dict[type[BaseModel], list[Leaf]] = {}
    for leaf in fields_of(config).leaves.values():
        groups.setdefault(leaf.owner, []).append(leaf)
    return "\n".join(line for owner, leaves in groups.items() for line in _table(owner, leaves, whole))


def current(page: str) -> str:
    """The tables that a page holds now."""
    return (ROOT / "docs" / page).read_text().split(START)[1].split(END)[0]


def main() -> None:
    """Write the tables into their pages."""
    for page in PAGES:
        path = ROOT / "docs" / page
        before, rest = path.read_text().split(START)
        path.write_text(f"{before}{START}{tables(page)}{END}{rest.split(END, 1)[1]}")


def _table(owner: type[BaseModel], leaves: list[Leaf], whole: str) -> Iterator[str]:
    group = leaves[0].path.rpartition(".")[0]
    yield f"### {group or whole}"
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

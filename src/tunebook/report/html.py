"""A page as one HTML file that needs nothing else: styles, script, figures and pictures are in it."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from tunebook.report.cards import LONG, Block, Facts, Grid, Page, Wall
from tunebook.report.figures import drawn
from tunebook.report.figures.figure import Figure
from tunebook.report.figures.svg import svg
from tunebook.report.prose import Passage
from tunebook.report.wall_data import wall_data
from tunebook.report.wording import first_and_rest

MANY, BRIEF = 6, 60
"""Facts from so many on, and of so many characters at most, stand in two columns."""


COLOURS = {
    "blue": "blue",
    "sky blue": "blue",
    "orange": "orange",
    "vermilion": "orange",
    "yellow": "yellow",
    "green": "green",
}
"""Colour that a wall's legend names -> class of the patch that shows it."""


def html(page: Page, pictures: Mapping[str, bytes], *, thumbnails: Mapping[str, bytes] | None = None) -> str:
    """The whole page.

    Args:
        pictures: Name -> PNG, for every panel of the page.
        thumbnails: Path -> PNG, for the `wall_files` of every wall of the page.
    """
    uris = {name: _data_uri(png) for name, png in pictures.items()}
    walls = {
        block.name: wall_data(block, thumbnails or {})
        for card in page.cards
        for block in card.blocks
        if isinstance(block, Wall)
    }
    return _environment().get_template("page.html.j2").render(page=page, pictures=uris, walls=walls)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tunebook.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = _kind
    environment.filters["held"] = _held
    environment.filters["svg"] = _svg
    environment.filters["brief"] = _brief
    environment.filters["anchors"] = _anchors
    environment.filters["lines"] = first_and_rest
    environment.filters["facets_of"] = _facets_of
    environment.filters["json"] = _json
    environment.filters["in_lists"] = _in_lists
    environment.globals["LONG"] = LONG
    environment.globals["COLOURS"] = COLOURS
    return environment


def _kind(block: Block) -> str:
    return type(block).__name__


def _held(text: str) -> str:
    """Text whose `0.512 ± 0.004`, `95 %` and `n = 2` do not break over lines."""
    held = text
    for loose in (" ± ", " %", " = "):
        held = held.replace(loose, loose.replace(" ", "\N{NO-BREAK SPACE}"))
    return held


def _svg(figure: Figure) -> Markup:
    return svg(drawn(figure), alt=figure.alt)


def _brief(facts: Facts) -> bool:
    """Whether facts are so many and so short that they stand in two columns."""
    return len(facts.pairs) > MANY and all(len(said) <= BRIEF for _, said in facts.pairs)


def _anchors(codes: Sequence[str]) -> list[str]:
    """`T101`, and `T101-2` for the second of the same code."""
    before = [codes[:at].count(code) for at, code in enumerate(codes)]
    return [f"{code}-{n + 1}" if n else code for code, n in zip(codes, before, strict=True)]


def _in_lists(passages: Sequence[Passage]) -> Iterator[tuple[Markup, Passage | None]]:
    """Every passage with the tags that open and close lists before it; at the end what is left to close."""
    lists: list[str] = []
    for passage in passages:
        item = passage.kind in ("item", "numbered")
        tag, depth = "ol" if passage.kind == "numbered" else "ul", passage.depth + 1 if item else 0
        before = "".join(f"</li></{lists.pop()}>" for _ in range(len(lists) - depth))
        if item and len(lists) == depth:
            same = lists[-1] == tag
            before += "</li><li>" if same else f"</li></{lists.pop()}>"
        while len(lists) < depth:
            lists.append(tag)
            before += f"<{tag}{f' start={chr(34)}{passage.number}{chr(34)}' if tag == 'ol' else ''}><li>"
        yield Markup(before), passage
    yield Markup("".join(f"</li></{tag}>" for tag in reversed(lists))), None


def _facets_of(grid: Grid, row: int) -> str:
    return json.dumps([values[row] for values in grid.facets.values()], ensure_ascii=False)


def _json(values: Any) -> Markup:
    """JSON that ends no script element, whatever its texts are."""
    return htmlsafe_json_dumps(values, ensure_ascii=False, separators=(",", ":"))


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"

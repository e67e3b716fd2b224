"""A page as one HTML file that needs nothing else: styles, script, figures and pictures are in it."""

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tunebook.report.cards import LONG, Block, Facts, Grid, Page
from tunebook.report.figures import drawn
from tunebook.report.figures.figure import Figure
from tunebook.report.figures.svg import svg
from tunebook.report.wording import first_and_rest

MANY, BRIEF = 6, 60
"""Facts from so many on, and of so many characters at most, stand in two columns."""


def html(page: Page, pictures: Mapping[str, bytes]) -> str:
    """The whole page.

    Args:
        pictures: Name -> PNG, for every panel of the page.
    """
    uris = {name: _data_uri(png) for name, png in pictures.items()}
    return _environment().get_template("page.html.j2").render(page=page, pictures=uris)


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
    environment.globals["LONG"] = LONG
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


def _facets_of(grid: Grid, row: int) -> str:
    return json.dumps([values[row] for values in grid.facets.values()], ensure_ascii=False)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"

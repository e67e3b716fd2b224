"""A page as one HTML file that needs nothing else: styles, script, figures and pictures are in it."""

import base64
import json
from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from tunebook.report.cards import Block, Figures, Page
from tunebook.report.interactive import plotly


def html(page: Page, pictures: Mapping[str, bytes]) -> str:
    """The whole page.

    Args:
        pictures: Name -> PNG, for every figure and every panel of the page.
    """
    drawn = any(isinstance(block, Figures) for card in page.cards for block in card.blocks)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            pictures={name: _data_uri(png) for name, png in pictures.items()},
            plotlyjs=_plotlyjs() if drawn else "",
        )
    )


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
    environment.filters["figure_json"] = lambda figure: _json(plotly(figure))
    return environment


def _kind(block: Block) -> str:
    return type(block).__name__


def _held(text: str) -> str:
    """Text whose `0.512 ± 0.004` and `n = 2` do not break over lines."""
    return text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}").replace(
        "n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"
    )


def _json(value: object) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


@cache
def _plotlyjs() -> Markup:
    source = get_plotlyjs()
    assert "</script" not in source.lower(), "plotly's script can stand in a script element"
    return Markup(source)

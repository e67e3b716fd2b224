"""A study's page: its cards in their fixed order, written as Markdown and as HTML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import DataError, InputError, Problem
from tunebook.folders import write_atomically
from tunebook.records import Table
from tunebook.report.account import costs_card, declared_card, provenance_card, settings_card
from tunebook.report.cards import Figures, Gallery, Page
from tunebook.report.markdown import markdown
from tunebook.report.overview import answer, decision_card, findings_card
from tunebook.report.pictures import curves_card, gallery_card, heatmap_card
from tunebook.report.tables import alternatives_card, leaderboard_card

NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Rendered:
    """The two files of a page; its pictures lie in the folder of the same name."""

    markdown: Path
    html: Path


def render(table: Table, *, to: Path, without_costs: bool = False) -> Rendered:
    """Write `<study>.md`, `<study>.html` and `<study>/*.png` into a folder; equal tables give equal bytes.

    Args:
        to: The folder of pages; made when it is missing. Nothing in it is deleted.
        without_costs: Leave out time, memory, host and dates: what differs between equal studies.

    Raises:
        InputError: when the study's name cannot name a file, or a picture cannot be read.
    """
    # Drawing libraries take half a second to import: commands that draw nothing do not wait for them.
    from tunebook.report.html import html  # noqa: PLC0415  imports plotly

    if not NAME.fullmatch(table.study):
        message = f"must be letters, digits, dots, dashes and underscores; got {table.study}"
        raise InputError(Problem("study", message, "it names the files of the page"))
    page = compose(table, without_costs=without_costs)
    pictures = _pictures(page)
    for name, png in pictures.items():
        write_atomically(to / page.study / f"{name}.png", png)
    rendered = Rendered(to / f"{page.study}.md", to / f"{page.study}.html")
    write_atomically(rendered.markdown, markdown(page).encode())
    write_atomically(rendered.html, html(page, pictures).encode())
    return rendered


def compose(table: Table, *, without_costs: bool = False) -> Page:
    """The cards of a study, in the order of showing."""
    return Page(
        study=table.study,
        task=table.task,
        question=table.question,
        answer=answer(table),
        cards=[
            decision_card(table),
            findings_card(table),
            leaderboard_card(table),
            alternatives_card(table),
            heatmap_card(table),
            curves_card(table),
            gallery_card(table),
            declared_card(table),
            settings_card(table),
            provenance_card(table, without_costs=without_costs),
            *([] if without_costs else [costs_card(table)]),
        ],
    )


def _pictures(page: Page) -> Mapping[str, bytes]:
    """Name -> PNG of every figure and panel."""
    from tunebook.report.figures import png  # noqa: PLC0415  imports matplotlib

    found: dict[str, bytes] = {}
    for block in (block for card in page.cards for block in card.blocks):
        if isinstance(block, Figures):
            found |= {figure.name: png(figure) for figure in block.figures}
        elif isinstance(block, Gallery):
            found |= {panel.name: _read(panel.path) for _, panels in block.rows for panel in panels}
    return found


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"must be a readable PNG file; got {error.strerror}"
        raise DataError(Problem(path, message, "`tunebook run` draws them again")) from error

"""Pages: the cards of a study in their fixed order, written as Markdown and as HTML."""

import re
from pathlib import Path

from tunebook.analyse import is_open
from tunebook.errors import InputError, Problem
from tunebook.records import Table
from tunebook.report.account import declared_card, settings_card
from tunebook.report.baselines import baselines_card
from tunebook.report.cards import Card, Page
from tunebook.report.data import data_card
from tunebook.report.deciding import decision_card
from tunebook.report.effects import effects_card
from tunebook.report.groups import groups_card
from tunebook.report.index import INDEX
from tunebook.report.leaderboards import alternatives_card, leaderboard_card
from tunebook.report.noise import noise_card
from tunebook.report.notes import notes_card
from tunebook.report.overview import answer, findings_card, more
from tunebook.report.pictures import curves_card, gallery_card
from tunebook.report.precision import precision_card
from tunebook.report.progress import mark
from tunebook.report.provenance import costs_card, provenance_card
from tunebook.report.ratings import ratings_card
from tunebook.report.splits import splits_card
from tunebook.report.stability import stability_card
from tunebook.report.tradeoffs import tradeoffs_card
from tunebook.report.walls import masks_card, wall_card
from tunebook.report.writing import Rendered, write

__all__ = ["Rendered", "compose", "render"]
NAME = re.compile(r"\w[\w.-]*")


def render(table: Table, *, to: Path, without_costs: bool = False, refresh: int = 0) -> Rendered:
    """Write `<study>.md`, `<study>.html` and `<study>/*.png` into a folder; equal tables give equal bytes.

    Args:
        to: The folder of pages; made when it is missing. Pictures of this page that it shows no more are removed.
        without_costs: Leave out time, memory, host and dates: what differs between equal studies.
        refresh: Seconds after which an open HTML page reads its file again; 0 for never.

    Raises:
        InputError: when the study's name cannot name a file, or a picture cannot be read.
    """
    if not NAME.fullmatch(table.study) or table.study == INDEX:
        message = f"must be letters, digits, dots, dashes and underscores, and not {INDEX}; got {table.study}"
        raise InputError(Problem("study", message, "it names the files of the page"))
    return write(compose(table, without_costs=without_costs, refresh=refresh), table.study, to=to)


def compose(table: Table, *, without_costs: bool = False, refresh: int = 0) -> Page:
    """The cards of a study, in the order of showing."""
    return Page(
        name=table.study,
        kind=f"Study · {table.task}",
        question=table.question,
        answer=answer(table),
        more=more(table),
        mark=mark(table),
        refresh=refresh,
        cards=[
            *_if_any(data_card(table)),
            decision_card(table),
            leaderboard_card(table),
            *_if_any(baselines_card(table)),
            alternatives_card(table),
            *_if_any(notes_card(table)),
            splits_card(table),
            *_if_any(groups_card(table)),
            effects_card(table),
            stability_card(table),
            *_if_any(None if is_open(table) else precision_card(table)),
            tradeoffs_card(table, without_costs=without_costs),
            curves_card(table),
            gallery_card(table),
            *_if_any(wall_card(table)),
            *_if_any(masks_card(table)),
            *_if_any(ratings_card(table)),
            findings_card(table),
            declared_card(table, without_costs=without_costs),
            noise_card(table),
            settings_card(table),
            provenance_card(table, without_costs=without_costs),
            *([] if without_costs else [costs_card(table)]),
        ],
    )


def _if_any(card: Card | None) -> list[Card]:
    """A card that only some studies have."""
    return [] if card is None else [card]

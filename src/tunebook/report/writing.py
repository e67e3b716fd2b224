"""A page's files: Markdown with its pictures beside it, and HTML that holds its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import DataError, Problem
from tunebook.folders import write_atomically
from tunebook.report import sheets
from tunebook.report.cards import Figures, Gallery, Page, Wall
from tunebook.report.figures import drawn
from tunebook.report.figures.figure import Figure
from tunebook.report.html import html
from tunebook.report.markdown import markdown
from tunebook.report.wall_data import wall_files


@dataclass(frozen=True)
class Rendered:
    """The two files of a page; the pictures of the Markdown file lie in the folder of the same name."""

    markdown: Path
    html: Path


def write(page: Page, stem: str, *, to: Path) -> Rendered:
    """Write `<stem>.md`, `<stem>.html` and `<stem>/*.png`; equal pages give equal bytes, and no other picture stays.

    Raises:
        InputError: when a picture cannot be read; then nothing is written.
    """
    # Matplotlib takes half a second to import: commands that draw nothing do not wait for it.
    from tunebook.report.figures.png import png  # noqa: PLC0415

    panels = {panel.name: _read(panel.path) for gallery in _galleries(page) for _, row in gallery.rows for panel in row}
    thumbnails = {path: _read(path) for wall in _walls(page) for path in wall_files(wall)}
    figures = {figure.name: png(drawn(figure)) for figure in _figures(page)}
    contacts = {sheet.name: sheets.drawn(sheet) for wall in _walls(page) for sheet in sheets.sheets(wall)}
    pictures = panels | figures | contacts
    for name, picture in pictures.items():
        write_atomically(to / stem / f"{name}.png", picture)
    for old in (to / stem).glob("*.png"):
        if old.stem not in pictures:
            old.unlink()
    rendered = Rendered(to / f"{stem}.md", to / f"{stem}.html")
    write_atomically(rendered.markdown, markdown(page, folder=stem).encode())
    write_atomically(rendered.html, html(page, panels, thumbnails=thumbnails).encode())
    return rendered


def _galleries(page: Page) -> Iterator[Gallery]:
    for block in (block for card in page.cards for block in card.blocks):
        if isinstance(block, Gallery):
            yield block


def _walls(page: Page) -> Iterator[Wall]:
    for block in (block for card in page.cards for block in card.blocks):
        if isinstance(block, Wall):
            yield block


def _figures(page: Page) -> Iterator[Figure]:
    for block in (block for card in page.cards for block in card.blocks):
        if isinstance(block, Figures):
            yield from block.figures


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"must be a readable PNG file; got {error.strerror}"
        raise DataError(Problem(path, message, "`tunebook run` draws them again")) from error

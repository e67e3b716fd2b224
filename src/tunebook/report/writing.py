"""A page's files: Markdown with its pictures beside it, and HTML that holds its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import DataError, Problem
from tunebook.folders import write_atomically
from tunebook.report import sheets
from tunebook.report.cards import Contacts, Figures, Gallery, Page, Panel, Wall, Words
from tunebook.report.figures import drawn
from tunebook.report.figures.figure import Figure
from tunebook.report.html import html
from tunebook.report.markdown import markdown
from tunebook.report.wall_data import wall_files


@dataclass(frozen=True)
class Rendered:
    """The two files of a page; the pictures of the Markdown file lie in the folder of the same name.

    Args:
        unresolved: What a person's words ask of the ledger in vain, and why: `from lora.notes.md: {{f2}}: …`.
    """

    markdown: Path
    html: Path
    unresolved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """What a page is made of beside its words.

    Args:
        pictures: Name -> PNG of every picture of the Markdown file. `panels`: of those that the HTML file holds.
        thumbnails: Path -> PNG of what the walls of the HTML file hold.
    """

    pictures: Mapping[str, bytes]
    panels: Mapping[str, bytes]
    thumbnails: Mapping[str, bytes]


def write(page: Page, stem: str, *, to: Path) -> Rendered:
    """Write `<stem>.md`, `<stem>.html` and `<stem>/*.png`; equal pages give equal bytes, and no other picture stays.

    Raises:
        InputError: when a picture cannot be read; then nothing is written.
    """
    made = draw(page)
    for name, picture in made.pictures.items():
        write_atomically(to / stem / f"{name}.png", picture)
    for old in (to / stem).glob("*.png"):
        if old.stem not in made.pictures:
            old.unlink()
    rendered = Rendered(to / f"{stem}.md", to / f"{stem}.html", unresolved(page))
    write_atomically(rendered.markdown, markdown(page, folder=stem).encode())
    write_atomically(rendered.html, html(page, made.panels, thumbnails=made.thumbnails).encode())
    return rendered


def draw(page: Page) -> Drawn:
    """Every picture of a page.

    Raises:
        InputError: when one cannot be read.
    """
    # Matplotlib takes half a second to import: commands that draw nothing do not wait for it.
    from tunebook.report.figures.png import png  # noqa: PLC0415

    panels = {panel.name: _read(panel.path) for panel in _panels(page)}
    thumbnails = {path: _read(path) for wall in _walls(page) for path in wall_files(wall)}
    figures = {figure.name: png(drawn(figure)) for figure in _figures(page)}
    contacts = {sheet.name: sheets.drawn(sheet) for wall in _walls(page) for sheet in sheets.sheets(wall)}
    return Drawn(panels | figures | contacts, panels, thumbnails)


def unresolved(page: Page) -> tuple[str, ...]:
    """What a person's words ask of the ledger in vain, in the order of the page."""
    words = [block for card in page.cards for block in card.blocks if isinstance(block, Words)]
    return tuple(
        f"{block.signed}: {piece.text}: {piece.tip}"
        for block in words
        for passage in block.passages
        for piece in passage.pieces
        if piece.look == "unknown"
    )


def write_alone(page: Page, path: Path) -> None:
    """Write the HTML file alone; its pictures are in it, and figures are drawn in it too.

    Raises:
        InputError: when a picture cannot be read; then nothing is written.
    """
    panels = {panel.name: _read(panel.path) for panel in _panels(page)}
    thumbnails = {path: _read(path) for wall in _walls(page) for path in wall_files(wall)}
    write_atomically(path, html(page, panels, thumbnails=thumbnails).encode())


def _panels(page: Page) -> Iterator[Panel]:
    """Every picture of galleries and contact sheets."""
    for block in (block for card in page.cards for block in card.blocks):
        rows = block.rows if isinstance(block, Gallery) else block.items if isinstance(block, Contacts) else ()
        for _, panels in rows:
            yield from panels


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

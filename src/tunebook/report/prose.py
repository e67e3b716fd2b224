"""A person's Markdown as plain pieces: paragraphs, lists, emphasis, code. Nothing in it is fetched or executed.

What a page has no place for stays readable: a link is its text and its address in brackets, a picture its description,
HTML and tables are shown as they were typed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tunebook.report.quoting import Quoted, Source, quoted

Look = Literal["text", "strong", "emphasis", "code", "number", "unknown", "break"]
Kind = Literal["paragraph", "heading", "item", "numbered", "code"]


@dataclass(frozen=True)
class Piece:
    """Some words that look alike.

    Args:
        look: `number`: from the ledger, `tip` says what was asked for; `unknown`: asked for, and not there: `tip` says
            why.
    """

    text: str
    look: Look = "text"
    tip: str = ""


@dataclass(frozen=True)
class Passage:
    """A paragraph, a heading, an item of a list, a block of code.

    Args:
        depth: How far an item is set in; 0 for the outermost list.
        number: Of a numbered item.
    """

    pieces: Sequence[Piece]
    kind: Kind = "paragraph"
    depth: int = 0
    number: int = 0


def plain(text: str, source: Source) -> tuple[Passage, ...]:
    """Words as they were typed: paragraphs are parted by empty lines, every line is kept."""
    found = []
    for paragraph in _paragraphs(text):
        pieces: list[Piece] = []
        for line in paragraph:
            pieces += [*([Piece("", "break")] if pieces else []), *_quoted(line, "text", source)]
        found.append(Passage(pieces))
    return tuple(found)


def formatted(text: str, source: Source) -> tuple[Passage, ...]:
    """Markdown; what stands in `code` is left as it was typed."""
    return tuple(_passages(_parser().parse(text), source))


# Private ----------------------------------------------------------------------------------------------


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).disable(["html_block", "html_inline", "reference"])


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in [*text.strip().splitlines(), ""]:
        if line.strip():
            lines.append(line.strip())
        elif lines:
            yield lines
            lines = []


def _passages(tokens: Sequence[Token], source: Source) -> Iterator[Passage]:
    lists: list[tuple[Kind, int]] = []  # the lists that are open, and the number of the item in each
    first = heading = False
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            kind: Kind = "item" if token.type.startswith("bullet") else "numbered"
            lists.append((kind, int(token.attrs.get("start", 1)) - 1))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            lists[-1] = (lists[-1][0], lists[-1][1] + 1)
            first = True
        elif token.type in ("heading_open", "heading_close"):
            heading = token.type == "heading_open"
        elif token.type in ("fence", "code_block"):
            yield Passage([Piece(token.content.rstrip("\n"), "code")], "code")
        elif token.type == "inline":
            pieces = _joined(_pieces(token.children or [], source))
            if lists and first:
                yield Passage(pieces, lists[-1][0], len(lists) - 1, lists[-1][1])
                first = False
            else:
                yield Passage(pieces, "heading" if heading else "paragraph")


def _pieces(tokens: Sequence[Token], source: Source) -> Iterator[Piece]:
    look: list[Look] = []
    addresses: list[str] = []
    for token in tokens:
        if token.type == "text":
            yield from _quoted(token.content, look[-1] if look else "text", source)
        elif token.type == "code_inline":
            yield Piece(token.content, "code")
        elif token.type in ("strong_open", "em_open"):
            look.append("strong" if token.type == "strong_open" else "emphasis")
        elif token.type in ("strong_close", "em_close"):
            look.pop()
        elif token.type == "softbreak":
            yield Piece(" ")
        elif token.type == "hardbreak":
            yield Piece("", "break")
        elif token.type == "link_open":
            addresses.append(str(token.attrs.get("href", "")))
        elif token.type == "link_close":
            address = addresses.pop()
            yield Piece(f" ({address})" if address else "")
        elif token.type == "image":
            yield Piece(token.content or "a picture")


def _joined(pieces: Iterator[Piece]) -> tuple[Piece, ...]:
    """The same with neighbours of one look in one piece."""
    found: list[Piece] = []
    for piece in pieces:
        if found and piece.look == found[-1].look and piece.look in ("text", "strong", "emphasis"):
            found[-1] = Piece(found[-1].text + piece.text, piece.look)
        elif piece.text or piece.look == "break":
            found.append(piece)
    return tuple(found)


def _quoted(text: str, look: Look, source: Source) -> Iterator[Piece]:
    for each in quoted(text, source):
        if not isinstance(each, Quoted):
            yield Piece(each, look)
        elif each.reason:
            yield Piece(f"{{{{{each.asked}}}}}", "unknown", each.reason)
        else:
            yield Piece(each.text, "number", each.asked)

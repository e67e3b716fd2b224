"""A page as GitHub Markdown, with its pictures as files beside it."""

import html
import re
from collections.abc import Sequence
from functools import singledispatch
from urllib.parse import quote

from tunebook.analyse import Finding
from tunebook.report.cards import (
    LONG,
    Block,
    Card,
    Contacts,
    Facts,
    Figures,
    Findings,
    Gallery,
    Grid,
    Page,
    Remark,
    Said,
    Source,
    Value,
    Wall,
    WallColumn,
    Words,
)
from tunebook.report.prose import Passage, Piece
from tunebook.report.sheets import sheets
from tunebook.report.wording import counted, first_and_rest

SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$!])")
STARTS_A_BLOCK = re.compile(r"^([-+=:]|\d+(?=[.)](?:\s|$)))")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
SHORT = 3
"""Most pieces of evidence that are not folded."""


def markdown(page: Page, *, folder: str) -> str:
    """The whole page; pictures are referred to as `<folder>/<name>.png`."""
    lead = [f"# {escaped(page.name)}", f"*{escaped(page.question)}*" if page.question.strip() else ""]
    lead += [f"> {escaped(page.mark)}"] if page.mark else []
    parts = [*lead, f"**{escaped(page.answer)}**", *map(escaped, page.more), f"{escaped(page.kind)}."]
    parts += [_card(card, folder=quote(folder)) for card in page.cards]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    line = CONTROL.sub("", " ".join(text.split()))
    found = SPECIAL.sub(r"\\\1", html.escape(line, quote=False))
    return STARTS_A_BLOCK.sub(lambda start: f"\\{start[1]}" if not start[1].isdigit() else f"{start[1]}\\", found)


def _card(card: Card, *, folder: str) -> str:
    parts = [f"## {escaped(card.heading)}"]
    if card.absent:
        parts.append(f"*Not available: {escaped(card.absent)}.*")
    if card.sentence:
        parts.append(escaped(card.sentence))
    parts += [_block(block, folder) for block in card.blocks]
    if card.caveats:
        parts.append("\n".join(f"- {escaped(caveat)}" for caveat in card.caveats))
    return "\n\n".join(parts)


@singledispatch
def _block(block: Block, folder: str) -> str:
    raise TypeError(f"no Markdown for {type(block).__name__}")


@_block.register
def _(block: Grid, folder: str) -> str:
    heads = [" · ".join(escaped(part) for part in (head.text, head.below) if part) for head in block.headings]
    rows = [
        [_value(value, apart=at in block.marked and not column) for column, value in enumerate(row)]
        for at, row in enumerate(block.rows)
    ]
    numeric = [head.numeric for head in block.headings]
    if block.folded:
        return _details(block.title, _table(heads, rows, numeric))
    shown = rows if len(rows) <= LONG else rows[:LONG]
    parts = [f"**{escaped(block.title)}**"] if block.title else []
    parts.append(_table(heads, shown, numeric))
    if len(rows) > len(shown):
        rest = _table(heads, rows[len(shown) :], numeric)
        parts.append(_details(f"The other {counted(len(rows) - len(shown), 'row')}", rest))
    return "\n\n".join(parts)


@_block.register
def _(block: Facts, folder: str) -> str:
    rows = [[escaped(term), escaped(said)] for term, said in block.pairs]
    table = _table([escaped(head) for head in block.heads], rows, [False, False])
    if block.folded:
        return _details(block.title, table)
    return f"**{escaped(block.title)}**\n\n{table}" if block.title else table


@_block.register
def _(block: Said, folder: str) -> str:
    lines = "\n".join(f"- {escaped(line)}" for line in block.lines)
    lines = escaped(block.lines[0]) if len(block.lines) == 1 else lines
    return f"**{escaped(block.title)}**\n\n{lines}" if block.title else lines


@_block.register
def _(block: Remark, folder: str) -> str:
    quoted = f"> {escaped(block.text)}\n>\n> {escaped(block.signed)}"
    return f"{escaped(block.about)}\n\n{quoted}" if block.about else quoted


@_block.register
def _(block: Words, folder: str) -> str:
    lines: list[str] = []
    for before, passage in zip([None, *block.passages], block.passages, strict=False):
        together = before is not None and before.kind == passage.kind and passage.kind in ("item", "numbered")
        lines += [*([] if together or before is None else [""]), *_passage(passage)]
    said = "\n".join(f"> {line}".rstrip() for line in [*lines, "", f"— *{escaped(block.signed)}*"])
    return f"**{escaped(block.about)}**\n\n{said}" if block.about else said


@_block.register
def _(block: Findings, folder: str) -> str:
    return "\n\n".join(_finding(finding) for finding in block.findings)


@_block.register
def _(block: Figures, folder: str) -> str:
    parts = [f"**{escaped(block.title)}**"] if block.title else []
    parts += [f"![{escaped(figure.alt)}]({folder}/{figure.name}.png)" for figure in block.figures]
    if block.data is not None:
        parts.append(_block(block.data, folder))
    return "\n\n".join(parts)


@_block.register
def _(block: Gallery, folder: str) -> str:
    rows = [
        [
            escaped(item),
            *(f"![{escaped(panel.alt)}]({folder}/{panel.name}.png)<br>{escaped(panel.below)}" for panel in panels),
        ]
        for item, panels in block.rows
    ]
    table = _table(["item", *map(escaped, block.columns)], rows, [False] * (1 + len(block.columns)))
    return f"**{escaped(block.title)}**\n\n{table}" if block.title else table


@_block.register
def _(block: Contacts, folder: str) -> str:
    columns = max((len(panels) for _, panels in block.items), default=0)
    rows = [
        [escaped(item), *(f"![{escaped(panel.alt)}]({folder}/{panel.name}.png)" for panel in panels)]
        for item, panels in block.items
    ]
    rows = [row + [""] * (1 + columns - len(row)) for row in rows]
    table = _table(["item", *([""] * columns)], rows, [False] * (1 + columns))
    return _details(block.title, table) if block.title else table


@_block.register
def _(block: Wall, folder: str) -> str:
    found = sheets(block)
    parts = [f"**{escaped(block.title)}**"] if block.title else []
    if block.groups:
        members = [column.group for column in block.columns]
        groups = [[escaped(name), f"{members.count(name)}", escaped(looks)] for name, looks in block.groups.items()]
        parts.append(
            _table(["visual group", "configurations", "what its masks look like"], groups, [False, True, False])
        )
    rows = [[str(at), escaped(picture.item)] for at, picture in enumerate(block.pictures, start=1)]
    parts.append(_table(["picture", "item"], rows, [True, False]))
    if block.legend:
        parts.append(escaped(f"Colours: {'; '.join(f'{colour} is {what}' for colour, what in block.legend.items())}."))
    parts += [f"![{escaped(sheet.alt)}]({folder}/{sheet.name}.png)" for sheet in found]
    numbered = [(at, column) for sheet in found for at, column in enumerate(sheet.wall.columns, start=sheet.first)]
    if len(numbered) < len(block.columns):
        which = "the best of every visual group, and of the others the best" if block.groups else "the best"
        shown = f"{len(numbered)} of {counted(len(block.columns), 'column')} are on contact sheets: {which}"
        parts.append(escaped(f"{shown}; the HTML page has all of them."))
    parts.append(_details("The columns of the contact sheets", _columns(numbered)))
    return "\n\n".join(parts)


def _columns(numbered: Sequence[tuple[int, WallColumn]]) -> str:
    """Who the numbers on contact sheets are."""
    scores = list(dict.fromkeys(heading for _, column in numbered for heading in column.scores))
    heads = ["column", "configuration", "masks of", "visual group", "degenerate predictor", *map(escaped, scores)]
    rows = [
        [
            str(at),
            *map(escaped, (column.label, column.replicate, column.group, column.kind)),
            *(_value(column.scores[each], apart=False) if each in column.scores else "" for each in scores),
        ]
        for at, column in numbered
    ]
    return _table(heads, rows, [True, False, False, False, False, *[True] * len(scores)])


@_block.register
def _(block: Source, folder: str) -> str:
    text = CONTROL.sub("", block.text.replace("\r\n", "\n"))
    fence = _fence(text)
    return _details(block.title, f"{fence}{block.language}\n{text.rstrip()}\n{fence}")


def _passage(passage: Passage) -> list[str]:
    """The lines of a paragraph, a heading, an item or a block of code."""
    if passage.kind == "code":
        text = "".join(CONTROL.sub("", piece.text) for piece in passage.pieces)
        fence = _fence(text)
        return [fence, *text.splitlines(), fence]
    said = "".join(map(_piece, passage.pieces)).strip()
    if passage.kind == "heading":
        return [f"**{said}**" if all(piece.look == "text" for piece in passage.pieces) else said]
    sign = {"item": "- ", "numbered": f"{passage.number}. "}.get(passage.kind, "")
    return [f"{'    ' * passage.depth}{sign}{said}"]


def _piece(piece: Piece) -> str:
    if piece.look == "break":
        return "<br>"
    if piece.look == "code":
        text = CONTROL.sub("", " ".join(piece.text.split()))
        ticks = _fence(text, least=1)
        edge = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{ticks}{edge}{text}{edge}{ticks}"
    text = escaped(piece.text)
    if not text:
        return " " if piece.text else ""
    sign = {"strong": "**", "emphasis": "*"}.get(piece.look, "")
    before, after = (" " if edge.isspace() else "" for edge in (piece.text[0], piece.text[-1]))
    if piece.look == "number":
        return f"<ins>{text}</ins>"
    reason = f" (not known: {escaped(piece.tip)})" if piece.look == "unknown" else ""
    return f"{before}{'⚠ ' if reason else ''}{sign}{text}{sign}{reason}{after}"


def _fence(text: str, least: int = 3) -> str:
    """More backticks in a row than a text holds."""
    longest = max((len(ticks) for ticks in re.findall(r"`+", text)), default=0)
    return "`" * max(least, longest + 1)


def _finding(finding: Finding) -> str:
    parts = [f"### {finding.code}", escaped(finding.sentence), escaped(finding.meaning)]
    evidence = "\n".join(f"- {escaped(each)}" for each in finding.evidence)
    if len(finding.evidence) > SHORT:
        evidence = _details(f"Evidence ({len(finding.evidence)})", evidence)
    way_out, file = first_and_rest(finding.way_out)
    parts += [evidence, f"Way out: {escaped(way_out)}"]
    parts += [_block(Source("A study file that does so", file), "")] if file else []
    return "\n\n".join(part for part in parts if part)


def _value(value: Value, *, apart: bool) -> str:
    text = escaped(value.text)
    if value.best:
        text = f"**{text}**"
    elif value.muted:
        text = f"*{text}*"
    elif value.page:
        text = f"[{text}]({quote(value.page)}.md)"
    return ("→ " if apart else "") + text + (f" ({escaped(value.note)})" if value.note else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    lines = [heads, ["--:" if right else "---" for right in numeric], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _details(title: str, content: str) -> str:
    return f"<details><summary>{html.escape(' '.join(title.split()))}</summary>\n\n{content}\n\n</details>"

"""The sentences of a rendered page, line by line: what it says beside its tables."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ruamel.yaml import YAML

SENTENCE_ENDS = re.compile(r"(?<=\.)(?<!\b[A-Z]\.)\s+")
"""Not after the initial of a name."""
IMAGE = re.compile(r"!\[(.*)\]\([^()\s]*\)")
SUMMARY = re.compile(r"<details><summary>(.*?)</summary>")
ESCAPE = re.compile(r"\\([\\`*_{}\[\]#|~$!+=:.)-])")

SAID = "difference"
"""Heading of the cells that are sentences."""


@dataclass(frozen=True)
class Line:
    """One line of prose.

    Args:
        number: In the file. `block`: of the paragraph or list that it belongs to.
        card, finding: What it stands under, such as `Findings` and `T301`.
    """

    number: int
    block: int
    card: str
    finding: str
    text: str

    @property
    def sentences(self) -> Sequence[str]:
        return SENTENCE_ENDS.split(self.text)


@dataclass(frozen=True)
class Prose:
    """A page as it is read here.

    Args:
        lines: Prose: answers, bullets, captions of figures, titles, and the cells of tables that are sentences. Not the
            question, nor what a person wrote.
        tables: Card -> its tables, each a list of rows: heading -> cell.
        study_file: The study file that the page shows.
        findings: Their codes, in order.
    """

    lines: Sequence[Line]
    tables: Mapping[str, Sequence[Sequence[Mapping[str, str]]]]
    study_file: Mapping[str, object]
    findings: Sequence[str]

    def table(self, card: str, *headings: str) -> Sequence[Mapping[str, str]]:
        """The rows of the first table of a card that has these headings; none when there is no such table."""
        found = (rows for rows in self.tables.get(card, ()) if rows and set(headings) <= set(rows[0]))
        return next(found, ())


def read(text: str) -> Prose:
    """Take a Markdown page apart."""
    reader = _Reader()
    for number, line in enumerate((*text.splitlines(), ""), start=1):
        reader.take(number, line)
    return Prose(reader.lines, reader.tables, _study_file(reader.files), reader.findings)


class _Reader:
    """What was read of a page so far."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.tables: dict[str, list[list[dict[str, str]]]] = {}
        self.files: list[list[str]] = []
        self.findings: list[str] = []
        self.card, self.finding, self.block, self.fenced = "", "", 0, False
        self.rows: list[tuple[int, str]] = []

    def take(self, number: int, line: str) -> None:
        if line.startswith("```"):
            self.fenced = not self.fenced
            self.files += [[]] if self.fenced else []
        elif self.fenced:
            self.files[-1].append(line)
        elif line.startswith("|"):
            self.rows.append((number, line))
        else:
            self._head(line)
            said = _said(line)
            self.lines += [Line(number, self.block, self.card, self.finding, said)] if said else []

    def _head(self, line: str) -> None:
        """Where a line stands: after a table, in a block, a card, a finding."""
        if self.rows:
            table = _table([row for _, row in self.rows])
            self.tables.setdefault(self.card, []).append(table)
            for (number, _), row in zip(self.rows[2:], table, strict=True):
                if SAID in row:
                    said = f"{row['metric']}. {row[SAID]}"
                    self.lines.append(Line(number, self.block, self.card, self.finding, said))
            self.rows = []
        self.block += not line.strip()
        if line.startswith("## "):
            self.card, self.finding = line[3:], ""
        elif line.startswith("### "):
            self.finding = line[4:]
            self.findings.append(self.finding)


def plain(text: str) -> str:
    """Markdown without its escapes."""
    return ESCAPE.sub(r"\1", html.unescape(text))


def _said(line: str) -> str:
    """The prose of a line. The question is a person's, and so is what is quoted."""
    is_question = line.startswith("*") and not line.startswith(("**", "*Not available"))
    if line.startswith(("#", ">", "</details>")) or is_question:
        return ""
    found = IMAGE.fullmatch(line) or SUMMARY.match(line)
    return plain(found[1] if found else line.removeprefix("- ").strip("*"))


def _table(lines: Sequence[str]) -> list[dict[str, str]]:
    cells = [[plain(cell.strip()).strip("*") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def _study_file(files: Sequence[Sequence[str]]) -> Mapping[str, object]:
    """The last file that a page shows; a finding may show another one before."""
    return YAML(typ="safe").load("\n".join(files[-1])) if files else {}

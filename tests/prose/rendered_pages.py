"""Pages with the studies that they are of: of a book's ledger, of a made-up table, of committed files."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars
from page_prose import Prose, read
from raw_scores import Overruling, Study
from ruamel.yaml import YAML

from tunebook import study as conductor
from tunebook.book import Book
from tunebook.records import Table
from tunebook.report.exporting import long, parquet
from tunebook.report.markdown import markdown
from tunebook.report.page import compose

ENDING = ".study.yaml"
Pair = tuple[str, Study]
"""The Markdown of a page, and its study."""


def of_book(path: Path) -> dict[str, Pair]:
    """Every study of a book that its ledger holds, as `tunebook page` and `tunebook export` give it."""
    with Book.open(path).look() as ledger:
        names = [file.name.removesuffix(ENDING) for file in sorted(path.glob(f"*{ENDING}"))]
        held = {name: conductor.table(name, ledger, path) for name in names if ledger.declared(name) is not None}
    files = {name: yaml(table.provenance["study file"]) for name, table in held.items()}
    found: dict[str, Pair] = {}
    for name in _in_order(files):
        found[name] = of_table(held[name], files[name], {each: found[each][1] for each in found})
    return found


def of_table(table: Table, file: Mapping[str, object], others: Mapping[str, Study] | None = None) -> Pair:
    """A table as its page shows it and as its export holds it."""
    frame = polars.read_parquet(io.BytesIO(parquet(long(table, items=True))))
    less = [name for name, facts in table.metrics.items() if facts.direction == "minimize"]
    said = table.decision.overruled if table.decision else None
    overruled = Overruling(table.decision.configuration, said.by, said.on) if said else None
    study = Study(frame, file, less=less, others=others, overruled=overruled)
    return markdown(compose(table), folder=table.study), study


def of_files(page: Path, book: Path) -> tuple[Prose, Study]:
    """A committed page, with the runs committed beside it and the study files of its book; its own is on it."""
    prose = read(page.read_text())
    files = {each.name.removesuffix(ENDING): yaml(each.read_text()) for each in book.glob(f"*{ENDING}")}
    files[page.stem] = prose.study_file
    studies: dict[str, Study] = {}
    for name in _in_order(files):
        runs = page.with_name(f"{name}.parquet")
        if runs.exists():
            studies[name] = Study(polars.read_parquet(runs), files[name], others=dict(studies))
    return prose, studies[page.stem]


def yaml(text: str) -> Mapping[str, object]:
    """A study file."""
    return YAML(typ="safe").load(text)


def _in_order(files: Mapping[str, Mapping[str, object]]) -> Sequence[str]:
    """Names of studies; each after those that it builds on."""
    left, found = dict(files), []
    while left:
        ready = [name for name, file in left.items() if not builds_on(file) & (left.keys() - {name})]
        assert ready, f"{sorted(left)} build on each other"
        found += ready
        left = {name: file for name, file in left.items() if name not in ready}
    return found


def builds_on(file: Mapping[str, object]) -> set[str]:
    """The studies that a study takes decisions from."""
    named = [dict(file.get("base") or {}).get("from"), dict(file.get("refine") or {}).get("study")]
    for each in dict(file.get("space") or {}).values():
        if isinstance(each, Mapping):
            named += [one.get("from") for one in each.get("one_of", {}).values()]
    return {name for name in named if name}

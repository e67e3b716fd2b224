"""What the data hold: the card that opens a page, and the page of `tunebook look`."""

from collections.abc import Sequence
from dataclasses import replace

from tunebook.analyse.noise import folds
from tunebook.records import DataFacts, Picture, Table
from tunebook.report.cards import Block, Card, Contacts, Grid, Heading, Page, Panel, Said, Value
from tunebook.report.wording import count, counted, joined

ANCHOR, HEADING = "data", "The data"
SHOWN, FEWEST = 12, 3
"""Items on the contact sheets of all data sets together, and on each at least."""
LEAKS = "What is in two splits is tested on what it was trained on (T406)."


def data_card(table: Table) -> Card | None:
    """The data sets of a study; None where none of them was surveyed."""
    if not table.data:
        return None
    whole = card(table.data)
    return (
        replace(whole, sentence=f"{_first(table)}{whole.sentence}", caveats=_folded(table)) if folds(table) else whole
    )


def card(data: Sequence[DataFacts]) -> Card:
    """What some data sets hold, one after the other."""
    several, most = len(data) > 1, max(FEWEST, SHOWN // max(len(data), 1))
    blocks = [block for at, each in enumerate(data, start=1) for block in _blocks(each, at, most, several=several)]
    return Card(ANCHOR, HEADING, " ".join(said(each, several=several) for each in data), blocks)


def _first(table: Table) -> str:
    """`In the first of 3 folds: `."""
    return f"In the first of {folds(table)} folds: "


def _folded(table: Table) -> list[str]:
    """What the other folds are."""
    parted = {each.name: {split.name: split.items for split in each.splits} for each in table.data}
    said = [
        f"{count(items['train'] + items['val'])} {each.noun}{f' of {each.name}' if len(table.data) > 1 else ''}"
        for each in table.data
        if {"train", "val"} <= (items := parted[each.name]).keys()
    ]
    dealt = f"{joined(said)} are" if said else "What is not tested on is"
    return [
        f"{dealt} dealt out to {folds(table)} folds, and stand in val in one of them each. What is shown, and what is "
        "looked for as odd, is the first; other folds have other items in train and val, and the same in other splits."
    ]


def page(data: Sequence[DataFacts], *, name: str, kind: str, notes: Sequence[str] = ()) -> Page:
    """Some data sets as a page of their own.

    Args:
        name: What the data are called. `kind`: what they are taken for: `Data · binary-segmentation`.
        notes: Sentences on their splits.
    """
    answer = " ".join([*(said(each, several=len(data) > 1) for each in data), *notes])
    shown = card(data)
    held = Card(shown.anchor, "What they hold", "", shown.blocks)
    return Page(name, kind, "", answer, [held], made_from="these data")


def said(data: DataFacts, *, several: bool = False) -> str:
    """`36 train and 8 val images of 256 × 256 px, 18 (8 to 91) objects each (median and range). Nothing odd was …`."""
    numbers = joined([f"{count(split.items)} {split.name}" for split in data.splits])
    things = f"{numbers} {data.noun}{f' {data.together}' if data.together else ''}"
    odd = len(oddities(data))
    found = f"{counted(odd, 'thing')} {'is' if odd == 1 else 'are'} odd." if odd else "Nothing odd was found."
    return f"{f'{data.name}: ' if several else ''}{things}. {found}"


def oddities(data: DataFacts) -> tuple[str, ...]:
    """What a person should know, what weighs most first."""
    return (*data.twice, *data.odd)


def grid(data: DataFacts, *, title: str = "") -> Grid:
    """A row for every split."""
    facts = list(dict.fromkeys(name for split in data.splits for name in split.facts))
    headings = [Heading("split"), Heading(data.noun, numeric=True), *map(Heading, facts)]
    rows = [
        [
            Value(split.name),
            Value(count(split.items), sort=split.items),
            *(Value(split.facts.get(f, "")) for f in facts),
        ]
        for split in data.splits
    ]
    return Grid(f"What each split of {data.name} holds.", headings, rows, title)


def _blocks(data: DataFacts, at: int, most: int, *, several: bool) -> list[Block]:
    title = data.name if several else ""
    blocks: list[Block] = [grid(data, title=title)]
    if odd := oddities(data):
        blocks.append(Said([*odd, *([LEAKS] if data.twice else [])], "What is odd"))
    if data.pictures:
        number = min(most, len(data.pictures))
        shown = [data.pictures[n * len(data.pictures) // number] for n in range(number)]
        items = [(picture.item, _panels(picture, f"data-{at}-{n}")) for n, picture in enumerate(shown, start=1)]
        blocks.append(Contacts(items, f"Some of them{f': {title}' if title else ''}"))
    return blocks


def _panels(picture: Picture, name: str) -> list[Panel]:
    return [
        Panel(path, f"{name}-{n}", f"{panel} of {picture.item}")
        for n, (panel, path) in enumerate(picture.panels.items(), start=1)
    ]

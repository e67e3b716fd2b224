"""What data hold, as `tunebook look` shows it and every page opens with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tunebook.records.pictures import Picture


@dataclass(frozen=True)
class SplitFacts:
    """One split of a data set.

    Args:
        name: `train`.
        items: How many images, scans or rows it has.
        facts: What is measured over all its items -> what a person reads, in the order of showing:
            `size` -> `512 × 512 px`, `objects an image` -> `12 (3 to 40)`.
    """

    name: str
    items: int
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DataFacts:
    """One data set.

    Args:
        name: What the study file calls it: `cells`, a path.
        noun: What its items are, several of them: `images`, `scans`, `rows`.
        splits: In their order.
        odd: What a person should know before training, a sentence each: files without a partner, files that differ
            in kind from the others, masks without foreground, rows without a label.
        pictures: A contact sheet: some items of each split, with the paths of their PNG thumbnails; the item's name
            begins with its split (`train/cell_07`). Empty where there is nothing to see.
        together: What is said of all items, behind their number: `of 512 × 512 px, 14 objects each (median)`.
        twice: What is in two splits with the same content, a sentence for every two splits: a model is tested there on
            what it was trained on.
    """

    name: str
    noun: str
    splits: Sequence[SplitFacts]
    odd: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    together: str = ""
    twice: Sequence[str] = ()

"""The splits of a first study, from the folders that were found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunebook.errors import DataError, Problem
from tunebook.images import crops, finding
from tunebook.images.dividing import SPLITS
from tunebook.images.finding import Folder
from tunebook.spec.names import listed

SHARES: Mapping[str, float] = {"train": 0.6, "val": 0.2, "test": 0.2}
LEAST = 5
"""Images that are dealt out to three splits at least."""


@dataclass(frozen=True)
class FirstSplits:
    """How images come to splits.

    Args:
        base: Dotted path -> value; what is as a task has it by itself is left out.
        found: What there is: `36 train, 8 val and 12 test images`.
        train: Images to train on. `scored`: Those of val and test.
        used: The folders that they are in.
        why: Dotted path -> a sentence.
    """

    base: Mapping[str, Any]
    found: str
    train: float
    scored: float
    used: Sequence[Folder]
    why: Mapping[str, str] = field(default_factory=dict)


def divided(data: Path, found: Sequence[Folder]) -> FirstSplits:
    """The folders of splits by their names; what is lacking is dealt out of the folder of training images.

    Raises:
        DataError: when there are several folders and none of them is meant for training, or too few images.
    """
    named = {folder.name: folder for folder in found}
    roles = {"train": ""} if "" in named else finding.roles(named)
    if "train" not in roles:
        there = listed(f"{name} ({len(folder.stems)} images)" for name, folder in named.items())
        message = f"must have the folders train, val and test, or one folder of images for all three; it has {there}"
        raise DataError(Problem(str(data), message, "rename the folders: what is trained on is train"))
    lacking = [split for split in SPLITS if split not in roles]
    used = {split: named[name] for split, name in roles.items()}
    base = {f"data.{split}": name for split, name in roles.items() if name not in (split, "")}
    why = {}
    if others := [name for name in named if name not in roles.values()]:
        base.setdefault("data.test", roles.get("test", "test"))
        why["data.test"] = f"what is reported; there {'is' if len(others) == 1 else 'are'} also {listed(others)}"
        if "test" in lacking:
            del base["data.test"], why["data.test"]
    number = {split: float(len(folder.stems)) for split, folder in used.items()}
    whole = used["train"]
    said = ", ".join(f"{len(used[split].stems)} {split}" for split in SPLITS if split in used)
    counted = f"{said.rpartition(', ')[0]} and {said.rpartition(', ')[2]} images" if len(used) > 1 else ""
    if lacking:
        shares = _shares(lacking)
        dealt, reason = _dealt(whole, shares, lacking)
        base, why = {**base, **dealt}, {**why, **reason}
        number |= {split: share * len(whole.stems) for split, share in shares.items()}
    return FirstSplits(
        base=base,
        found=counted or f"{len(whole.stems)} images in one folder",
        train=number["train"],
        scored=number["val"] + number["test"],
        used=tuple(used.values()),
        why=why,
    )


def _shares(lacking: Sequence[str]) -> dict[str, float]:
    """Split -> share of the training images, of those that are dealt out of them."""
    own = {split: SHARES[split] for split in ("train", *lacking)}
    return {split: round(share / sum(own.values()), 2) for split, share in own.items()}


def _dealt(whole: Folder, shares: Mapping[str, float], lacking: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields that deal out a folder, with their reasons."""
    if len(whole.stems) < LEAST:
        message = f"must hold at least {LEAST} images with labels, of which {listed(lacking)} can be taken"
        raise DataError(Problem(str(whole.images), f"{message}; it has {len(whole.stems)}"))
    base: dict[str, Any] = {"data.split.fractions": dict(shares)}
    source = f"{listed(lacking)} from {whole.name}" if whole.name else "dealt out"
    why = {"data.split.fractions": f"{source}; `by` would keep the images of a slide together"}
    found = crops.expression(whole.stems)
    if found is not None:
        base["data.split.by"], groups = found
        why["data.split.fractions"] = source
        why["data.split.by"] = f"a guess: {groups} groups by the names before their numbers, kept together"
    return base, why

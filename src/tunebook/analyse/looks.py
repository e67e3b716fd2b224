"""Which pictures a page shows of every configuration, and configurations grouped by what their masks look like."""

import statistics
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from tunebook.analyse.choosing import pictured_run
from tunebook.analyse.masks import Confusion, Kind, confusion, kind_of, level_of, pictured_split, together
from tunebook.analyse.scores import Entry, Unavailable, cases, ordered
from tunebook.records import Case, RunFacts, Table

FOUND = (0.01, 0.25, 0.75)
"""From these shares of a picture's foreground on, true positives are few, some, most."""
WRONG = (0.01, 0.25, 1.0)
"""From these multiples of a picture's foreground on, false positives are few, some, many."""
TRUE, FALSE = ("no", "few", "some", "most"), ("no", "few", "some", "many")
READABLE = 10
"""Most groups that a reader takes in."""
APART: Mapping[Kind, str] = {
    "all black": "nothing is predicted on any picture",
    "all white": "everything is predicted on every picture",
    "constant": "one probability everywhere",
    "only false positives": "false positives, and not one true positive",
}
"""Degenerate predictors that are groups of their own -> what their masks look like."""


@dataclass(frozen=True)
class Items:
    """The items of one case that a page shows of every configuration.

    Args:
        names: In the order of showing.
        rule: How they were chosen, in words.
        unknown: Names that were asked for, of which no run has a picture.
    """

    names: tuple[str, ...]
    rule: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class VisualGroup:
    """Configurations whose masks look alike.

    Args:
        looks: What their masks look like.
        members: Best first.
    """

    name: str
    looks: str
    members: tuple[Entry, ...]


@dataclass(frozen=True)
class VisualGroups:
    """All configurations with masks, in groups.

    Args:
        items: What they were looked at on.
        rule: What the configurations of a group have in common, in words.
        groups: The one with the best score first.
    """

    case: Case
    items: tuple[str, ...]
    rule: str
    groups: tuple[VisualGroup, ...]


@dataclass(frozen=True)
class _Look:
    """What one configuration's masks look like.

    Args:
        found, wrong: Level of true and of false positives, item by item; None: true ones without foreground.
    """

    kind: Kind | None
    found: tuple[int | None, ...]
    wrong: tuple[int, ...]

    @property
    def level(self) -> int:
        return statistics.median_low(level for level in self.found if level is not None)

    @property
    def level_there(self) -> int:
        """Where there are true positives at all; 0 when nowhere."""
        return statistics.median_low([level for level in self.found if level] or [0])

    @property
    def wrong_level(self) -> int:
        return statistics.median_low(self.wrong)

    @property
    def right_on(self) -> tuple[int, ...]:
        return tuple(at for at, level in enumerate(self.found, start=1) if level)

    @property
    def wrong_on(self) -> tuple[int, ...]:
        return tuple(at for at, level in enumerate(self.wrong, start=1) if level >= FALSE.index("some"))


def shown_items(table: Table, case: Case) -> Items | Unavailable:
    """The items of a case that the study wants to be seen (`report.pictures`), as any of its runs has a picture of."""
    runs = shown_runs(table, case)
    if not runs:
        return Unavailable("no configuration has pictures")
    best = next(iter(runs.values()))
    every = list(dict.fromkeys(picture.item for run in (best, *runs.values()) for picture in run.pictures))
    wanted = table.pictures
    if wanted == "best-median-worst":
        return _by_score(table, best, every)
    if isinstance(wanted, int):
        n = min(wanted, len(every))
        return Items(tuple(every[:n]), f"the first {n} of {len(every)}" if n < len(every) else f"all {n}")
    unknown = tuple(item for item in wanted if item not in every)
    there = tuple(item for item in wanted if item in every)
    if not there:
        return Unavailable(f"the study names pictures that no run has: {', '.join(unknown)}")
    return Items(there, "those that the study names", unknown)


def shown_runs(table: Table, case: Case) -> dict[str, RunFacts]:
    """Configuration -> the run whose pictures are shown in a case, best configuration first; those that have one."""
    at = cases(table).index(case)
    runs = ((entry.configuration, pictured_run(entry.rows[at])) for entry in ordered(table))
    return {configuration: run for configuration, run in runs if run is not None}


def visual_groups(table: Table, case: Case) -> VisualGroups | Unavailable:
    """Configurations grouped by what their masks look like on the shown pictures, at the threshold of each run.

    A degenerate predictor is a group by its kind, unless that is `few true positives`. For the others each picture has
    a level of true positives, by the share of the foreground that is found, and one of false positives, by their number
    relative to the foreground (in a picture without any: to the mean of the others). Where this makes too many groups
    to read, coarser ones are made (WAYS).
    """
    chosen = shown_items(table, case)
    if isinstance(chosen, Unavailable):
        return chosen
    looks = {
        configuration: look
        for configuration, run in shown_runs(table, case).items()
        if (look := _look(run, chosen.names)) is not None
    }
    if not looks:
        return Unavailable("no configuration has binary masks with foreground on the shown pictures")
    way, grouped = next(
        (way, grouped)
        for way in WAYS
        if len(grouped := _grouped(looks, way)) <= READABLE or way is WAYS[-1]  # at most 4 levels, and kinds
    )
    entries = {entry.configuration: entry for entry in ordered(table)}
    groups: list[VisualGroup] = []
    for members in grouped:
        look = looks[members[0]]
        name = look.kind or f"group {1 + sum(each.name.startswith('group') for each in groups)}"
        said = APART[look.kind] if look.kind else way.said(look)
        groups.append(VisualGroup(name, said, tuple(entries[each] for each in members)))
    return VisualGroups(case, chosen.names, way.rule, tuple(groups))


# Items ------------------------------------------------------------------------------------------------


def _by_score(table: Table, best: RunFacts, every: Sequence[str]) -> Items:
    """Best, median and worst item of the best configuration's run."""
    pictured = {picture.item for picture in best.pictures}
    held = best.items.get((table.select_metric, pictured_split(table)), {})
    scores = {item: score for item, score in held.items() if item in pictured}
    if len(scores) < 3:
        n = min(3, len(every))
        return Items(tuple(every[:n]), f"the first {n}, for fewer than 3 have a score of {table.select_metric} alone")
    sign = 1 if table.metrics[table.select_metric].direction == "maximize" else -1
    worst_first = sorted(scores, key=lambda item: (sign * scores[item], item))
    shown = (worst_first[-1], worst_first[len(worst_first) // 2], worst_first[0])
    return Items(
        shown, f"those with the best, the median and the worst {table.select_metric} of the best configuration"
    )


# Looks ------------------------------------------------------------------------------------------------


def _look(run: RunFacts, items: Sequence[str]) -> _Look | None:
    """What the shown masks of a run look like; None when one of them is lacking, or none has foreground."""
    held = {picture.item: picture.pixels for picture in run.pictures}
    pixels = [found for item in items if (found := held.get(item)) is not None]
    if len(pixels) < len(items):
        return None
    counts = [confusion(each, level_of(each.threshold)) for each in pixels]
    there = [each.foreground for each in counts if each.foreground]
    if not there:
        return None
    kind = kind_of(pixels, together(counts))
    usual = statistics.fmean(there)
    return _Look(
        None if kind == "few true positives" else kind,
        tuple(_found(each) for each in counts),
        tuple(_level(each.fp / (each.foreground or usual), WRONG) for each in counts),
    )


def _found(counts: Confusion) -> int | None:
    return None if counts.recall is None else _level(counts.recall, FOUND)


def _level(share: float, steps: Sequence[float]) -> int:
    return sum(share >= step for step in steps)


def _grouped(looks: Mapping[str, _Look], way: "_Way") -> list[list[str]]:
    """Configurations that look alike, in the order of the first of each group."""
    found: dict[Hashable, list[str]] = {}
    for configuration, look in looks.items():
        found.setdefault(look.kind or way.alike(look), []).append(configuration)
    return list(found.values())


def _finest(look: _Look) -> str:
    return f"{_true(look)}; {_wrong(look)}"


def _wrong(look: _Look) -> str:
    """`some or many false positives on picture 4`."""
    return _on("some or many false positives", look.wrong_on) if look.wrong_on else "few false positives at most"


def _by_picture(look: _Look) -> str:
    return f"{_true(look)}; {FALSE[look.wrong_level]} false positives"


def _by_levels(look: _Look) -> str:
    return f"{TRUE[look.level]} true positives; {FALSE[look.wrong_level]} false positives"


def _by_found(look: _Look) -> str:
    return f"{TRUE[look.level]} true positives"


def _true(look: _Look) -> str:
    """`few true positives on pictures 2, 3 and 4`; without any picture: `hardly a true positive`."""
    if not look.right_on:
        return "hardly a true positive on any picture"
    return _on(f"{TRUE[look.level_there]} true positives", look.right_on)


def _on(what: str, places: Sequence[int]) -> str:
    *first, last = map(str, places)
    return f"{what} on picture{'s' if first else ''} {', '.join(first)}{' and ' if first else ''}{last}"


@dataclass(frozen=True)
class _Way:
    """A way of grouping.

    Args:
        rule: What the configurations of a group agree in, in words. `alike`: the same as a value.
        said: What their masks look like.
    """

    rule: str
    alike: Callable[[_Look], Hashable]
    said: Callable[[_Look], str]


WAYS = (
    _Way(
        "the pictures with true positives, the level of these there (the median), and the pictures with some or many "
        "false positives",
        lambda look: (look.level_there, look.right_on, look.wrong_on),
        _finest,
    ),
    _Way(
        "the pictures with true positives, the level of these there, and that of false positives (medians)",
        lambda look: (look.level_there, look.right_on, look.wrong_level),
        _by_picture,
    ),
    _Way(
        "the levels of true and of false positives (medians over pictures)",
        lambda look: (look.level, look.wrong_level),
        _by_levels,
    ),
    _Way("the level of true positives (the median over pictures)", lambda look: look.level, _by_found),
)
"""Finest first."""

"""The cards of predicted masks: a wall of what every configuration predicts, and what binary masks are by counts."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tunebook.analyse import (
    KINDS,
    Entry,
    Items,
    Kind,
    Kinds,
    Masks,
    Unavailable,
    VisualGroup,
    VisualGroups,
    called,
    cases,
    cell,
    is_open,
    kinds,
    ordered,
    pictured_run,
    pictured_split,
    shown_items,
    shown_runs,
    visual_groups,
)
from tunebook.records import Case, Picture, Role, Row, RunFacts, Scalar, Table
from tunebook.report.cards import (
    Block,
    Card,
    Grid,
    Heading,
    Value,
    Wall,
    WallCell,
    WallColumn,
    WallPicture,
)
from tunebook.report.wording import (
    count,
    counted,
    in_case,
    joined,
    listed,
    name,
    number,
    pairs,
    percent,
    shortened,
    spread,
    value_text,
)

NEEDED = ("image", "truth", "prediction")
"""Panels without which a picture has no place on a wall."""
BINARY = {
    "green": "true foreground, in the panel truth",
    "blue": "true positive: foreground that is predicted",
    "yellow": "false positive: background that is predicted",
    "orange": "false negative: foreground that is not predicted",
}
"""Colour of a pixel in the panels of a binary mask -> what it stands for; without a panel: in `prediction`."""
COLOURED = re.compile(r"\d[\d,]* ([a-z][\w -]*?) \(([\w -]+)\)")
"""`12 matched (blue)` in the caption of instances."""
LEVELS = (
    "True positives of a picture are few from 1 % of its foreground on, some from 25 %, most from 75 %; false "
    "positives are few from 1 % of the size of its foreground on, some from 25 %, many from 100 %. In a picture "
    "without foreground, false positives are relative to the mean foreground of the shown pictures that have some."
)
SEEN = (
    "Groups are told from the shown pictures alone, the degenerate kind of a column from all pictured scans of its run;"
    " the two may differ."
)


def wall_card(table: Table) -> Card | None:
    """What every configuration predicts for the same items, case by case; None where nothing of that kind is drawn."""
    every = cases(table)
    found = [(case, _wall(table, case, at, several=len(every) > 1)) for at, case in enumerate(every, start=1)]
    walls = [wall for _, wall in found if isinstance(wall, Wall)]
    if not walls:
        return None
    caveats = [f"No wall{in_case(case)}: {wall.reason}." for case, wall in found if isinstance(wall, Unavailable)]
    sentence = " ".join(_said(table, wall) for wall in walls)
    so_far = " so far" if is_open(table) else ""
    order = f"Columns: best first{so_far}, by {table.select_metric} on {table.select_split}"
    order += "; baselines last." if any(_floors(table, wall) for wall in walls) else "."
    return Card("gallery", "Gallery", f"{sentence} {order}", walls, [*caveats, *_caveats(table, walls)])


def masks_card(table: Table) -> Card | None:
    """What the masks of every run are; None where there are no binary masks."""
    found = kinds(table)
    if isinstance(found, Unavailable):
        return None
    blocks: list[Block] = [_counts(found)]
    if found.failed:
        blocks.append(_failed(found))
    caveats = [f"{kind.capitalize()}: {meaning}." for kind, meaning in KINDS.items()]
    caveats.append(
        "Pixels are counted at full size, over all pictured scans of a run together; the first kind that fits is told."
    )
    return Card("masks", "What the masks are", _kinds_said(found), blocks, caveats)


# The wall ---------------------------------------------------------------------------------------------


def _wall(table: Table, case: Case, at: int, *, several: bool) -> Wall | Unavailable:
    items = shown_items(table, case)
    if isinstance(items, Unavailable):
        return items
    shown = shown_runs(table, case)
    drawn = {picture.item: picture for run in reversed(shown.values()) for picture in run.pictures}
    if not all(set(NEEDED) <= drawn[item].panels.keys() for item in items.names):
        return Unavailable(f"the pictures do not have the panels {joined(NEEDED)}")
    grouped = visual_groups(table, case)
    columns = [_column(table, entry, case, items, grouped) for entry in ordered(table) if entry.configuration in shown]
    floors = replace(table, rows=[row for row in table.baselines if row.case == case])
    columns += [_column(table, entry, case, items, None, "baseline") for entry in ordered(floors, "baseline")]
    columns = [column for column in columns if any(column.cells)]
    return Wall(
        name=f"wall-{at}" if several else "wall",
        study=table.study,
        split=pictured_split(table),
        rule=items.rule,
        pictures=[_picture(drawn[item]) for item in items.names],
        columns=columns,
        legend=_legend([drawn[item] for item in items.names]),
        groups={group.name: group.looks for group in _groups(grouped)},
        title=case.label if several else "",
        direction=table.metrics[table.select_metric].direction,
    )


def _column(
    table: Table,
    entry: Entry,
    case: Case,
    items: Items,
    grouped: VisualGroups | Unavailable | None,
    role: Role = "search",
) -> WallColumn:
    row = next(row for row in entry.rows if row is not None and row.case == case)
    run = pictured_run(row, role)
    keys = dict.fromkeys(((table.select_metric, table.select_split), (table.select_metric, pictured_split(table))))
    group = next((each.name for each in _groups(grouped) if entry in each.members), "")
    return WallColumn(
        configuration=entry.configuration,
        label=name(entry),
        parameters=_parameters(table, entry, row),
        scores={f"{metric} on {split}": _score(row, metric, split, role) for metric, split in keys},
        cells=[None if run is None else _cell(run, item) for item in items.names],
        group=group,
        kind=_kind(table, run) or "",
        replicate=_replicate(run),
        replicates=cell(row, metric=table.select_metric, split=table.select_split, role=role).n,
    )


def _parameters(table: Table, entry: Entry, row: Row) -> dict[str, Value]:
    """What can be varied, as far as the configuration has it; of several alternatives, its own first."""
    several = len({each.alternative for each in table.rows}) > 1
    found = {"alternative": Value(entry.alternative)} if several else {}
    return found | {path: _parameter(row.parameters.get(path, "")) for path in table.parameters}


def _parameter(value: Scalar) -> Value:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return Value(value_text(value), sort=float(value) if numeric else None)  # type: ignore[arg-type]  # a number


def _score(row: Row, metric: str, split: str, role: Role) -> Value:
    found = cell(row, metric=metric, split=split, role=role)
    if found.mean is None:
        return Value(shortened(found.reason or "no value"), muted=True)
    return Value(spread(found), shortened(found.reason), sort=found.mean)


def _cell(run: RunFacts, item: str) -> WallCell | None:
    picture = next((each for each in run.pictures if each.item == item and "prediction" in each.panels), None)
    if picture is None:
        return None
    probability = picture.panels.get("probability", "") if picture.pixels is not None else ""
    return WallCell(run.id, picture.panels["prediction"], probability, picture.pixels, picture.caption)


def _picture(picture: Picture) -> WallPicture:
    mask = picture.panels.get("mask", "") if picture.pixels is not None else ""
    return WallPicture(picture.item, picture.panels["image"], picture.panels["truth"], mask)


def _kind(table: Table, run: RunFacts | None) -> Kind | None:
    found = kinds(table)
    if run is None or isinstance(found, Unavailable):
        return None
    return next((each.chosen_kind for each in found.masks if each.run.id == run.id), None)


def _replicate(run: RunFacts | None) -> str:
    return ", ".join(f"{factor} {number}" for factor, number in run.replicate.items()) if run is not None else ""


def _groups(grouped: VisualGroups | Unavailable | None) -> Sequence[VisualGroup]:
    return grouped.groups if isinstance(grouped, VisualGroups) else ()


def _legend(pictures: Sequence[Picture]) -> Mapping[str, str]:
    """Of binary masks that of their pixels; else what the captions say of colours."""
    if any(picture.pixels is not None for picture in pictures):
        return BINARY
    return {colour: what for picture in pictures for what, colour in COLOURED.findall(picture.caption)}


def _floors(table: Table, wall: Wall) -> int:
    return sum(column.configuration in {row.configuration for row in table.baselines} for column in wall.columns)


def _said(table: Table, wall: Wall) -> str:
    """Who is on a wall, and what: `55 configurations and 4 baselines on 5 pictures of test: the first 5 of 27`."""
    floors = _floors(table, wall)
    who = counted(len(wall.columns) - floors, "configuration")
    who += f" and {counted(floors, 'baseline')}" if floors else ""
    where = f" in {wall.title}" if wall.title else ""
    return f"{who} on {counted(len(wall.pictures), 'picture')} of {wall.split}{where}: {wall.rule}."


def _caveats(table: Table, walls: Sequence[Wall]) -> Iterator[str]:
    """What is not seen, and how groups are made."""
    for case, items in ((case, shown_items(table, case)) for case in cases(table)):
        if isinstance(items, Items) and items.unknown:
            yield f"No run has a picture of {listed(items.unknown)}, which the study names{in_case(case)}."
    for case in cases(table):
        unseen = [entry for entry in ordered(table) if entry.configuration not in shown_runs(table, case)]
        why = Counter(_unseen(entry, case) for entry in unseen)
        if unseen:
            reasons = ", ".join(f"{reason} ({count(n)})" for reason, n in why.items())
            yield f"{counted(len(unseen), 'configuration')}{in_case(case)} without a picture: {reasons}."
    yield from _of_replicates([column for wall in walls for column in wall.columns])
    rules = {each.rule for case in cases(table) if isinstance(each := visual_groups(table, case), VisualGroups)}
    if rules:
        yield "Masks are those at the threshold that was chosen for each run."
        yield (
            "A pixel of a small picture is foreground, or predicted, where any pixel of the scan that it stands for is,"
            " so that thin things do not vanish: single pixels look larger, right and wrong ones; counts are exact."
        )
        alike = "; or in ".join(sorted(rules))
        yield f"Visual groups are degenerate predictors, and configurations that agree in {alike}."
        yield LEVELS
        yield SEEN


def _of_replicates(columns: Sequence[WallColumn]) -> Iterator[str]:
    """That masks are of one replicate and scores are means of several; and of which, where columns differ."""
    scored = [column.replicates for column in columns if column.replicates]
    low, high = min(scored, default=0), max(scored, default=0)
    if high > 1:
        n = count(high) if low == high else f"{count(low)} to {count(high)}"
        yield (
            f"Scores of a column are means over {n} replicates; its masks are those of one, its first finished run "
            "with pictures."
        )
    shown = Counter(column.replicate for column in columns if column.replicate)
    if len(shown) > 1:
        most_first = sorted(shown.items(), key=lambda each: (-each[1], each[0]))
        each = [f"{replicate} ({counted(n, 'column')})" for replicate, n in most_first]
        yield f"Columns show masks of different replicates: {listed(each)}."


def _unseen(entry: Entry, case: Case) -> str:
    """Why a configuration has no picture: how its runs ended."""
    row = next((row for row in entry.rows if row is not None and row.case == case), None)
    status = Counter(run.status for run in row.runs) if row is not None else Counter[str]()
    return "failed" if status["failed"] else "did not run" if status["missing"] else "none was drawn"


# What the masks are -----------------------------------------------------------------------------------


def _kinds_said(found: Kinds) -> str:
    """`Of 55 configurations, on test (3 scans): at 0.5, 12 are all black; at the threshold chosen for each, …`."""
    runs = [each for each in found.masks if each.run.role != "baseline" and each.half.foreground > 0]
    failed = f"{counted(len(found.failed), 'run')} failed: without a mask, and counted apart." if found.failed else ""
    if not runs:
        return f"No run of the study has masks of scans with foreground on {found.split}. {failed}".rstrip()
    scans = sorted({each.items for each in runs})
    n = count(scans[0]) if len(scans) == 1 else f"{count(scans[0])} to {count(scans[-1])}"
    unit = "configuration" if len(runs) == len({each.row.configuration for each in runs}) else "run"
    of = f"Of {counted(len(runs), unit)}"
    at = [
        f"{where}, {_counted_kinds([kind for each in runs if (kind := told(each)) is not None])}"
        for where, told in (("at 0.5", _at_half), ("at the threshold chosen for each", _at_chosen))
    ]
    said = f"{of}, on {found.split} ({n} scan{'' if n == '1' else 's'}): {'; '.join(at)}."
    return f"{said} {failed}".rstrip()


def _at_half(masks: Masks) -> Kind | None:
    return masks.half_kind


def _at_chosen(masks: Masks) -> Kind | None:
    return masks.chosen_kind


def _counted_kinds(found: Sequence[Kind]) -> str:
    """`12 are all black and 1 has few true positives`."""
    if not found:
        return "none is degenerate"
    counts = Counter(found)
    return joined([_is(kind, counts[kind]) for kind in KINDS if counts[kind]])


def _is(kind: Kind, n: int) -> str:
    if kind in ("only false positives", "few true positives"):
        return f"{count(n)} {'has' if n == 1 else 'have'} {kind}"
    return f"{count(n)} {'is' if n == 1 else 'are'} {kind}"


def _counts(found: Kinds) -> Grid:
    """Run by run: what it is at either threshold, and the pixels behind it."""
    headings = [Heading(each) for each in ("configuration", "replicate", "role")]
    headings += [Heading("what it is", "at 0.5"), Heading("what it is", "at the chosen threshold")]
    headings.append(Heading("threshold", "chosen", numeric=True))
    for where in ("at 0.5", "chosen"):
        headings += [Heading(each, where, numeric=True) for each in ("tp", "fp", "fn", "predicted")]
    headings.append(Heading("n", "scans", numeric=True))
    rows = [_line(each) for each in found.masks]
    facets = {
        text: values
        for text, at in (("role", 2), ("at one half", 3), ("at the chosen threshold", 4))
        if len(set(values := [row[at].text for row in rows])) > 1
    }
    return Grid(
        "Pixels of the masks of every run: true positives (tp), false positives (fp), false negatives (fn), and the "
        "share of all pixels that is predicted.",
        headings,
        rows,
        f"What the masks of {counted(len(rows), 'run')} are",
        facets=facets,
    )


def _line(masks: Masks) -> list[Value]:
    low, high = masks.thresholds[0], masks.thresholds[-1]
    named = [called(masks.row), pairs(masks.run.replicate), masks.run.role]
    kinds_told = [masks.half_kind or "", masks.chosen_kind or ""]
    threshold = number(low) if low == high else f"{number(low)} to {number(high)}"
    pixels = [
        value
        for each in (masks.half, masks.chosen)
        for value in (
            *(Value(count(n), sort=n) for n in (each.tp, each.fp, each.fn)),
            Value(percent(each.predicted), sort=each.predicted),
        )
    ]
    return [
        *(Value(text) for text in (*named, *kinds_told)),
        Value(threshold, sort=low),
        *pixels,
        Value(count(masks.items), sort=masks.items),
    ]


def _failed(found: Kinds) -> Grid:
    """Those that ended without a result: no mask, not a black one."""
    rows = [[Value(called(row)), Value(pairs(run.replicate)), Value(run.reason)] for row, run in found.failed]
    title = f"{counted(len(rows), 'run')} failed, and made no mask"
    return Grid(title, [Heading(each) for each in ("configuration", "replicate", "reason")], rows, title)

"""What a study had results of and declares no longer: configurations, cases, replicates, and fresh seeds.

A configuration, a case or a replicate is still declared where something in the study as it stands is called by the same
values, and perhaps by more: a further parameter, another budget in `base`, or folds leave out nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Case, Change, canonical_json
from tunebook.study.stated import stated

NAMED = 3
"""Most of what is left out that a sentence names."""
Point = frozenset[tuple[str, str]]
"""What something is called by: names, each with its value as JSON."""


@dataclass(frozen=True)
class Holding:
    """What a study holds, or held by a plan.

    Args:
        entries: Its runs.
        scored: (run, length) of those that had results.
        confirm: How many finalists it confirms, and on how many fresh seeds; None: none.
        text: Of its study file; empty where there was none.
    """

    entries: Sequence[PlannedEntry] = ()
    scored: frozenset[tuple[str, int]] = frozenset()
    confirm: tuple[int, int] | None = None
    text: str = ""

    @cached_property
    def searched(self) -> Sequence[PlannedEntry]:
        """The runs that its search tries."""
        return [entry for entry in self.entries if entry.role == "search"]

    @cached_property
    def tried(self) -> Sequence[PlannedEntry]:
        """Those of them that had results."""
        return [entry for entry in self.searched if (entry.run, entry.length) in self.scored]

    @cached_property
    def runs(self) -> frozenset[str]:
        """Ids of the runs that its search tries."""
        return frozenset(entry.run for entry in self.searched)

    @cached_property
    def configurations(self) -> frozenset[str]:
        """Ids of what its search tries."""
        return frozenset(entry.configuration for entry in self.searched)

    @cached_property
    def points(self) -> "Points":
        """What its search tries, by the values that single it out."""
        return Points.of((entry.alternative, entry.parameters) for entry in self.searched)

    @cached_property
    def cases(self) -> "Points":
        return Points(frozenset(_point(entry.case.values) for entry in self.searched))

    @cached_property
    def replicates(self) -> "Points":
        return Points(frozenset(_point(entry.replicate) for entry in self.searched))

    @cached_property
    def space(self) -> Hashable:
        """What says which configurations are tried: equal where a person has changed nothing of it."""
        raw = stated(self.text) if self.text else None
        return self.configurations if raw is None else repr((raw.get("space"), raw.get("refine")))


@dataclass(frozen=True)
class Points:
    """Points among which others are looked for."""

    points: frozenset[Point]
    _by_names: dict[frozenset[str], frozenset[Point]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, found: Iterable[tuple[str, Mapping[str, object]]]) -> "Points":
        """Of configurations: the label of the alternative, and the values of each."""
        return cls(frozenset(_point(parameters, alternative) for alternative, parameters in found))

    def hold(self, point: Point) -> bool:
        """Whether any of them is called by all of a point's values."""
        names = frozenset(name for name, _ in point)
        if names not in self._by_names:
            self._by_names[names] = frozenset(
                frozenset(pair for pair in each if pair[0] in names) for each in self.points
            )
        return point in self._by_names[names]

    def hold_configuration(self, entry: PlannedEntry) -> bool:
        """Whether any of them is called by all values of a run's configuration."""
        return self.hold(point_of(entry))


def point_of(entry: PlannedEntry) -> Point:
    """What the configuration of a run is called by."""
    return _point(entry.parameters, entry.alternative)


def gone(then: Holding, now: Holding) -> Iterator[PlannedEntry]:
    """Runs with results of configurations that the study as it stands does not try."""
    for entry in then.tried:
        if entry.configuration not in now.configurations and not now.points.hold_configuration(entry):
            yield entry


def left_out(thens: Sequence[Holding], now: Holding, excluded: Points) -> Iterator[Change]:
    """What had results and is declared no longer, a change for each key of the study file that says it.

    Args:
        thens: What it held by its plans that had results, the oldest first.
        excluded: What it declares and does not run: a constraint says so, not the space.
    """
    if not thens:
        return
    away = [each for then in _others(thens, now, lambda one: one.space) for each in gone(then, now)]
    same = {point_of(each) for then in thens for each in then.searched if each.configuration in now.configurations}
    named = {point_of(each): each.label for each in away if not excluded.hold_configuration(each)}
    named = {point: label for point, label in named.items() if point not in same}  # one value alone is no parameter
    yield from _no_longer("space", "configuration", list(named.values()))
    cases = [
        each.case.label
        for then in _others(thens, now, lambda one: one.cases.points)
        for each in then.tried
        if each.case.label and each.run not in now.runs and not now.cases.hold(_point(each.case.values))
    ]
    yield from _no_longer("across", "case", list(dict.fromkeys(cases)))
    replicates = [
        Case(each.replicate).label
        for then in _others(thens, now, lambda one: one.replicates.points)
        for each in then.tried
        if not now.replicates.hold(_point(each.replicate))
    ]
    yield from _no_longer("replicates", "replicate", list(dict.fromkeys(replicates)))
    yield from _less_confirmed(thens, now)


# Private ----------------------------------------------------------------------------------------------


def _point(values: Mapping[str, object], alternative: str = "") -> Point:
    named = frozenset((name, canonical_json(value)) for name, value in values.items())
    return named | {("", alternative)} if alternative else named


def _others(thens: Sequence[Holding], now: Holding, part: Callable[[Holding], Hashable]) -> Iterator[Holding]:
    """Those that were otherwise in one part; none where the first was as it is."""
    if part(thens[0]) != part(now):
        yield from (then for then in thens if part(then) != part(now))


def _no_longer(part: str, thing: str, labels: Sequence[str]) -> Iterator[Change]:
    if not labels:
        return
    number, names = len(labels), [label for label in labels if label]
    said = f"{number:,} {thing} that had results is" if number == 1 else f"{number:,} {thing}s that had results are"
    which = f": {', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''}" if names else ""
    yield Change(part, (), f"{said} no longer declared{which}", number)


def _less_confirmed(thens: Sequence[Holding], now: Holding) -> Iterator[Change]:
    """Fewer finalists, or fewer fresh seeds; more replicates need none, and of one configuration there is no final."""
    if thens[0].confirm == now.confirm or len(now.configurations) < 2:
        return
    more = [then for then in thens if _is_more(then.confirm, now.confirm)]
    if now.confirm is None:
        more = [then for then in more if len(then.replicates.points) >= len(now.replicates.points)]
    if more:
        yield Change(
            "confirm", tuple(dict.fromkeys(_confirming(then.confirm) for then in more)), _confirming(now.confirm)
        )


def _is_more(then: tuple[int, int] | None, now: tuple[int, int] | None) -> bool:
    return then is not None and (now is None or then[0] > now[0] or then[1] > now[1])


def _confirming(confirm: tuple[int, int] | None) -> str:
    return "no confirm" if confirm is None else f"confirm the best {confirm[0]} on {confirm[1]} fresh seeds"

"""A comparison of two studies in words and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunebook.analyse.compared import Change, Chosen, Compared, Mean, Scores
from tunebook.analyse.pairing import Shared
from tunebook.report.markdown import escaped
from tunebook.report.wording import between, counted, gap, listed, number


@dataclass(frozen=True)
class Part:
    """One part of what is said: lines, then a table; `numeric` columns are set right."""

    heading: str
    lines: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    numeric: frozenset[int] = frozenset()


def parts(found: Compared) -> tuple[Part, ...]:
    """A comparison, part by part; what has nothing to say is left out."""
    every = (_shared(found), _scores(found), _chosen(found), _configurations(found), _differing(found), _file(found))
    return tuple(part for part in every if part.lines or part.rows)


def markdown(found: Compared) -> str:
    """The same as Markdown."""
    lines = [f"# {escaped(found.first.study)} and {escaped(found.second.study)}"]
    for part in parts(found):
        lines.append(f"## {escaped(part.heading)}")
        if part.lines:
            lines.append("\n".join(f"- {escaped(line)}" for line in part.lines))
        if part.rows:
            rule = ["--:" if at in part.numeric else "---" for at in range(len(part.heads))]
            table = [part.heads, *part.rows]
            head, *body = ([escaped(cell) for cell in row] for row in table)
            lines.append("\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body)))
    return "\n\n".join(lines) + "\n"


def _shared(found: Compared) -> Part:
    first, second = found.first.study, found.second.study
    kinds = {
        "configuration": found.configurations, "case": found.cases, "replicate": found.replicates,
        "metric": found.metrics, "split": found.splits,
    }  # fmt: skip
    lines = [_held(kind, each, first, second) for kind, each in kinds.items() if any(_names(each))]
    if found.by_values:
        lines.append(
            "Paired by what both studies vary, though other fields that can matter differ: "
            f"{counted(len(found.by_values), 'configuration')} ({listed(found.by_values)})."
        )
    if found.runs:
        lines.append(
            f"{counted(found.runs, 'run')} finished in both; {found.same_runs:,} of them are one run, scored by each."
        )
    return Part("What both hold", lines)


def _held(kind: str, each: Shared, first: str, second: str) -> str:
    alone = [
        f"{len(names):,} in {study} alone ({listed(names)})"
        for names, study in ((each.first, first), (each.second, second))
        if names
    ]
    return "; ".join([f"{counted(len(each.both), kind)} in both", *alone]) + "."


def _units(found: Compared) -> str:
    """What replicates are: `seeds`, or `replicates` where any is on a fold."""
    return "replicates" if any("fold=" in each for each in _names(found.replicates)) else "seeds"


def _names(each: Shared) -> Iterator[str]:
    return (name for names in (each.both, each.first, each.second) for name in names)


def _scores(found: Compared) -> Part:
    """Every metric on every split, as means over what is shared."""
    first, second = found.first.study, found.second.study
    lines = [
        f"Means of the searched runs over the pairs, then over cases. Change: {second} minus {first}, "
        f"with its 95 % interval: for other {_units(found)}, and for other items where their number stands beside it; "
        "never for other configurations.",
        *(line for each in found.scores for line in _notes(each)),
    ]
    heads = ("metric", "pairs", "items", first, second, "change", "rank correlation")
    rows = [
        (
            f"{each.metric} on {each.split}",
            f"{len(each.pairs):,}",
            f"{len(each.items.both):,}" if each.items.both else "not known",
            _mean(each.first),
            _mean(each.second),
            _change(each.change),
            "too few" if each.ranking.value is None else f"{each.ranking.value:.2f} (n = {each.ranking.n})",
        )
        for each in found.scores
    ]
    return Part("Scores", lines if rows else (), heads, rows, frozenset(range(1, len(heads))))


def _notes(each: Scores) -> Iterator[str]:
    column = f"{each.metric} on {each.split}"
    if each.left_out:
        named = [f"{one.label} ({one.reason})" for one in each.left_out]
        yield f"{column} leaves out {counted(len(named), 'configuration')}: {listed(named)}."
    if each.whole:
        yield f"{column} is no mean of items: each study's score is over all of its own items, and these differ."
    elif each.items.first or each.items.second:
        yield (
            f"{column} is over the {counted(len(each.items.both), 'item')} of both; "
            f"{len(each.items.first):,} and {len(each.items.second):,} more are in one study alone."
        )


def _chosen(found: Compared) -> Part:
    same = {True: "the same configuration", False: "another configuration"}
    lines = []
    for what, one, other, equal in (
        ("Decided", found.first.decision, found.second.decision, found.same_decision),
        ("Best by the search", found.first.winner, found.second.winner, found.same_winner),
    ):
        if one is None and other is None:
            continue
        verdict = f": {same[equal]} in both" if equal is not None else ""
        lines.append(f"{what}{verdict}.".replace(": another configuration in both", ": another in each"))
        for study, there, choice in (
            (found.first.study, found.second.study, one),
            (found.second.study, found.first.study, other),
        ):
            lines.append(_choice(study, there, choice))
    return Part("Decision and best configuration", lines)


def _choice(study: str, there: str, choice: Chosen | None) -> str:
    if choice is None:
        return f"{study}: none."
    said = f"{study}: {choice.label}, {choice.metric} on {choice.split} {_mean(choice.score)}"
    if not choice.there:
        return f"{said}; {there} does not hold it."
    place = f"number {choice.place} of {choice.of}" if choice.place else "without a score from all of its runs"
    return f"{said}; in {there} it is {place}."


def _configurations(found: Compared) -> Part:
    """Every shared configuration, on the first score that has any."""
    scored = next((each for each in found.scores if each.pairs), None)
    if scored is None:
        return Part("")
    heads = ("configuration", found.first.study, found.second.study, "change")
    rows = [(each.label, _mean(each.first), _mean(each.second), _change(each.change)) for each in scored.pairs]
    return Part(f"{scored.metric} on {scored.split}", (), heads, rows, frozenset({1, 2, 3}))


def _differing(found: Compared) -> Part:
    heads = ("what", found.first.study, found.second.study)
    rows = [
        (each.key, listed(each.first or ["not told"]), listed(each.second or ["not told"])) for each in found.provenance
    ]
    return Part("How they came about", (), heads, rows)


def _file(found: Compared) -> Part:
    return Part("Lines of the study file", found.file)


def _mean(found: Mean | None) -> str:
    """`0.512 ± 0.004 (n = 2)`."""
    if found is None:
        return "none"
    sd = "" if found.sd is None else f" ± {number(found.sd)}"
    return f"{number(found.mean)}{sd} (n = {found.n})"


def _change(found: Change | None) -> str:
    """`0.004 (-0.002 to 0.008, n = 3, 9 items)`."""
    if found is None:
        return "none"
    if found.low is None or found.high is None:
        return f"{gap(found.mean)} (n = {found.n}: no interval)"
    items = f", {counted(found.items, 'item')}" if found.items else ""
    return f"{gap(found.mean)} ({between(found.low, found.high)}, n = {found.n}{items})"

"""A person's word over the rule's: which configuration they mean, and how it stands beside the rule's choice."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tunebook.analyse.comparisons import difference
from tunebook.analyse.costs import parameters_of
from tunebook.analyse.decision import runs_of_decided, values_of
from tunebook.analyse.requirements import unmet
from tunebook.analyse.saying import name_of, number, spread
from tunebook.analyse.scores import Entry, ordered
from tunebook.errors import InputError, Problem
from tunebook.records import Decision, Overruling, Role, Scalar, Table, canonical_json

SHORTEST_PREFIX = 4
"""Hexadecimal digits of an id that are taken for one."""
WORDS = re.compile(r"[^\s=]+=\[[^\]]*\]|\S+")
"""Words of a choice; a list is one value: `targets=[q, v]`."""
LISTED = 20
"""Most configurations that a refusal names."""
EARLIER = "Before the study was changed, the rule "
"""What the evidence begins with that tells of a rule of before, which a person overruled."""


def overruled(decision: Decision, table: Table, choice: str, because: str, by: str, on: str) -> Decision:
    """The decision of a person for another configuration than the rule's.

    It may fail what the study requires, and it need not be a finalist: the evidence says so. A score that was not
    confirmed is one of the search, and so is `role`. Of the study's own records it holds what a table knows
    (`values` are the varied parameters); `scoring` and `left_open` stay those of the decision.

    Args:
        decision: What the rule decides.
        choice: Values that single the configuration out (`alpha=4 rank=8`), its alternative, both, or the beginning
            of its id.
        because: Why, in the person's words. `by`: who. `on`: the day, 2030-01-31.

    Raises:
        InputError: when the choice names no configuration with a score, or several, or the one that the rule chooses;
            or when there is no reason or no name.
    """
    for place, text in (("because", because), ("by", by)):
        if not text.strip():
            raise InputError(Problem(place, "must be said: it stands beside the decision for good; got nothing"))
    entry = single_out(table, choice)
    if entry.configuration == decision.configuration:
        message = f"must differ from what the rule chooses; {name_of(entry)} is its choice"
        raise InputError(Problem("choose", message, "--withdraw goes back to the rule"))
    return _put(decision, table, entry.configuration, because.strip(), by.strip(), on)


def stands(previous: Decision, rule: Decision, table: Table) -> Decision:
    """What holds once the rule has been applied again: a person's word as long as it can, else the rule's choice.

    It can as long as its configuration is among the rows and has a score. What the rule chooses is recorded beside
    it, whether or not it is the same by now; what a rule of before had chosen stays in the evidence.
    """
    said = previous.overruled
    if said is None or all(each.configuration != previous.configuration for each in _scored(table)):
        return rule
    again = _put(rule, table, previous.configuration, said.because, said.by, said.on)
    return replace(again, evidence=(*again.evidence, *_earlier(previous, said, rule)))


def agrees(decision: Decision) -> bool:
    """Whether the rule, as it stands, chooses what a person chose over a rule of before."""
    return decision.overruled is not None and decision.overruled.configuration == decision.configuration


def single_out(table: Table, choice: str, *, place: str = "choose", scored: bool = True) -> Entry:
    """The configuration that a person means.

    Args:
        place: Where they name it. `scored`: only one that has a score.

    Raises:
        InputError: naming those that there are, when it is none or several.
    """
    entries = _scored(table) if scored else ordered(table)
    choice = " ".join(choice.split())
    exact = [each for each in entries if choice in (each.label, each.configuration)]
    found = exact or [entry for entry in entries if choice and _is_meant(entry, choice)]
    if len(found) == 1:
        return found[0]
    hint = "name one of " + "; ".join(_known(found or entries))
    if found:
        raise InputError(Problem(place, f"must name one configuration; got {choice}, which may be {len(found)}", hint))
    one = "a configuration that has a score" if scored else "a configuration"
    raise InputError(Problem(place, f"must name {one}; got {choice}", hint))


def _put(rule: Decision, table: Table, configuration: str, because: str, by: str, on: str) -> Decision:
    """The rule's decision with a person's configuration in its place."""
    role, entry = _compared(table, configuration, rule.role)
    mean = entry.selection.mean
    assert mean is not None  # it was singled out among those with a score
    others = {name: value for name, value in rule.candidates.items() if name != configuration}
    return replace(
        rule,
        configuration=configuration,
        label=entry.label,
        values=values_of(entry),
        score=mean,
        candidates={configuration: mean, **others},
        runs=runs_of_decided(entry),
        role=role,
        evidence=(*rule.evidence, *_evidence(entry, role, rule, table)),
        overruled=Overruling(rule.configuration, rule.label, rule.score, because, by, on),
    )


def _earlier(previous: Decision, said: Overruling, rule: Decision) -> Iterator[str]:
    """Which rule a person overruled, where the study has another one since."""
    yield from (line for line in previous.evidence if line.startswith(EARLIER))
    then, now = ((each.rule, each.argument, each.metric, each.split) for each in (previous, rule))
    if canonical_json(then) != canonical_json(now) and said.configuration != previous.configuration:
        where = f"{previous.metric} on {previous.split}"
        other = said.label or said.configuration
        yield f"{EARLIER}{previous.rule} had chosen {other}: its {where} was {number(said.score)}."


def _compared(table: Table, configuration: str, wanted: Role) -> tuple[Role, Entry]:
    """By which runs a configuration is compared: those of the rule where it has them, else the search."""
    for role in (wanted, "search"):
        for entry in ordered(table, role):
            if entry.configuration == configuration and entry.selection.mean is not None:
                return role, entry
    raise AssertionError(configuration)


def _evidence(entry: Entry, role: Role, rule: Decision, table: Table) -> Iterator[str]:
    """What the numbers say of a person's choice."""
    if entry.configuration == rule.configuration:
        return
    found = f"{name_of(entry)} has {spread(entry.selection)}"
    if role != rule.role:
        yield f"{found} in the search alone: it was not run on fresh seeds."
    else:
        other = next(each for each in ordered(table, role) if each.configuration == rule.configuration)
        yield f"{found}, {_beside(entry, other)} {name_of(other)}."
        gap = difference(other.selection, entry.selection)
        if gap is not None and not gap.apart:
            yield "Common replicates do not set the two apart."
    if not entry.selection.complete:
        yield f"Not every run of {name_of(entry)} has a value: {entry.selection.reason}."
    failed = unmet(entry, table, role)
    if failed:
        yield f"{name_of(entry)} does not meet what is required: {', '.join(failed)}."


def _beside(entry: Entry, other: Entry) -> str:
    """`0.004 less than`."""
    gap = (entry.selection.mean or 0.0) - (other.selection.mean or 0.0)
    return f"{number(abs(gap))} {'less' if gap < 0 else 'more'} than" if gap else "the same as"


# What a person writes -------------------------------------------------------------------------------------


def _scored(table: Table) -> tuple[Entry, ...]:
    return tuple(entry for entry in ordered(table) if entry.selection.mean is not None)


def _is_meant(entry: Entry, choice: str) -> bool:
    """Whether all words of a choice fit a configuration."""
    alternative = f"{entry.alternative} "
    rest = f"{choice} ".removeprefix(alternative) if entry.alternative else choice
    words = WORDS.findall(rest)
    return all(_fits(entry, word.rstrip(",")) for word in words) and (bool(words) or rest != choice)


def _fits(entry: Entry, word: str) -> bool:
    name, equals, text = word.partition("=")
    if equals:
        values = [value for path, value in parameters_of(entry).items() if f".{path}".endswith(f".{name}")]
        return any(_reads_as(value, text) for value in values)
    return len(word) >= SHORTEST_PREFIX and entry.configuration.startswith(word)


def _reads_as(value: Scalar, text: str) -> bool:
    """Whether a text means a value: 1e-5 means 0.00001, 4.0 means 4."""
    if isinstance(value, bool) or value is None:
        return text.lower() == {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return text == value
    try:
        return float(text) == value
    except ValueError:
        return False


def _known(entries: Sequence[Entry]) -> Iterator[str]:
    """`alpha=4 rank=8 (1f0c…)`."""
    for entry in entries[:LISTED]:
        yield f"{name_of(entry)} ({entry.configuration})" if entry.label else entry.configuration
    if len(entries) > LISTED:
        yield f"… ({len(entries)} in all)"

"""Numbers of the ledger in a person's words: `{{ais.msa on test alpha=4 rank=8}}`.

    {{METRIC}}                          mean ± sd (n) of the decided configuration on the split of the choice
    {{METRIC.mean}}  .sd  .n            one of the three
    {{METRIC on SPLIT}}                 on another split
    {{METRIC in CASE}}                  in one case, by one of its values; else the mean over cases
    {{METRIC on SPLIT alpha=4 rank=8}}  of another configuration: values that single it out, or 4 digits of its id
    {{trainable_parameters alpha=4}}    what a configuration trains
    {{decision}} {{score}} {{rule}}     what was decided, its score where it was decided, by which rule
    {{n}} {{configurations}} {{runs}}   replicates behind that score; configurations and finished runs of the study

A metric is that of the search, as on the leaderboard; `score` is that of the decision, on fresh seeds where it was
confirmed. The text between the braces is taken apart by words, never evaluated.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tunebook.analyse import Cell, Entry, all_runs, cases, cell, ordered, single_out
from tunebook.analyse.scores import mean_over_cases
from tunebook.errors import InputError
from tunebook.records import Table
from tunebook.report.wording import count, joined, number, with_n

PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
STATISTICS = ("mean", "sd", "n")
EVERY = ("decision", "score", "rule", "n", "configurations", "runs", "trainable_parameters")
"""What may stand between braces beside a metric."""


class Unresolved(ValueError):
    """Nothing in the ledger is meant by what stands between the braces; the message says why."""


@dataclass(frozen=True)
class Quoted:
    """What stands for `{{…}}`.

    Args:
        asked: What stands between the braces.
        text: The number, or the name; empty where there is none.
        reason: Why there is none.
    """

    asked: str
    text: str = ""
    reason: str = ""


Source = Callable[[str], str]
"""What stands between braces -> the text for it; raises Unresolved."""


def quoted(text: str, source: Source) -> Iterator[str | Quoted]:
    """The text in pieces, in order: what was typed, and what the ledger says in the place of every `{{…}}`."""
    end = 0
    for found in PLACE.finditer(text):
        if found.start() > end:
            yield text[end : found.start()]
        end = found.end()
        asked = " ".join(found[1].split())
        try:
            yield Quoted(asked, source(asked))
        except Unresolved as error:
            yield Quoted(asked, reason=str(error))
    if end < len(text):
        yield text[end:]


def unresolved(text: str, source: Source) -> tuple[Quoted, ...]:
    """Every `{{…}}` of a text that the ledger has nothing for."""
    return tuple(each for each in quoted(text, source) if isinstance(each, Quoted) and each.reason)


def numbers_of(table: Table) -> Source:
    """What one study has for `{{…}}`."""
    return lambda asked: _of(asked, table)


def numbers_among(tables: Mapping[str, Table], *, only: str = "") -> Source:
    """What a book has: `{{STUDY: …}}`.

    Args:
        tables: Study -> its table, of studies that were run.
        only: The study of a book that has one: its name may be left out.
    """

    def source(asked: str) -> str:
        named, colon, rest = asked.partition(":")
        if colon and named.strip() in tables:
            return _of(rest.strip(), tables[named.strip()])
        if not colon and only in tables:
            return _of(asked, tables[only])
        raise Unresolved("must begin with a study of the book that was run: {{STUDY: …}}")

    return source


# Private ----------------------------------------------------------------------------------------------


def _of(asked: str, table: Table) -> str:
    words = asked.split()
    name = words[0] if words else ""
    if name in EVERY and name not in table.metrics:
        return _fact(name, words[1:], table)
    metric, statistic = _metric(name, table)
    split, case, rest = _where(words[1:], table)
    found = _cell(_entry(rest, table), metric, split, case, table)
    return _said(found, statistic)


def _fact(name: str, words: list[str], table: Table) -> str:
    """What is no metric."""
    if name == "trainable_parameters":
        found = _entry(words, table).trainable
        if found is None:
            raise Unresolved("no run tells how many parameters are trained")
        return count(found)
    if words:
        raise Unresolved(f"{name} stands alone; got {' '.join(words)} behind it")
    if name == "configurations":
        return count(len({row.configuration for row in table.rows}))
    if name == "runs":
        return count(len({run.id for _, run in all_runs(table) if run.status == "finished"}))
    if name == "rule":
        return table.rule
    decision = table.decision
    if decision is None:
        raise Unresolved("nothing is decided")
    if name == "decision":
        return decision.label or decision.configuration
    found_in = (each for each in ordered(table, decision.role) if each.configuration == decision.configuration)
    entry = next(found_in, None)
    if entry is None:
        raise Unresolved("what was decided is not among the rows")
    return _said(entry.selection, "n" if name == "n" else "")


def _metric(name: str, table: Table) -> tuple[str, str]:
    """The metric, and which number of it: empty for all three."""
    if name in table.metrics:
        return name, ""
    metric, _, statistic = name.rpartition(".")
    if metric in table.metrics and statistic in STATISTICS:
        return metric, statistic
    raise Unresolved(f"must begin with a metric ({joined(list(table.metrics))}) or one of {joined(EVERY)}")


def _where(words: list[str], table: Table) -> tuple[str, str, list[str]]:
    """Split, case (empty: the mean over them) and the words that are left."""
    split, case = table.select_split, ""
    while len(words) > 1 and words[0] in ("on", "in"):
        if words[0] == "on":
            split = words[1]
        else:
            case = words[1]
        words = words[2:]
    return split, case, words


def _entry(words: list[str], table: Table) -> Entry:
    """The configuration that is meant; the decided one where none is named."""
    if words:
        try:
            return single_out(table, " ".join(words), place="configuration", scored=False)
        except InputError as error:
            problem = error.problems[0]
            raise Unresolved(f"{problem.message}; {problem.hint}" if problem.hint else problem.message) from None
    if table.decision is None:
        raise Unresolved("must name a configuration, for nothing is decided")
    chosen = table.decision.configuration
    entry = next((each for each in ordered(table) if each.configuration == chosen), None)
    if entry is None:
        raise Unresolved("must name a configuration, for what was decided is not among the rows")
    return entry


def _cell(entry: Entry, metric: str, split: str, case: str, table: Table) -> Cell:
    splits = {on for _, run in all_runs(table) for _, on in run.scores}
    if split not in splits:
        raise Unresolved(f"must be on a split that has scores ({joined(sorted(splits)) or 'none'}); got {split}")
    every = cases(table)
    wanted = [at for at, each in enumerate(every) if not case or case == each.label or case in _values(each.values)]
    if not wanted or (case and len(wanted) > 1):
        which = "none" if not wanted else "several"
        known = "; ".join(each.label for each in every if each.label) or "the study has one without a name"
        raise Unresolved(f"must be in one case ({known}); {case} is {which}")
    return mean_over_cases([cell(entry.rows[at], metric=metric, split=split) for at in wanted])


def _values(values: Mapping[str, object]) -> set[str]:
    """`cells` and `data.root=cells` of a case."""
    return {str(value) for value in values.values()} | {f"{name}={value}" for name, value in values.items()}


def _said(found: Cell, statistic: str) -> str:
    if found.mean is None:
        raise Unresolved(f"there is no value: {found.reason or 'nothing was scored'}")
    if statistic == "n":
        return str(found.n)
    if statistic == "sd":
        if found.sd is None:
            raise Unresolved(f"there is no standard deviation (n = {found.n})")
        return number(found.sd)
    return number(found.mean) if statistic == "mean" else with_n(found)

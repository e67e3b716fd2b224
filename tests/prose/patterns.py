"""Sentences by their patterns: what a page may say, and how each number of it is found anew.

    @says("{who} has the {most:highest|lowest} mean of {metric} on {split}, {score}, of {n} candidate(s).")
    def _(study, said): return {"who": …, "most": …, "metric": …, "split": …, "score": …, "n": …}

A name in braces is a part that must be true, and the function returns the truth of each. What it looks like follows
from its name (WHO, KINDS), or from the word after the colon: a kind, or alternatives. Square brackets: may be absent,
and then its parts must be None. `(s)`: one or many. All else stands in the sentence as it is written here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from page_prose import Line
from printed_numbers import CHANCE, LARGE_F, NUMBER, SCORE, Truth
from raw_scores import Study

TOKEN = re.compile(r"\{(\w+)(?::([^{}]+))?\}|(\[)|(\])|(\(s\))")
Truths = Mapping[str, Truth]
Recompute = Callable[[Study, "Said"], Truths]
PATTERNS: list["Pattern"] = []


@dataclass(frozen=True)
class Pattern:
    """One kind of sentence."""

    template: str
    recompute: Recompute
    fixed: bool = False


@dataclass
class Said:
    """A sentence that a pattern covers.

    Args:
        parts: The parts as they are printed.
        line: Where it stands.
        heard: What the sentences before it on the same line were about.
        page: What other sentences and the tables of the page hold.
    """

    parts: dict[str, str | None]
    line: Line
    heard: dict[str, object]
    page: Mapping[str, object] = field(default_factory=dict)

    def __getitem__(self, part: str) -> str:
        found = self.parts[part]
        assert found is not None, part
        return found

    def get(self, part: str) -> str | None:
        return self.parts.get(part)


def says(*templates: str) -> Callable[[Recompute], Recompute]:
    """Declare what a page may say."""

    def declare(recompute: Recompute) -> Recompute:
        PATTERNS.extend(Pattern(template, recompute) for template in templates)
        return recompute

    return declare


def always(*sentences: str) -> None:
    """Sentences that are the same on every page: how to read it. Their numbers are constants of the method."""
    PATTERNS.extend(Pattern(each, lambda _study, _said: {}, fixed=True) for each in sentences)


def compiled(study: Study) -> Sequence[tuple[re.Pattern[str], Pattern]]:
    """The patterns with the names of a study."""
    kinds = _kinds(study)
    return [
        (re.compile(re.escape(each.template) if each.fixed else _regex(each.template, kinds)), each)
        for each in PATTERNS
    ]


def _kinds(study: Study) -> Mapping[str, str]:
    """Kind of a part -> what it looks like."""
    runs = [run for each in (study, *study.others.values()) for run in each.runs]
    who = {name for run in runs for name in (run.label, run.configuration, run.alternative) if name}
    parameters = {name for run in runs for name in run.parameters}
    parameters |= {name.rsplit(".", 1)[-1] for name in parameters} | set(study.case_fields)
    scores = {score for run in study.runs for score in run.scores}
    scores |= {(study.metric, study.split), *((metric, split) for metric in study.report for split in study.splits)}
    return {
        "number": NUMBER,
        "int": r"\d+(?:,\d{3})*",
        "score": SCORE,
        "f": rf"{NUMBER}|{LARGE_F}",
        "chance": CHANCE,
        "text": ".+?",
        "who": _one_of(who),
        "case": _one_of({run.case for run in runs if run.case}),
        "metric": _one_of({metric for metric, _ in scores}),
        "split": _one_of({split for _, split in scores}),
        "parameter": _one_of(parameters),
        "source": _one_of(study.others),
    }


def _one_of(names: Mapping[str, object] | set[str]) -> str:
    """Any of some names; the longest first, for one may begin like another."""
    return "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name)))) or "(?!)"


def _regex(template: str, kinds: Mapping[str, str]) -> str:
    """A template as a regular expression."""
    parts, end, seen = [], 0, set()
    for token in TOKEN.finditer(template):
        parts.append(re.escape(template[end : token.start()]))
        end = token.end()
        name, kind = token[1], token[2]
        if name in seen:
            parts.append(f"(?P={name})")
        elif name:
            seen.add(name)
            parts.append(f"(?P<{name}>{_look(name, kind, kinds)})")
        else:
            parts.append({"[": "(?:", "]": ")?", "(s)": "s?"}[token[0]])
    return "".join((*parts, re.escape(template[end:])))


def _look(name: str, kind: str | None, kinds: Mapping[str, str]) -> str:
    if kind is None:
        bare = name.rstrip("0123456789")
        kind = bare if bare in kinds else "number"
    return kinds[kind] if kind in kinds else "|".join(map(re.escape, kind.split("|")))

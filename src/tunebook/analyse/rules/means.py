"""Rules that compare means: the best of them, and the simplest that is as good by one standard error."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunebook.analyse.costs import simplicity
from tunebook.analyse.rules.terms import Choice, Terms, mean_of, separation, tied
from tunebook.analyse.saying import counted, name_of, named, number, spread
from tunebook.analyse.scores import Entry


@dataclass(frozen=True)
class BestMean:
    """The best mean; equal means: the simpler, then the id."""

    terms: Terms

    def score(self, entry: Entry) -> float | None:
        """Its mean."""
        return entry.selection.mean

    def lacks(self, entry: Entry) -> str:
        """A mean."""
        return entry.selection.reason

    def choose(self, entries: Sequence[Entry]) -> Choice:
        """The best mean, and from whom it is not separated."""
        order = sorted(entries, key=self.terms.better_first)
        return Choice(tuple(order), tuple(filter(None, self._evidence(*order))))

    def _evidence(self, best: Entry, *others: Entry) -> Iterator[str]:
        yield leads(best, len(others) + 1, self.terms)
        if others:
            second = others[0]
            yield f"Next is {name_of(second)} with {spread(second.selection)}, {_worse(second, best, self.terms)}."
            yield separation(best, others, way=self.terms.way)
            yield self._cheaper(best, others)

    def _cheaper(self, best: Entry, others: Sequence[Entry]) -> str:
        """Which of those that are not separated is the simplest, where the study says what is simple."""
        level, _ = tied(best, others, way=self.terms.way)
        if not level or not self.terms.table.prefer:
            return ""
        simplest = min([best, *level], key=self.terms.then)
        by = self.terms.simpler_by(simplest, best)
        return f"The simplest of these is {name_of(simplest)}: {by}; best-mean does not weigh that." if by else ""


@dataclass(frozen=True)
class OneStandardError:
    """The simplest of those within one standard error of the best mean (Breiman et al. 1984, section 3.4.3).

    Args:
        sd: Spread between replicates, of all configurations together; `known_from` says how it is known.
    """

    terms: Terms
    sd: float
    known_from: str

    def score(self, entry: Entry) -> float | None:
        """Its mean."""
        return entry.selection.mean

    def lacks(self, entry: Entry) -> str:
        """A mean."""
        return entry.selection.reason

    def choose(self, entries: Sequence[Entry]) -> Choice:
        """The simplest first, then the others by their means."""
        best = self.terms.best(entries)
        within = [entry for entry in entries if self.terms.behind(entry, best) <= self._error(best)]
        chosen = min(within, key=lambda entry: (*self._simplicity(entry), *self.terms.better_first(entry)))
        others = sorted((entry for entry in entries if entry is not chosen), key=self.terms.better_first)
        return Choice((chosen, *others), tuple(filter(None, self._evidence(chosen, best, within, entries))))

    def _error(self, best: Entry) -> float:
        """The standard error of the best mean; none where no replicate can change it."""
        return 0.0 if "" in best.selection.by_replicate else self.sd / math.sqrt(best.selection.n)

    def _simplicity(self, entry: Entry) -> tuple[float | str, ...]:
        return self.terms.then(entry)[:-1]

    def _evidence(self, chosen: Entry, best: Entry, within: Sequence[Entry], entries: Sequence[Entry]) -> Iterator[str]:
        terms, error = self.terms, self._error(best)
        yield leads(best, len(entries), terms)
        yield (
            f"One standard error of that is {number(error)}: {number(self.sd)}, {self.known_from}, over the square "
            f"root of {best.selection.n}."
        )
        bound = number(mean_of(best) - terms.sign * error)
        others = sorted((entry for entry in within if entry is not best), key=terms.better_first)
        if not others:
            yield f"No other is within it, {self._at(bound)}: so the best mean is taken."
        else:
            are = "candidate is" if len(others) == 1 else "candidates are"
            yield f"{len(others)} further {are} within it, {self._at(bound)}: {named(others)}."
            yield self._taken(chosen, best)
        rest = [entry for entry in entries if entry is not best]
        apart = separation(best, rest, way=terms.way) if rest else ""
        yield apart.replace("It is", f"{name_of(best)} is", 1)

    def _at(self, bound: str) -> str:
        return f"{bound} or {'more' if self.terms.sign > 0 else 'less'}"

    def _taken(self, chosen: Entry, best: Entry) -> str:
        if chosen is best:
            known = any(value is not None for value in simplicity(best, self.terms.table))
            return "Of these the best is the simplest too." if known else "Nothing tells which of these is simpler."
        by = self.terms.simpler_by(chosen, best)
        saved = f": {by}" if by else ""
        return f"The simplest of these is taken, {name_of(chosen)}{saved}; it is {_worse(chosen, best, self.terms)}."


def leads(best: Entry, of: int, terms: Terms) -> str:
    """The sentence that says who has the best mean."""
    most = "highest" if terms.sign > 0 else "lowest"
    if of == 1:
        return f"{name_of(best)} is the only candidate: its mean of {terms.metric} is {spread(best.selection)}."
    return (
        f"{name_of(best)} has the {most} mean of {terms.metric}, {spread(best.selection)}, "
        f"of {counted(of, 'candidate')}."
    )


def _worse(entry: Entry, best: Entry, terms: Terms) -> str:
    behind = terms.behind(entry, best)
    return f"{number(behind)} {'less' if terms.sign > 0 else 'more'}" if behind else "no different"

"""Rules that weigh the spread between replicates. Where n < 2 there is none, so nothing is chosen there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunebook.analyse import pooling
from tunebook.analyse.rules.terms import Choice, Terms, mean_of
from tunebook.analyse.saying import counted, name_of, number, spread
from tunebook.analyse.scores import Entry


@dataclass(frozen=True)
class LowerBound:
    """The best mean after `k` standard deviations to its bad side: what can be counted on.

    Args:
        k: How many; a metric that is minimised has its bad side above.
    """

    terms: Terms
    k: float

    def score(self, entry: Entry) -> float | None:
        """Its bound; None where it has no spread."""
        sd = entry.selection.sd
        return None if sd is None else mean_of(entry) - self.terms.sign * self.k * sd

    def lacks(self, entry: Entry) -> str:
        """A second replicate."""
        return _no_spread(entry)

    def choose(self, entries: Sequence[Entry]) -> Choice:
        """The best bound."""
        order = sorted(entries, key=lambda entry: (-self.terms.sign * self._bound(entry), *self.terms.then(entry)))
        return Choice(tuple(order), tuple(self._evidence(*order)))

    def _bound(self, entry: Entry) -> float:
        found = self.score(entry)
        assert found is not None  # a candidate of this rule has a spread
        return found

    def _evidence(self, chosen: Entry, *others: Entry) -> Iterator[str]:
        terms = self.terms
        most, less = ("highest", "minus") if terms.sign > 0 else ("lowest", "plus")
        yield (
            f"{name_of(chosen)} has the {most} mean {less} {self.k:g} sd of {terms.metric}, "
            f"{number(self._bound(chosen))}, of {counted(len(others) + 1, 'candidate')}: "
            f"its mean is {spread(chosen.selection)}."
        )
        if others:
            yield f"Next is {name_of(others[0])} with {number(self._bound(others[0]))}: {spread(others[0].selection)}."
            best = terms.best([chosen, *others])
            if best not in (chosen, others[0]):
                found = f"{number(self._bound(best))}: {spread(best.selection)}"
                yield f"The best mean, that of {name_of(best)}, has {found}."


@dataclass(frozen=True)
class MostStable:
    """The smallest standard deviation between replicates; equal ones: the better mean."""

    terms: Terms

    def score(self, entry: Entry) -> float | None:
        """Its standard deviation; None where it has none."""
        return entry.selection.sd

    def lacks(self, entry: Entry) -> str:
        """A second replicate."""
        return _no_spread(entry)

    def choose(self, entries: Sequence[Entry]) -> Choice:
        """The smallest spread, and how well it is known."""
        order = sorted(entries, key=lambda entry: (_sd(entry), *self.terms.better_first(entry)))
        return Choice(tuple(order), tuple(self._evidence(*order)))

    def _evidence(self, chosen: Entry, *others: Entry) -> Iterator[str]:
        terms = self.terms
        yield (
            f"{name_of(chosen)} has the smallest sd of {terms.metric}, {_with_interval(chosen)}, "
            f"of {counted(len(others) + 1, 'candidate')}; its mean is {number(mean_of(chosen))}."
        )
        best = terms.best([chosen, *others])
        if best is chosen:
            yield "Its mean is the best, too." if others else ""
            return
        worse = f"{number(terms.behind(chosen, best))} {'lower' if terms.sign > 0 else 'higher'}"
        yield f"The best mean, that of {name_of(best)}, is {number(mean_of(best))} with sd {_with_interval(best)}."
        if sd_interval(_sd(chosen), chosen.selection.n)[1] >= sd_interval(_sd(best), best.selection.n)[0]:
            yield f"The intervals overlap: that {name_of(chosen)} is more stable is not shown, and it is {worse}."
        else:
            yield f"The intervals do not overlap; {name_of(chosen)} is {worse}."


def sd_interval(sd: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a standard deviation of n normal values (chi-square, n - 1 degrees of freedom)."""
    return pooling.sd_interval(sd, n - 1)


def _no_spread(entry: Entry) -> str:
    """`n = 1, so no spread`."""
    return f"n = {entry.selection.n}, so no spread"


def _sd(entry: Entry) -> float:
    assert entry.selection.sd is not None  # a candidate of these rules has a spread
    return entry.selection.sd


def _with_interval(entry: Entry) -> str:
    """`0.004 (95 % interval 0.002 to 0.025, n = 3)`."""
    sd, n = _sd(entry), entry.selection.n
    low, high = sd_interval(sd, n)
    return f"{number(sd)} (95 % interval {number(low)} to {number(high)}, n = {n})"

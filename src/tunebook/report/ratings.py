"""The card of what people think of masks, apart from everything that is computed from them."""

from collections.abc import Iterator

from tunebook.analyse import Unavailable, cases
from tunebook.analyse.ratings import Agreement, RankCorrelation, RatedConfiguration, Ratings, ratings
from tunebook.records import Table
from tunebook.report.cards import LONG, Block, Card, Grid, Heading, Said, Value
from tunebook.report.wording import chance, counted, in_case, joined, metric_name, number, statistic

ANCHOR, HEADING = "ratings", "Ratings"
NAMED = 3
"""Most raters that a sentence names."""


def ratings_card(table: Table) -> Card | None:
    """Mean ratings, agreement of raters, and rank correlation with the selection metric; None where nobody rated."""
    found = ratings(table)
    if found is None:
        return None
    blocks: list[Block] = [_grid(table, found), Said([*_correlated(table, found)], "Ratings and the metric")]
    if found.agreements:
        blocks.append(Said([_agreed(each) for each in found.agreements], "Raters among themselves"))
    return Card(ANCHOR, HEADING, _sentence(found), blocks, _caveats(table, found))


def _sentence(found: Ratings) -> str:
    raters = sorted({rater for row in found.rows for rater in row.raters})
    who = joined(raters) if len(raters) <= NAMED else counted(len(raters), "rater")
    total, blind = sum(row.ratings for row in found.rows), sum(row.blind for row in found.rows)
    configurations = len({row.configuration for row in found.rows})
    return (
        f"{who} rated masks of {counted(configurations, 'configuration')} from 1 (worst) to 5 (best): "
        f"{counted(total, 'rating')}, {blind:,} of them blind. A rating is a person's word: it is no metric, and no "
        "rule looks at it."
    )


def _grid(table: Table, found: Ratings) -> Grid:
    several, splits = len(cases(table)) > 1, {row.split for row in found.rows}
    headings = [Heading("configuration"), *([Heading("case")] if several else [])]
    headings += [Heading("split")] if len(splits) > 1 else []
    headings += [
        Heading("rating", "mean, 1 to 5", numeric=True, tip="Over items, each the mean of its ratings; ± their sd."),
        Heading("items", numeric=True),
        Heading("n", "ratings", numeric=True),
        Heading("blind", "of these", numeric=True),
        Heading("raters"),
        Heading(metric_name(table, table.select_metric), "of the rated runs", numeric=True),
    ]
    rows = []
    for row in found.rows:
        cells = [Value(row.label, note="baseline" if row.baseline else "")]
        cells += [Value(row.case.label)] if several else []
        cells += [Value(row.split)] if len(splits) > 1 else []
        rows.append([*cells, *_values(row)])
    on = joined(sorted(splits))
    return Grid(f"Mean ratings of masks on {on}, best first.", headings, rows, folded=len(rows) > LONG)


def _values(row: RatedConfiguration) -> Iterator[Value]:
    spread = "" if row.sd is None else f" ± {statistic(row.sd)}"
    yield Value(f"{statistic(row.mean)}{spread}", sort=row.mean)
    yield Value(f"{row.items:,}", sort=row.items)
    yield Value(f"{row.ratings:,}", sort=row.ratings)
    yield Value(f"{row.blind:,}", sort=row.blind)
    yield Value(joined(list(row.raters)))
    yield (
        Value(f"no score on {row.split}", muted=True) if row.score is None else Value(number(row.score), sort=row.score)
    )


def _correlated(table: Table, found: Ratings) -> Iterator[str]:
    for each in found.correlations:
        if isinstance(each, Unavailable):
            yield f"No rank correlation: {each.reason}."
        else:
            yield _correlation(table, each)


def _correlation(table: Table, each: RankCorrelation) -> str:
    """Its value, n and p in a sentence."""
    metric = table.select_metric
    lower = ", where lower is better," if table.metrics[metric].direction == "minimize" else ""
    return (
        f"Spearman's rank correlation of mean ratings and {metric} on {each.split}{in_case(each.case)}{lower} is "
        f"{statistic(each.rho)} (n = {each.n} configurations, {chance(each.p)})."
    )


def _agreed(each: Agreement) -> str:
    both = f"{joined(each.raters)} both rated {counted(each.n, 'mask')}, {each.equal:,} of them alike"
    if each.kappa is None:
        return f"{both}; kappa is not defined, for all their ratings are equal."
    return f"{both}; Cohen's kappa with quadratic weights is {statistic(each.kappa)}."


def _caveats(table: Table, found: Ratings) -> list[str]:
    said = [
        "A mean is over items, each the mean of its ratings over runs and raters, ± their standard deviation (ddof 1; "
        "none of one item). A rating counts until the same rater's later one of the same mask; of a blind and an open "
        "one, the blind one counts."
    ]
    known = [each for each in found.correlations if isinstance(each, RankCorrelation)]
    if known:
        exact = {each.exact for each in known}
        how = "every order of the configurations" if exact == {True} else "Student's t"
        how = "every order of up to 8 configurations, else Student's t" if len(exact) > 1 else how
        said.append(f"p is from {how}; baselines are left out. {table.select_metric} is of the runs that were rated.")
    if found.agreements:
        said.append("Of kappa, 1 is full agreement and 0 what chance alone gives.")
    if any(row.blind < row.ratings for row in found.rows):
        said.append("Who rates openly sees names and scores, and may rate these.")
    return said

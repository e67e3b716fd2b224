"""Heatmaps over two numeric parameters."""

from study_tables import AIS, a_row, a_run, a_table, failed

from tunebook.analyse import Unavailable, heatmaps
from tunebook.records import Excluded


def point(alpha, rank, *runs, **more):
    return a_row(f"{alpha} {rank} {more}", *runs, parameters={"alpha": alpha, "rank": rank, **more})


def test_squares_show_values_failures_exclusions_and_gaps():
    """Each square is a value, a failure with its reason, an excluded point with its constraint, or undeclared."""
    table = a_table(
        point(1, 1, a_run(0, val=0.2), a_run(1, val=0.4)),
        point(2, 2, failed(0)),
        point(2, 1, a_run(0, val=0.5)),
        point(4, 1, a_run(0, val=0.5)),
        excluded=[Excluded({"alpha": 1, "rank": 2}, "", "alpha >= rank")],
    )
    (found,) = heatmaps(table, metric=AIS, split="val")
    states = [[(square.state, square.reason) for square in row] for row in found.squares]

    assert (found.x, found.y, found.xs, found.ys) == ("alpha", "rank", (1, 2, 4), (1, 2))
    assert states[1] == [
        ("excluded", "alpha >= rank"),
        ("no value", "failed: diverged"),
        ("undeclared", "not declared"),
    ]
    assert (round(found.squares[0][0].mean, 3), found.squares[0][0].n) == (0.3, 2)


def test_axes_are_the_two_parameters_with_most_values():
    """Text and constant parameters are no axes; what else varies is named as averaged over."""
    rows = [
        point(alpha, rank, a_run(), kind=kind, steps=steps)
        for alpha in (1, 2, 3) for rank in (4, 5, 6) for kind in "abcd" for steps in (10, 20)
    ]  # fmt: skip
    (found,) = heatmaps(a_table(*rows), metric=AIS, split="val")

    assert (found.x, found.y, found.over) == ("alpha", "rank", ("kind", "steps"))
    assert found.squares[0][0].configurations == 8


def test_each_alternative_with_two_numbers_has_its_panel():
    """An alternative without two numeric parameters has none."""
    lora = [
        a_row(f"{x} {y}", a_run(), parameters={"rank": x, "lr": y}, alternative="lora") for x in (1, 2) for y in (3, 4)
    ]
    full = [a_row(f"full {y}", a_run(), parameters={"lr": y}, alternative="full") for y in (3, 4)]

    assert [each.alternative for each in heatmaps(a_table(*lora, *full), metric=AIS, split="val")] == ["lora"]


def test_without_two_numeric_parameters_there_is_a_reason():
    """Booleans and text are not numbers."""
    rows = [a_row(str(on), a_run(), parameters={"on": on, "lr": 0.1 if on else 0.2}) for on in (True, False)]

    assert heatmaps(a_table(*rows), metric=AIS, split="val") == Unavailable(
        "no two numeric parameters were varied together"
    )


def test_a_configuration_has_every_square_that_it_stands_for():
    """Without cross-entropy its weight does nothing: one run is the whole column, and the others have their own."""
    folded = a_row("w=0", a_run(0, val=0.7), parameters={"w": 0})
    rows = [point_of(w, weight, val=0.1 * weight) for w in (1, 2) for weight in (1, 5, 9)]
    names = {folded.configuration: tuple({"w": 0, "weight": weight} for weight in (1, 5, 9))}
    table = a_table(folded, *rows, parameters=("w", "weight"), equivalents=names)
    (found,) = heatmaps(table, metric=AIS, split="val")

    assert (found.x, found.xs, found.ys) == ("w", (0, 1, 2), (1, 5, 9))
    assert [round(row[0].mean, 3) for row in found.squares] == [0.7, 0.7, 0.7]
    assert [round(row[1].mean, 3) for row in found.squares] == [0.1, 0.5, 0.9]


def point_of(w, weight, *, val):
    return a_row(f"{w} {weight}", a_run(0, val=val), parameters={"w": w, "weight": weight})

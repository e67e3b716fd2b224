"""Choices, ranges and alternatives."""

import pytest

from tunebook.spec.faults import Faults
from tunebook.spec.space import read_space


def space_of(raw):
    faults = Faults()
    space = read_space(raw, ("space",), faults)
    assert not faults
    return space


def faults_of(raw):
    faults = Faults()
    read_space(raw, ("space",), faults)
    return [f"{'.'.join(map(str, fault.at))} {fault.message}" for fault in faults.found]


@pytest.mark.parametrize(
    ("given", "choices"),
    [
        ({"low": 0.1, "high": 0.4, "step": 0.1}, (0.1, 0.2, 0.3, 0.4)),
        ({"low": 0, "high": 10, "step": 5}, (0, 5, 10)),
        ({"low": 1, "high": 64, "points": 7, "log": True}, (1, 2, 4, 8, 16, 32, 64)),
        ({"low": 1e-5, "high": 1e-2, "points": 4, "log": True}, (1e-5, 1e-4, 1e-3, 1e-2)),
        ({"low": 0.0, "high": 1, "points": 5}, (0.0, 0.25, 0.5, 0.75, 1.0)),
        ([None, 0.1], (None, 0.1)),
        ([["q", "v"]], (["q", "v"],)),
        (4, (4,)),
    ],
)
def test_choices(given, choices):
    """Ranges are exact decimals with both ends, whole when low, high and step are; null and lists are values."""
    (parameter,) = space_of({"x": given}).parameters()

    assert parameter.choices == choices
    assert [type(choice) for choice in parameter.choices] == [type(choice) for choice in choices]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"low": 0, "high": 1}, "space.x must have step or points under grid; got neither"),
        ({"low": 0, "high": 1, "step": 0.3}, "space.x.high must be reached from low in whole steps of 0.3; got 1, b"),
        ({"low": 0, "high": 1, "points": 2, "log": True}, "space.x.low must be > 0 when log is true; got 0"),
        ({"low": 2, "high": 1, "points": 2}, "space.x.low must be < high (1); got 2"),
        ({"low": 1, "high": 3, "points": 5}, "space.x.points must be at most the 3 numbers there are; got 5"),
        ({"low": 0, "high": 1, "points": 2, "step": 1}, "space.x must have step or points; got both"),
        ({"low": 0, "high": "1", "points": 2}, 'space.x.high must be a finite number; got "1"'),
        ({"low": 0, "high": 1, "points": 1}, "space.x.points must be a whole number from 2 to 10000; got 1"),
        ({"low": 0, "high": 1, "steps": 1}, "space.x.steps must be one of low, high, step, points, log; got the ke"),
        ({"low": 0, "high": 1, "step": 1e-9}, "space.x.step must make at most 10000 choices; got 1000000001"),
        ({"rank": [1]}, "space.x must be a list of choices, a range {low, high, …} or {one_of: …}; got {rank: [1]}"),
        ([], "space.x must have at least one choice; got []"),
        ({"one_of": [1]}, "space.x.one_of must be a mapping of labels to alternatives; got [1]"),
        ({"one_of": {"a": None}}, "space.x.one_of.a must be a mapping of parameters to choices; got null"),
        ({"one_of": {"a": {}}, "low": 1}, "space.x.low must stand inside an alternative; got low beside one_of"),
    ],
)
def test_wrong_forms_are_named(given, message):
    """A form that is not a choice, a range or alternatives says what it must be."""
    (found,) = faults_of({"x": given})

    assert found.startswith(message)


def test_points_are_the_product_in_the_order_of_declaration():
    """The last parameter varies fastest."""
    points = [dict(point.values) for point in space_of({"a": [1, 2], "b": [3, 4]}).points()]

    assert points == [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]


def test_alternatives_have_their_own_sub_spaces():
    """Points of alternatives follow each other; groups and parameters beside them multiply."""
    space = space_of(
        {
            "adapter": {"one_of": {"lora": {"m": "lora", "r": [4, 16]}, "full": {"m": "full"}}},
            "lr": [1, 2],
            "schedule": {"one_of": {"flat": {}, "old": {"from": "first"}}},
        }
    )

    assert space.count() == len(list(space.points())) == 12
    assert [point.alternative for point in space.points()][::4] == ["lora + flat", "lora + flat", "full + flat"]
    assert {point.sources for point in space.points()} == {(), ("first",)}


def test_alternatives_may_stand_for_the_whole_space():
    """`space: {one_of: …}` needs no label."""
    space = space_of({"one_of": {"a": {"x": [1, 2]}, "b": {"y": 1}}})

    assert [(point.alternative, dict(point.values)) for point in space.points()] == [
        ("a", {"x": 1}), ("a", {"x": 2}), ("b", {"y": 1}),
    ]  # fmt: skip

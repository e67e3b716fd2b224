"""YAML 1.2 as plain data with lines."""

import pytest

from tunebook.errors import StudyError
from tunebook.spec.faults import Faults
from tunebook.spec.places import parse


def value_of(text):
    return parse(text, name="x.yaml", faults=Faults()).value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-5", 1e-5), ("1.0e-5", 1e-5), ("0.00001", 1e-5), ("012", 12), ("0x1f", 31), ("0o17", 15), ("-3", -3),
     ("yes", "yes"), ("on", "on"), ("true", True), ("null", None), ("~", None), ("2030-01-31", "2030-01-31"),
     ("18:00", "18:00"), ("'4'", "4"), ("+4", 4), ("", None)],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text, value):
    """1e-5 is a number, yes is text, a date is text."""
    found = value_of(f"a: {text}")["a"]

    assert (found, type(found)) == (value, type(value))


def test_everything_has_its_line():
    """Keys, nested keys and list entries know their line; what is not there has the line of what is around it."""
    document = parse("a:\n  b: 1\n  c:\n    - 1\n    - {d: 2}\n", name="x.yaml", faults=Faults())

    assert [document.place(at)[1] for at in ((), ("a", "b"), ("a", "c", 1, "d"), ("a", "c", 7), ("z",))] == [
        1, 2, 5, 3, 1,
    ]  # fmt: skip


def test_aliases_are_what_they_name():
    """An anchor may be used twice."""
    assert value_of("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_an_alias_of_itself_is_refused():
    """Data that contain themselves end in a finding, not in a crash."""
    faults = Faults()
    parse("a: &x [*x]\n", name="x.yaml", faults=faults)

    assert [fault.message[:27] for fault in faults.found] == ["must not contain itself; go"]


def test_tags_are_refused():
    """A tag that would make an object is a finding."""
    faults = Faults()
    parse("a: !python/object x\n", name="x.yaml", faults=faults)

    assert faults.found[0].at == ("a",)


def test_more_aliases_than_any_study_needs_are_refused():
    """A small file that grows into millions of values ends in one message."""
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 8))

    with pytest.raises(StudyError, match="at most"):
        value_of(bomb)

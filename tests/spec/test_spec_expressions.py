"""Constraints: read without evaluating, decided with exact decimals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.spec.expressions import Malformed, Undefined, parse

NUMBERS = st.integers(-50, 50) | st.floats(-50, 50).map(lambda number: round(number, 3))
TREES = st.recursive(
    st.sampled_from(["a", "b.c"]) | st.integers(0, 9).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("0.25 <= adapter.alpha / adapter.rank <= 8", {"adapter.alpha": 8, "adapter.rank": 1}, True),
        ("0.25 <= adapter.alpha / adapter.rank <= 8", {"adapter.alpha": 16, "adapter.rank": 1}, False),
        ("a + b <= 0.3", {"a": 0.1, "b": 0.2}, True),
        ("a ** 2 == 9 and not a < 0", {"a": 3}, True),
        ("a < 0 or b > 0", {"a": 3, "b": -1}, False),
        ("-a < 1", {"a": 3}, True),
        ("a < 1", {}, None),
        ("a < 1", {"a": None}, None),
        ("a < 1", {"a": True}, None),
        ("a < 1", {"a": "x"}, None),
        ("a < 1 or b < 1", {"a": 0}, None),
    ],
)
def test_a_constraint_holds_fails_or_does_not_apply(text, values, holds):
    """It applies where every parameter in it exists and is a number."""
    assert parse(text).holds(values) is holds


@pytest.mark.parametrize(
    "text",
    ["", "a", "a +", "a = 1", "a < 'x'", "f(a) < 1", "a[0] < 1", "a if b else c", "__import__('os')", "a in b",
     "lambda: 1", "a < 1; b", "(a < 1) + 1 < 2", "a < True", "a < 1j", "x := 1", "a // 2 < 1", "a is b",
     "not a", "a and b", "(" * 300 + "a" + ")" * 300 + " < 1", "-" * 900 + "a < 1", "a < " + "1" * 2000, "f'{a}' < 1",
     "1or a < 1", "\x00", "a < '\\d'"],
)  # fmt: skip
def test_anything_else_is_refused(text):
    """Only comparisons of arithmetic over names and numbers are constraints."""
    with pytest.raises(Malformed, match="must"):
        parse(text)


@pytest.mark.parametrize("text", ["a / b > 1", "1 / (a - a) < 1", "10 ** a ** a > 1", "(0 - a) ** 0.5 > 1"])
def test_no_value_is_said(text):
    """A division by zero or an endless number is an error that names itself, not a crash."""
    with pytest.raises(Undefined, match="zero|too large"):
        parse(text).holds({"a": 999, "b": 0})


def test_names_are_listed_once():
    """The parameters of a constraint, in the order of appearance."""
    assert parse("b.c + a < a * 2").names == ("b.c", "a")


@given(text=TREES, a=st.integers(-9, 9), c=st.integers(-9, 9))
def test_arithmetic_is_that_of_whole_numbers(text, a, c):
    """Sums and products agree with Python's own on whole numbers."""
    import types

    expected = eval(text, {"a": a, "b": types.SimpleNamespace(c=c)})

    assert parse(f"{text} == {expected}").holds({"a": a, "b.c": c}) is True
    assert parse(f"{text} < {expected}").holds({"a": a, "b.c": c}) is False


@given(text=st.text(max_size=40))
def test_no_text_crashes_the_reader(text):
    """Any text is a constraint or a message."""
    try:
        said = parse(text).text
    except Malformed as error:
        said = str(error)

    assert said == text.strip() or said.startswith("must")


@given(a=NUMBERS, b=NUMBERS)
def test_a_comparison_and_its_opposite_never_both_hold(a, b):
    """Exactly one of < and >= is true."""
    values = {"a": a, "b": b}

    assert parse("a < b").holds(values) is not parse("a >= b").holds(values)

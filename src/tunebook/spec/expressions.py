"""Constraints over parameters: arithmetic, comparisons, names. Parsed and walked, never evaluated as code.

`0.25 <= adapter.alpha / adapter.rank <= 8` becomes a small frozen tree. Numbers are the decimals that a
person wrote, so `0.1 + 0.2 <= 0.3` holds.
"""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from tunebook.spec.faults import At, shown

LONGEST = 1000
DEEPEST = 40
LARGEST_EXACT_POWER = 100
EXAMPLE = "0.25 <= adapter.alpha / adapter.rank <= 8"

Truth = Callable[[Fraction, Fraction], bool]

COMPARISONS: Mapping[type[ast.cmpop], Truth] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Malformed(ValueError):
    """The text is not a constraint."""


class Undefined(ValueError):
    """The constraint has no value at this point: a division by zero, a number that is too large."""


@dataclass(frozen=True)
class Number:
    """A number as written."""

    value: Fraction


@dataclass(frozen=True)
class Name:
    """A parameter as written."""

    name: str


@dataclass(frozen=True)
class Sum:
    """Two numbers joined by one of + - * / **."""

    join: type[ast.operator]
    left: "Arithmetic"
    right: "Arithmetic"


@dataclass(frozen=True)
class Comparison:
    """`first < second <= third`: true when every neighbouring pair is."""

    operands: tuple["Arithmetic", ...]
    pairs: tuple[type[ast.cmpop], ...]


@dataclass(frozen=True)
class Logic:
    """`and`, `or`, `not` of comparisons."""

    kind: str
    parts: tuple["Condition", ...]


Arithmetic = Number | Name | Sum
Condition = Comparison | Logic


@dataclass(frozen=True)
class Expression:
    """A constraint.

    Args:
        text: As a person wrote it.
        names: The parameters in it, in the order of appearance, as written.
        full: Written name -> dotted path, where that differs.
    """

    text: str
    names: tuple[str, ...]
    condition: Condition
    full: Mapping[str, str] = field(default_factory=dict)
    at: At = field(default=(), compare=False, repr=False)

    @property
    def paths(self) -> tuple[str, ...]:
        """The parameters in it under their full names."""
        return tuple(self.full.get(name, name) for name in self.names)

    def holds(self, values: Mapping[str, object]) -> bool | None:
        """Whether it holds; None where it does not apply: a parameter is missing or is no number.

        Args:
            values: Dotted path -> value.

        Raises:
            Undefined: when it applies and has no value (division by zero).
        """
        numbers: dict[str, Fraction] = {}
        for name in self.names:
            number = _number(values.get(self.full.get(name, name)))
            if number is None:
                return None
            numbers[name] = number
        try:
            return _true(self.condition, numbers)
        except (ZeroDivisionError, OverflowError) as error:
            why = "it divides by zero" if isinstance(error, ZeroDivisionError) else "a number in it is too large"
            raise Undefined(why) from None


def parse(text: str, *, at: At = ()) -> Expression:
    """Read a constraint.

    Raises:
        Malformed: when it is none; the message says what it must be.
    """
    if len(text) > LONGEST:
        raise Malformed(f"must have at most {LONGEST} characters; got {len(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # `1or a` is text that Python warns of; here it is none
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, SyntaxWarning, DeprecationWarning, ValueError, MemoryError, RecursionError) as error:
        raise Malformed(f"must be a comparison such as {EXAMPLE}; got {shown(text)} ({_why(error)})") from None
    names: list[str] = []
    condition = _condition(tree.body, names, 0)
    return Expression(text=text.strip(), names=tuple(dict.fromkeys(names)), condition=condition, at=at)


def _why(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} at character {error.offset}"
    return "too deeply nested" if isinstance(error, (MemoryError, RecursionError)) else str(error)


# Reading ------------------------------------------------------------------------------------------------


def _condition(node: ast.expr, names: list[str], depth: int) -> Condition:
    if depth > DEEPEST:
        raise Malformed(f"must be nested at most {DEEPEST} deep")
    if isinstance(node, ast.Compare):
        for pair in node.ops:
            if type(pair) not in COMPARISONS:
                raise Malformed("must compare by <, <=, >, >=, == or !=")
        operands = tuple(_arithmetic(part, names, depth + 1) for part in (node.left, *node.comparators))
        return Comparison(operands, tuple(type(pair) for pair in node.ops))
    if isinstance(node, ast.BoolOp):
        kind = "and" if isinstance(node.op, ast.And) else "or"
        return Logic(kind, tuple(_condition(part, names, depth + 1) for part in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Logic("not", (_condition(node.operand, names, depth + 1),))
    raise Malformed(f"must be a comparison such as {EXAMPLE}; got {shown(ast.unparse(node))}, which compares nothing")


def _arithmetic(node: ast.expr, names: list[str], depth: int) -> Arithmetic:
    if depth > DEEPEST:
        raise Malformed(f"must be nested at most {DEEPEST} deep")
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        number = _number(node.value)
        if number is not None:
            return Number(number)
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        left = _arithmetic(node.left, names, depth + 1)
        return Sum(type(node.op), left, _arithmetic(node.right, names, depth + 1))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _arithmetic(node.operand, names, depth + 1)
        return Sum(ast.Sub, Number(Fraction(0)), inner) if isinstance(node.op, ast.USub) else inner
    name = _dotted_name(node)
    if name is not None:
        names.append(name)
        return Name(name)
    raise Malformed(
        f"must be made of numbers, names of parameters, + - * / ** and brackets; got {shown(ast.unparse(node))}"
    )


def _dotted_name(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


# Walking ------------------------------------------------------------------------------------------------


def _true(condition: Condition, numbers: Mapping[str, Fraction]) -> bool:
    if isinstance(condition, Comparison):
        values = [_value(operand, numbers) for operand in condition.operands]
        neighbours = zip(condition.pairs, values, values[1:], strict=False)
        return all(COMPARISONS[pair](left, right) for pair, left, right in neighbours)
    parts = [_true(part, numbers) for part in condition.parts]
    if condition.kind == "not":
        return not parts[0]
    return all(parts) if condition.kind == "and" else any(parts)


def _value(node: Arithmetic, numbers: Mapping[str, Fraction]) -> Fraction:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return numbers[node.name]
    return ARITHMETIC[node.join](_value(node.left, numbers), _value(node.right, numbers))


def _power(base: Fraction, power: Fraction) -> Fraction:
    if power.denominator == 1 and abs(power) <= LARGEST_EXACT_POWER and base.denominator < 10**9 > abs(base.numerator):
        return Fraction(base ** int(power))
    result = float(base) ** float(power)
    if isinstance(result, complex) or not math.isfinite(result):
        raise OverflowError
    return Fraction(result)


ARITHMETIC: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: _power,
}


def _number(value: object) -> Fraction | None:
    """The decimal that a person wrote; None for what is no number (true and false are none)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return Fraction(Decimal(repr(value)))

"""Fields that other tools call otherwise, and values that they write for others."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from tunebook.spec.faults import Faults
from tunebook.spec.fields import fields_of
from tunebook.spec.parameters import Fields, StandsFor, parameter


class Rate(Fields):
    value: Annotated[float, StandsFor({True: 0.5, "much": 0.9})] = parameter(
        0.1, meaning="Rate", also=("rate", "lr"), lt=1
    )


class Whole(Fields):
    rate: Rate = parameter(Rate(), meaning="Rates")
    depth: int = parameter(1, meaning="Depth")


INDEX = fields_of(Whole)


def walked(**values):
    faults = Faults()
    return [(path, INDEX.check(path, value, at, faults)) for path, value, at in INDEX.walk(values, (), faults)], faults


@pytest.mark.parametrize(("written", "meant"), [(True, 0.5), ("much", 0.9), (0.25, 0.25)])
def test_a_value_stands_for_another(written, meant):
    """And others are what they are."""
    assert walked(lr=written)[0] == [("rate.value", meant)]
    assert Rate(value=written).value == meant


@pytest.mark.parametrize("written", [1, False, "little", None])
def test_true_is_not_one(written):
    """What stands for nothing is checked as it is."""
    assert walked(lr=written)[1]


def test_bounds_hold_for_what_is_not_stood_for():
    """In Python too."""
    with pytest.raises(ValidationError):
        Rate(value=1)


def test_a_group_may_be_the_other_name_of_a_field_in_it():
    """A mapping is the group, anything else the field; below the outermost level other names do not count."""
    assert walked(rate=0.2)[0] == walked(rate={"value": 0.2})[0] == [("rate.value", 0.2)]
    assert [fault.at for fault in walked(rate={"lr": 0.2})[1].found] == [("rate", "lr")]


def test_one_field_is_given_by_one_name():
    """Own names come first: by their whole path, then by an ending that is theirs alone."""
    assert INDEX.named("value") == INDEX.named("lr") == INDEX.named("rate") == ("rate.value",)
    assert INDEX.named("rate.value") == ("rate.value",)
    assert INDEX.named("speed") == ()


def test_another_tools_name_must_not_be_an_own_one():
    """A task that is declared so cannot be used."""

    class Mixed(Fields):
        depth: int = parameter(1, meaning="Depth", also=("width",))
        width: int = parameter(1, meaning="Width")

    with pytest.raises(AssertionError, match="another tool's name is one of our own"):
        fields_of(Mixed)


def test_editors_offer_what_stands_for_a_value():
    """Beside the field's own schema, with its bounds."""
    assert INDEX.leaves["rate.value"].adapter.json_schema() == {
        "anyOf": [{"type": "number", "exclusiveMaximum": 1}, {"enum": [True, "much"]}]
    }
    assert TypeAdapter(Rate).validate_json('{"value": true}').value == 0.5

"""Equal configurations are one, however they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.errors import StudyError
from tunebook.spec.canonical import configuration

BASE = {"data": {"root": "cells"}}
VALUES = {
    "data": {"root": "cells"},
    "optimizer": {"lr": 1e-5, "name": "sgd"},
    "adapter": {"rank": 8, "alpha": 2.0},
    "crop": 32,
}


@given(data=st.data())
def test_the_order_of_keys_is_nothing(workload, data):
    """Any permutation of keys, on any level, is the same configuration."""
    groups = data.draw(st.permutations(list(VALUES.items())))
    shuffled = {
        name: dict(data.draw(st.permutations(list(value.items())))) if isinstance(value, dict) else value
        for name, value in groups
    }

    assert configuration(workload, shuffled) == configuration(workload, VALUES)


@given(number=st.integers(1, 10**6), power=st.integers(-9, 3))
def test_a_number_is_one_however_written(workload, number, power):
    """1e-5, 0.00001 and 1.0e-5 give one id; so do 4 and 4.0 for a field of whole numbers."""
    value = float(f"{number}e{power}")
    forms = [float(f"{number}.0E{power}"), float(f"{value:.25f}"), float(repr(value))]
    ids = {configuration(workload, {**BASE, "optimizer": {"lr": form}}).id for form in (value, *forms)}
    whole = {configuration(workload, {**BASE, "adapter": {"rank": form}}).id for form in (number, float(number))}

    assert len(ids) == len(whole) == 1


def test_every_default_is_written_out(workload):
    """The values are whole; writing a default changes nothing."""
    found = configuration(workload, BASE)

    assert found.get("adapter.targets") == ["q", "v"]
    assert found == configuration(workload, {**BASE, "adapter": {"rank": 4, "alpha": 4}})
    assert isinstance(found.get("adapter.alpha"), float)


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {"root": "moved/cells"}},
        {"threshold": 0.9},
        {"adapter": {"variant": "plain"}},
        {"model": {"weights": "other"}},
    ],
    ids=["folder", "scoring", "as before", "weights"],
)
def test_what_does_not_identify_changes_nothing(workload, changed):
    """A moved folder, another scoring setting, a new field at its as-before value: the same configuration."""
    assert configuration(workload, {**BASE, **changed}).effective == configuration(workload, BASE).effective


def test_an_added_field_counts_when_it_differs(workload):
    """Away from its as-before value a field is part of the identity."""
    effective = configuration(workload, {**BASE, "adapter": {"variant": "rs"}}).effective

    assert effective["adapter.variant"] == "rs"
    assert "adapter.variant" not in configuration(workload, BASE).effective


def test_what_cannot_matter_is_left_out(workload):
    """Two frozen models are one, whatever rank or learning rate stands there."""
    first, second = (
        configuration(workload, {**BASE, "adapter": {"method": "frozen", "rank": rank}, "optimizer": {"lr": rank}})
        for rank in (4, 8)
    )

    assert first.id == second.id
    assert set(first.effective) == {"adapter.method", "crop", "data.train", "model.size"}


def test_the_order_of_a_list_counts(workload):
    """q, v and v, q may train differently."""
    first, second = (configuration(workload, {**BASE, "adapter": {"targets": t}}) for t in (["q", "v"], ["v", "q"]))

    assert first.id != second.id


@pytest.mark.parametrize(
    ("values", "place", "message"),
    [
        ({"optimizer": {"lr": float("nan")}}, "optimizer.lr", "must be finite; got NaN"),
        ({"optimizer": {"lr": float("inf")}}, "optimizer.lr", "must be finite; got Infinity"),
        ({"optimizer": {"lr": "1e-3"}}, "optimizer.lr", 'must be a number; got "1e-3"'),
        ({"crop": 8.5}, "crop", "must be a whole number; got 8.5"),
        ({"crop": True}, "crop", "must be a whole number; got true"),
        ({"adapter": 4}, "adapter", "must be a mapping of"),
        ({"budget": {"steps": 1, "epochs": 1}}, "budget", "must have steps or epochs; got both"),
    ],
)
def test_what_does_not_fit_is_refused(workload, values, place, message):
    """Values outside a field's type or bounds never become a configuration."""
    with pytest.raises(StudyError) as caught:
        configuration(workload, {**BASE, **values})

    assert caught.value.problems[0].place == place
    assert caught.value.problems[0].message.startswith(message)

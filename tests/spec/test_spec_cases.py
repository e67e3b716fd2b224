"""Conditions crossed with every configuration."""

from tunebook.spec.cases import cases_of, read_across
from tunebook.spec.faults import Faults


def cases(raw):
    faults = Faults()
    found = cases_of(read_across(raw, ("across",), faults))
    assert not faults
    return [dict(case.values) for case in found]


def test_nothing_declared_is_one_case():
    """Without `across` there is one case without a value."""
    assert cases([]) == [{}]


def test_a_mapping_is_a_product_and_mappings_follow_each_other():
    """Pairs need not be a full product."""
    found = cases([{"root": "a", "weights": ["x", "y"]}, {"root": "b", "weights": "x"}])

    assert found == [{"root": "a", "weights": "x"}, {"root": "a", "weights": "y"}, {"root": "b", "weights": "x"}]


def test_wrong_forms_are_named():
    """Every wrong entry is a fault of its own."""
    faults = Faults()
    read_across([1, {"root": []}, {"root": [["a"]]}], ("across",), faults)

    assert [fault.at for fault in faults.found] == [("across", 0), ("across", 1, "root"), ("across", 2, "root")]

"""The head of the README of an exported model."""

from tunebook.records import Configuration, Decision, Measurement, Outcome, Run, Settings
from tunebook.report.model_card import Chosen, model_card

VALUES = {"data": {"root": "<scans>", "tile": 96}, "model": {"family": "unet"}}
DECISION = Decision(
    "finer", "abc", "lr=0.1", VALUES, "best-mean", "f1", "val", 0.4567, {}, {3: "run"}, evidence=("It is | best.",)
)


def card(**changes: object) -> str:
    """A card of a run with two scores."""
    given: dict = {
        "decision": DECISION,
        "question": "Which *one*?",
        "run": Run("masks", "1", Configuration(VALUES, {"model.family": "unet"}), {"seed": 3}, {"data": "f00d"}, 7),
        "why": "its only run",
        "settings": [Settings("threshold", "val", "f1", {"threshold": 0.5})],
        "measurements": [
            Measurement("f1", "test", "", 0.1234, 12, 12, "1"),
            Measurement("ap", "test", "", None, 0, 12, "1"),
        ],
        "outcome": Outcome("finished", provenance={"torch": "2.13", "device": "cpu"}),
    }
    return model_card(Chosen(**{**given, **changes}), tunebook="9.9")


def test_it_says_what_was_chosen_how_and_with_which_scores():
    """Question, decision, the run's scores with their n, settings, data by name and hash, versions, configuration."""
    text = card()

    assert text.startswith("# finer: lr=0.1\n\n> Which \\*one\\*?\n\nChosen by the rule best-mean: f1 on val 0.457,")
    assert "seed 3, its only run." in text
    assert "| f1 | test | 0.123 | 12 |" in text
    assert "| ap |" not in text
    assert "- threshold 0.5: chosen on val by f1" in text
    assert "- data, sha256 of names and content: f00d" in text
    assert "trained with torch 2.13 on cpu; written by tunebook 9.9" in text
    assert '"model.family": "unet"' in text


def test_what_people_wrote_is_shown_as_text():
    """Names and sentences cannot become Markdown or HTML."""
    text = card()

    assert "- data.root: &lt;scans&gt;" in text
    assert "- It is \\| best." in text


def test_what_is_not_known_is_left_out():
    """No question, no scores, no provenance: no empty headings."""
    text = card(question="", measurements=[], outcome=None, settings=[])

    assert "| metric |" not in text
    assert ">" not in text.split("## The run")[0]
    assert "Versions: written by tunebook 9.9." in text

"""BirdNET-Analyzer's names and true/false in a study file, and its preset."""

from collections.abc import Mapping, Set
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, ValidationError

from tunebook.errors import StudyError
from tunebook.spec.canonical import configuration
from tunebook.spec.faults import Faults
from tunebook.spec.fields import fields_of
from tunebook.spec.plan import plan
from tunebook.spec.schema import json_schema
from tunebook.spec.study import Study
from tunebook.spec.translating import translations
from tunebook.tasks.embedding_classification.config import Config
from tunebook.tasks.embedding_classification.presets import BIRDNET, birdnet_patience

DATA = {"table": "table.parquet"}
# Option of `birdnet_analyzer.train` that shapes a head, and a value -> field and value
FLAGS = {
    "epochs": (20, "budget.epochs", 20),
    "batch_size": (16, "batch_size", 16),
    "val_split": (0.2, "data.split.fractions", {"train": 0.8, "val": 0.2}),
    "learning_rate": (0.002, "optimizer.lr", 0.002),
    "hidden_units": (512, "head.hidden_units", 512),
    "dropout": (0.25, "head.dropout", 0.25),
    "label_smoothing": (True, "loss.label_smoothing", 0.1),
    "mixup": (True, "mixup.kind", "once"),
    "upsampling_ratio": (0.5, "subset.upsampling.ratio", 0.5),
    "upsampling_mode": ("smote", "subset.upsampling.mode", "smote"),
    "focal_loss": (True, "loss.focal_gamma", 2),
    "use_focal_loss": (True, "loss.focal_alpha", 0.25),
    "focal_loss_gamma": (1.5, "loss.focal_gamma", 1.5),
    "focal_loss_alpha": (0.5, "loss.focal_alpha", 0.5),
}


class Heads:
    """The task as a study file sees it: everything matters."""

    name = "embedding-classification"
    version = "1"
    Config: type[BaseModel] = Config
    metrics: Mapping[str, Any] = {"f1": None}

    def without_effect(self, config: BaseModel) -> Set[str]:
        return set()


WORKLOAD = Heads()


def study(**keys):
    return Study(task="embedding-classification", **{"base": {"data": DATA}, "space": {"dropout": [0.0]}, **keys})


def planned(base=None, **keys):
    """The effective values of every configuration of a study."""
    made = plan(study(base={"data": DATA, **(base or {})}, **keys), WORKLOAD)
    return [entry.configuration.effective for entry in made.configurations]


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("joined", ["_", "-"])
def test_a_flag_in_base_is_the_field_it_means(flag, joined):
    """With _ or - between its words, and with the value that true stands for."""
    written, path, value = FLAGS[flag]
    space = {"weight_decay": [0.0]}

    assert planned({flag.replace("_", joined): written}, space=space)[0][path] == value


def test_flags_in_space_give_the_values_they_stand_for():
    """True and false are choices like others, in the order of declaration."""
    found = planned(space={"label_smoothing": [False, True], "mixup": [True, False], "focal-loss": [False, True]})

    assert [(each["loss.label_smoothing"], each["mixup.kind"], each["loss.focal_gamma"]) for each in found[:3]] == [
        (0, "once", 0), (0, "once", 2), (0, "none", 0),
    ]  # fmt: skip
    assert found[-1]["loss.label_smoothing"] == 0.1
    assert len(found) == 8


def test_flags_may_be_cases_and_stand_in_constraints_and_preferences():
    """Wherever a study file names a parameter."""
    made = plan(
        study(
            space={"learning_rate": [0.1, 0.01, 0.001], "hidden_units": [0, 128]},
            across=[{"upsampling_ratio": [0.0, 0.5]}],
            where=["learning_rate <= 0.05"],
            select={"prefer": ["learning_rate"]},
        ),
        WORKLOAD,
    )

    assert made.study.select.prefer[0][0] == "optimizer.lr"
    assert [case.values for case in made.cases] == [{"subset.upsampling.ratio": ratio} for ratio in (0, 0.5)]
    assert made.counts.excluded == {"learning_rate <= 0.05": 2}


def test_a_group_keeps_its_name():
    """`mixup` is a flag with true and false, and a group with a mapping."""
    assert planned({"mixup": {"kind": "batch", "alpha": 1.0}})[0]["mixup.alpha"] == 1


def test_the_focal_flag_decides_whether_the_others_count():
    """As in BirdNET-Analyzer, where gamma and alpha have values while the flag is off."""
    rest = {"focal_loss_gamma": 3.0, "focal_loss_alpha": 0.5}
    found = planned(rest, space={"focal_loss": [False, True]})

    assert [(each["loss.focal_gamma"], each["loss.focal_alpha"]) for each in found] == [(0, None), (3, 0.5)]


def test_a_decision_holds_values_and_no_flag():
    """A study that starts from a decision under focal_loss may vary gamma."""
    decided = configuration(WORKLOAD, {"data": DATA, "focal_loss": False}).values
    made = plan(
        study(base={"from": "first"}, space={"focal_gamma": [0.0, 1.0]}), WORKLOAD, references={"first": decided}
    )

    assert [entry.configuration.get("loss.focal_gamma") for entry in made.configurations] == [0, 1]


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ({"learning_rate": 0}, "base.learning_rate: must be > 0; got 0\n    learning_rate is optimizer.lr"),
        ({"focal-loss": 1}, "base.focal-loss: must be true or false or null; got 1\n    focal-loss is loss.focal"),
        ({"mixup": 1}, "base.mixup: must be one of none, batch or once; got 1\n    mixup is mixup.kind"),
        ({"label_smoothing": 1}, "base.label_smoothing: must be < 1; got 1"),
        ({"learning_rate": 1.0, "lr": 1.0}, "base.lr: must be given once; got optimizer.lr twice in base"),
        (
            {"val_split": 20},
            "base.val_split: must be a share for each split, or that of val (> 0 and < 1) or null; got 20\n"
            "    val_split is data.split.fractions",
        ),
        ({"upsampling": True}, "base.upsampling: must be a parameter of the task; got upsampling"),
        ({"crop_mode": "center"}, "base.crop_mode: must be a parameter of the task; got crop_mode"),
        ({"loss": {"mixup": True}}, "base.loss.mixup: must be one of kind, label_smoothing"),
    ],
)
def test_what_is_wrong_is_said_with_the_name_that_was_written(base, message):
    """The hint gives Tunebook's own name; what Tunebook has no meaning for is an error."""
    with pytest.raises(StudyError) as caught:
        planned(base)

    assert message in str(caught.value)


def test_true_and_false_are_no_numbers():
    """A flag's value is taken for a field that has a flag, and for no other."""
    with pytest.raises(StudyError, match=r"space.dropout: must be a number; got false"):
        planned(space={"dropout": [False]})


def test_check_says_what_flags_stand_for():
    """A line for each name and value that is another tool's; nothing for Tunebook's own."""
    text = """\
task: embedding-classification
base: {data: {table: t.parquet}, learning_rate: 0.001, label_smoothing: true, hidden_units: 128}
space: {mixup: [false, true], focal-loss: [false, true], dropout: [0, 0.5]}
across: [{val_split: 0.25}]
"""

    assert translations(text, WORKLOAD) == (
        "learning_rate: 0.001 is optimizer.lr: 0.001",
        "label_smoothing: true is loss.label_smoothing: 0.1",
        "mixup: [false, true] is mixup.kind: [none, once]",
        "focal-loss: [false, true] is loss.focal: [false, true] (true: loss.focal_gamma 2, loss.focal_alpha 0.25)",
        "val_split: [0.25] is data.split.fractions: [{train: 0.75, val: 0.25}]",
    )


def test_editors_take_flags():
    """In base, space and across; and the group of the same name."""
    for mixup in (True, {"kind": "once"}):
        text = {
            "task": "embedding-classification",
            "base": {"data": DATA, "learning-rate": 0.1, "mixup": mixup, "val_split": 0.2},
            "space": {"label_smoothing": [False, True], "focal-loss": [False, True]},
            "across": [{"upsampling_ratio": [0.5]}],
        }

        assert list(jsonschema.Draft202012Validator(json_schema(WORKLOAD)).iter_errors(text)) == []


# The preset -----------------------------------------------------------------------------------------------


def effective(**values):
    return configuration(WORKLOAD, {"data": DATA, **values}).effective


def test_birdnet_fills_what_is_not_said():
    """Every value of the preset, and nothing else than the values identifies a run."""
    found = effective(preset="birdnet")
    flat = {path: value for path, value, _ in fields_of(Config).walk(BIRDNET, (), Faults())}

    assert {path: found[path] for path in flat} == flat
    assert configuration(WORKLOAD, {"data": DATA, **BIRDNET}).effective == found
    assert "preset" not in found


def test_birdnet_in_its_own_words_is_the_preset():
    """The defaults of its command line, written out, change nothing."""
    flags = {
        "epochs": 50, "batch_size": 32, "learning_rate": 0.0001, "hidden_units": 0, "dropout": 0.0, "mixup": False,
        "focal-loss": False, "focal-loss-gamma": 2.0, "focal-loss-alpha": 0.25, "label_smoothing": False,
        "upsampling_ratio": 0.0, "upsampling_mode": "repeat",
    }  # fmt: skip

    assert effective(preset="birdnet", **flags) == effective(preset="birdnet")


def test_birdnet_and_flags_join():
    """A flag over the preset, in base and in space."""
    assert effective(preset="birdnet", focal_loss=True)["loss.smoothing"] == "positives"
    assert [
        (each["loss.label_smoothing"], each["loss.smoothing"], each["optimizer.lr"])
        for each in planned({"preset": "birdnet"}, space={"label_smoothing": [False, True]})
    ] == [(0, "positives", 0.0001), (0.1, "positives", 0.0001)]


@pytest.mark.parametrize(("epochs", "patience"), [(10, 5), (50, 5), (80, 8), (100, 10), (500, 10)])
def test_birdnets_patience_follows_the_epochs(epochs, patience):
    """A tenth of the epochs, 5 to 10; unless it is given."""
    assert birdnet_patience(epochs) == patience
    assert effective(preset="birdnet", epochs=epochs)["early_stopping.patience"] == patience
    assert effective(preset="birdnet", epochs=epochs, patience=2)["early_stopping.patience"] == 2


def test_the_preset_serves_values_made_in_python():
    """Groups as values of a Config give what was said, not their defaults; flags are understood there too."""
    made = Config.model_validate({"preset": "birdnet", "data": DATA, "loss": {"focal": True, "label_smoothing": True}})

    assert (made.loss.label_smoothing, made.loss.smoothing, made.loss.focal_gamma) == (0.1, "positives", 2)
    with pytest.raises(ValidationError):
        Config.model_validate({"preset": "birdnet", "data": DATA, "budget": {"epochs": "many"}})

"""Own programs as a study file declares them."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tunebook import task as tasks
from tunebook.errors import StudyError
from tunebook.spec.canonical import configuration
from tunebook.spec.program_files import installed_imports
from tunebook.spec.programs import Program, filled, words_of
from tunebook.spec.reading import load
from tunebook.spec.schema import program_schema
from tunebook.spec.study import Study

GOOD = """\
task: train.py:main
metrics: {accuracy: maximize, loss: {direction: minimize, low: 0}}
base: {data: {root: cells}, optimizer: {lr: 1, name: adam}}
space: {lr: [0.1, 1], depth: [1, 2]}
replicates: {seed: 2}
"""
PROGRAM = "import helper\ndef main(config, seed): ...\ndef other(lr, seed): ...\n"
COMMAND = 'task: {command: "python train.py CCC"}\n' + GOOD.partition("\n")[2]


def read(folder: Path, text: str) -> Study:
    """A study file beside train.py, read."""
    (folder / "train.py").write_text(PROGRAM)
    file = folder / "own.study.yaml"
    file.write_text(text)
    return load(file, tasks.find)


def test_a_program_says_its_parameters_and_metrics(tmp_path: Path):
    """Keys of base and space are parameters, by full name or a unique ending; the first metric decides, all show."""
    study = read(tmp_path, GOOD)

    assert isinstance(study.task, Program)
    assert str(study.task) == "own program train.py:main"
    assert study.task.inputs == ("data.root",)
    assert study.task.parameters == {
        "data.root": ("text",),
        "optimizer.lr": ("whole", "number"),
        "optimizer.name": ("text",),
        "depth": ("whole",),
    }
    assert [parameter.name for parameter in study.space.parameters()] == ["optimizer.lr", "depth"]
    assert (study.select.metric, study.report.metrics) == ("accuracy", ("accuracy", "loss"))


def test_a_configuration_holds_its_program(tmp_path: Path):
    """A program is read back from any configuration; metrics are no part of the identity, what is called is."""
    study = read(tmp_path, GOOD)
    values = {"data": {"root": "cells"}, "optimizer": {"lr": 1, "name": "adam"}, "depth": 1}
    found = configuration(tasks.find(study.task), values)
    again = Program.of(found.values)

    assert again.declared == study.task.declared
    assert set(again.parameters) == set(study.task.parameters)
    assert set(found.effective) == {"optimizer.lr", "optimizer.name", "depth", "program.function", "program.command"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("metrics: {accuracy: maximize, loss: {direction: minimize, low: 0}}\n", ""), "must have metrics"),
        (
            GOOD.replace("maximize", "maximise"),
            "own.study.yaml:2: metrics.accuracy must be maximize or minimize; got maximise\n    write maximize",
        ),
        (
            GOOD.replace("train.py:main", "train.py"),
            "task must be a Python file and a function of it, FILE.py:FUNCTION; got train.py",
        ),
        (
            GOOD.replace("train.py:main", "train.py:mian"),
            "must be a function of train.py; got mian, which is not there\n    did you mean main?",
        ),
        (
            GOOD.replace("train.py:main", "train.py:other"),
            "must take no arguments but seed, out, config, fold, by name; got lr in line 3",
        ),
        (GOOD.replace("train.py:main", "trian.py:main"), "must name a file of the book; there is no"),
        (GOOD.replace("depth: [", "copy: ["), "space.copy must be named by letters"),
        (
            GOOD + "select: {metric: acuracy}\n",
            "select.metric must be a metric of the task; got acuracy\n    did you mean accuracy?",
        ),
        (GOOD + "where: [dpth > 1]\n", "where[0] must be a parameter of the task; got dpth"),
        (COMMAND.replace("CCC", "{config} {out}"), ""),
        (COMMAND.replace("CCC", "{config}"), "task.command must have {out}"),
        (
            COMMAND.replace("CCC", "{root} {lr} {name} {out} {seed}"),
            "task.command must use every parameter; got none of depth\n    add {depth}, or {config}",
        ),
        (
            COMMAND.replace("CCC", "{config} {out} {dpth}"),
            "task.command must name parameters in braces; got {dpth}\n    did you mean depth?",
        ),
        (
            COMMAND.replace("CCC", "{root} {lr} {name} {depth} {out}"),
            "task.command must have {seed}, as the study has 2 seeds; got none\n    add {seed}; a program without",
        ),
        (
            COMMAND.replace("train.py CCC", "trian.py {config} {out}"),
            "task.command must name a file of the book; there is no",
        ),
        (
            COMMAND.replace("CCC\"", "{config} {out}\", inputs: [depth]"),
            "task.inputs[0] must name a parameter that is a path; got depth",
        ),
        (
            GOOD.replace("seed: 2", "seed: 1, fold: 3"),
            "task must take the argument fold, as the study has 3 folds; got a function without\n    add fold to its",
        ),
        (
            COMMAND.replace("CCC", "{root} {lr} {name} {depth} {out}").replace("seed: 2", "seed: 1, fold: 3"),
            "task.command must have {fold}, as the study has 3 folds; got none\n    add {fold}",
        ),
        (
            COMMAND.replace("CCC", "'a {out}"),
            "own.study.yaml:1: task.command must be words, with quotations that end; got no closing quotation",
        ),
        (COMMAND.replace("python train.py CCC", " "), "task.command must begin with a program; got nothing"),
        (
            COMMAND.replace("python train.py CCC", "{lr} {config} {out}"),
            "task.command must begin with a program that is the same in all runs; got {lr}",
        ),
        (
            GOOD.replace("train.py:main", "{function: train.py:main, files: ['../..']}"),
            "task.files must lie in the book, which its runs and its archive are made of; got /",
        ),
        (
            GOOD.replace("train.py:main", "{function: train.py:main, predict: ../apply.py:predict}"),
            "task.predict must lie in the book",
        ),
        (GOOD.replace("train.py:main", "../train.py:main"), "task must lie in the book"),
        (
            COMMAND.replace("python train.py CCC", "python ../train.py {config} {out}"),
            "task.command must lie in the book",
        ),
        (
            GOOD.replace("train.py:main", "{command: a, function: b}"),
            "task must have a command or a function; got both",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_way_out(tmp_path: Path, text: str, message: str):
    """Each says where it is, what must be and what is."""
    if not message:
        assert isinstance(read(tmp_path, text).task, Program)
        return
    with pytest.raises(StudyError) as error:
        read(tmp_path, text)

    assert message in str(error.value)
    assert len(error.value.problems) == 1


def test_installed_tasks_declare_their_own_metrics(tmp_path: Path):
    """Metrics beside a task's name are refused."""
    with pytest.raises(StudyError, match="metrics must be left out: an installed task declares its own metrics"):
        read(
            tmp_path, "task: binary-segmentation\nmetrics: {f1: maximize}\nbase: {data: {root: x}}\nspace: {lr: [1]}\n"
        )


def test_a_value_with_spaces_stays_one_word():
    """Words are parted before they are filled; doubled braces stand for themselves."""
    words = words_of("run '{name} now' --set={{x}} {name}")

    assert [filled(word, {"name": "a b; rm"}) for word in words] == ["run", "a b; rm now", "--set={x}", "a b; rm"]


def test_editors_can_check_a_study_of_an_own_program():
    """The JSON Schema takes what the reader takes, and refuses a direction that is none."""
    validator = Draft202012Validator(program_schema())
    good = {"task": "train.py:main", "metrics": {"a": "maximize", "b": {"direction": "minimize"}}, "space": {"x": [1]}}

    assert validator.is_valid(good)
    assert validator.is_valid({**good, "task": {"command": "python train.py {x} {out}", "files": ["a"]}})
    assert not validator.is_valid({**good, "metrics": {"a": "maximise"}})
    assert not validator.is_valid({"task": "train.py:main", "space": {"x": [1]}})
    assert not validator.is_valid({**good, "task": {"comand": "x"}})


def test_imports_of_known_packages_are_told_apart_from_a_persons_own(tmp_path: Path):
    """Those of the program and of what it imports beside it; a file of a package's name hides the package."""
    (tmp_path / "train.py").write_text("import helper, torch\nfrom scipy.stats import norm\ndef main(config): ...\n")
    (tmp_path / "helper.py").write_text("import numpy.linalg\nimport pandas\n")
    program = Program(function="train.py:main")
    found = installed_imports(program, tmp_path)
    (tmp_path / "scipy.py").write_text("raise SystemExit\n")

    assert found == ("numpy.linalg", "scipy.stats")
    assert installed_imports(program, tmp_path) == ("numpy.linalg",)
    assert installed_imports(Program(command="python train.py"), tmp_path) == ()


def test_a_program_without_a_seed_is_not_confirmed(tmp_path: Path):
    """Fresh seeds would be copies: none are run unasked, and none can be asked for."""
    text = GOOD.replace("seed: 2", "seed: 1").replace("train.py:main", "own.py:main")
    (tmp_path / "own.py").write_text("def main(config): ...\n")
    command = COMMAND.replace("CCC", "{root} {lr} {name} {depth} {out}").replace("seed: 2", "seed: 1")

    assert read(tmp_path, text).confirm is None
    assert read(tmp_path, command).confirm is None
    assert read(tmp_path, text.replace("own.py", "train.py")).confirm is not None
    with pytest.raises(StudyError, match="confirm must be null: without a seed all runs of the program are copies"):
        read(tmp_path, text + "confirm: {top: 2, seeds: 2}\n")

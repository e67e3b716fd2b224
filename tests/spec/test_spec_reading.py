"""Study files: what is read, and what is said when it is wrong."""

import pytest
from study_texts import DESIGN, SHORT, SIX

from tunebook.errors import StudyError
from tunebook.spec.reading import load
from tunebook.spec.study import Study


def problems_of(path, workload_of):
    with pytest.raises(StudyError) as caught:
        load(path, workload_of)
    return caught.value.problems


def test_the_example_is_read(written, workload_of):
    """Every key of a whole study file arrives under its own name."""
    study = load(written(DESIGN), workload_of)

    assert study.study == "lora-scaling"
    assert study.base["optimizer"] == {"lr": 0.001}
    assert study.space.count() == 49
    assert [entry.text for entry in study.where] == ["0.25 <= adapter.alpha / adapter.rank <= 8"]
    assert study.replicates == ({"seed": 0}, {"seed": 1}, {"seed": 2})
    assert study.report.metrics == ("ais.msa", "box.msa")
    assert study.references == ("base",)


def test_everything_but_task_data_and_space_has_a_default(written, workload_of):
    """A study of three lines is whole: named by its file, judged by the task's first metric on val, shown on test."""
    study = load(written(SHORT), workload_of)

    assert (study.study, study.search, study.replicates) == ("lora", "grid", ({"seed": 0},))
    assert (study.select.metric, study.select.split, study.select.rule) == ("ais.msa", "val", "best-mean")
    assert study.report.metrics == ("ais.msa", "box.msa", "point.msa")
    assert study.report.splits == ("test",)
    assert study.cases[0].values == {}


def test_six_mistakes_are_six_findings_with_lines(written, workload_of):
    """All mistakes are said at once, each with its line."""
    problems = problems_of(written(SIX), workload_of)

    assert [problem.place for problem in problems] == [f"lora.study.yaml:{n}" for n in (2, 5, 6, 8, 10, 11)]
    assert [problem.message.split(";")[0] for problem in problems] == [
        "qestion must be one of study, question, task, metrics, base, space, where, across, replicates, search, "
        "confirm, noise, control, baselines, refine, select, report, limit, keep, device",
        "base.optimizer.lr must be > 0",
        "base.adapter.r must be one of method, rank, alpha, targets, dropout, variant",
        "space.adapter.alpha must be a number",
        "where[0] must be a comparison such as 0.25 <= adapter.alpha / adapter.rank <= 8",
        "select.metric must be a metric of the task",
    ]
    assert [problem.hint for problem in problems] == [
        "did you mean question?", "", "did you mean adapter.rank?", "", "", "did you mean ais.msa?",
    ]  # fmt: skip


def test_a_file_and_python_mean_the_same(written, workload_of):
    """What a file says can be said in Python, with the same names."""
    from tunebook.spec.completing import complete

    read = load(written(SHORT), workload_of)
    built = Study(study="lora", task="toy", base={"data": {"root": "cells"}}, space={"rank": [4, 8]})

    assert complete(built, workload_of("toy")) == read


def test_python_says_all_problems_too():
    """Without a file the place is the dotted path."""
    with pytest.raises(StudyError) as caught:
        Study(task="toy", base=[], space={"rank": []}, where=["rank"])

    assert [problem.place for problem in caught.value.problems] == ["base", "space.rank", "where[0]"]


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("search: tpe", "search", "tpe: not yet"),
        ("search: [{race: {runs: 60}}]", "search", "race: not yet"),
        ("select: {per: case}", "select.per", "is not yet there"),
    ],
)
def test_what_comes_later_is_refused_by_name(written, workload_of, line, place, message):
    """A key whose meaning does not exist is never ignored."""
    problems = problems_of(written(SHORT + line + "\n"), workload_of)

    assert len(problems) == 1
    assert problems[0].message.startswith(f"{place} ")
    assert message in problems[0].message
    assert "later version" in problems[0].message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (SHORT + "task: toy\n", 4, "task must be given once; got it in line 1 and again in line 4"),
        (SHORT + "base: {data: {root: a}}\n", 4, "base must be given once"),
        ("task: toy\nbase:\n\tdata: {root: a}\n", 3, "must be YAML 1.2; got"),
        ("task: toy\nbase: {data: {root: [a}}\n", 2, "must be YAML 1.2; got"),
        ("- task\n", 1, "the file must be a mapping with task, base and space; got [task]"),
        ("task: nothing\n" + SHORT[10:], 1, "task must be one of toy; got nothing"),
        ("task: toy\nbase: {crop: 32}\nspace: {rank: [4]}\n", 2, "base must have data; got a base without it"),
        (SHORT.replace("root: cells", "train: a"), 2, "base.data must have root, which has no default; got none"),
        (SHORT.replace("rank", "lr"), 3, "space.lr must name one parameter; got lr, which may be optimizer.lr, decod"),
        (SHORT.replace("rank: [4, 8]", "rank: [4, 4.0]"), 3, "space.rank must list each choice once; got 4 twice"),
        (SHORT.replace("rank: [4, 8]", "rank: ['4']"), 3, 'space.rank must be a whole number; got "4"'),
        (SHORT.replace("rank: [4, 8]", "rank: [true]"), 3, "space.rank must be a whole number; got true"),
        (SHORT.replace("rank: [4, 8]", "alpha: [.inf]"), 3, "space.alpha must be finite; got Infinity"),
        (SHORT.replace("rank: [4, 8]", "dropout: [1.5]"), 3, "space.dropout must be < 1 or null; got 1.5"),
        (SHORT.replace("rank: [4, 8]", "targets: [q, v]"), 3, "space.targets must be choices that are lists"),
        (SHORT.replace("rank: [4, 8]", "data.root: [a, b]"), 3, "space.data.root must be a hyperparameter"),
        (SHORT.replace("rank: [4, 8]", "threshold: [0.1]"), 3, "space.threshold must change what is trained"),
        (SHORT + "across: [{rank: [2]}]\n", 4, "across[0].rank must be in across or in space; got adapter.rank in"),
        (SHORT + "across: {crop: [8]}\n", 4, "across must be a list of mappings; got {crop: [8]}"),
        (SHORT + "where: [rank = 4]\n", 4, "where[0] must be a comparison such as"),
        (SHORT + "where: [rnk < 4]\n", 4, "where[0] must be a parameter of the task; got rnk"),
        (SHORT + "replicates: {seed: [1, 1]}\n", 4, "replicates.seed must name each seed once; got 1 more than once"),
        (SHORT + "limit: {hours: 0}\n", 4, "limit.hours must be > 0; got 0"),
        (SHORT + "limit: {until: noon}\n", 4, "limit.until must be a time of day (18:00) or a date and time"),
        (SHORT + "report: {splits: []}\n", 4, "report.splits must have at least 1 entries; got []"),
        (SHORT + "device: gpu\n", 4, "device must be auto, cpu, mps, cuda or cuda:N; got gpu"),
        (SHORT.replace("cells}", "cells}, model: {weights: 'study:'}"), 2, "base.model.weights must be study:NAME or"),
        (SHORT + "study: base\n" + "where: []\nquestion: [a]\n", 6, "question must be text; got [a]"),
    ],
)
def test_one_mistake_is_one_finding(written, workload_of, text, line, message):
    """Each mistake has its line and says what it must be and what it got."""
    problems = problems_of(written(text), workload_of)

    assert [problem.place for problem in problems] == [f"lora.study.yaml:{line}"]
    assert message in problems[0].message


@pytest.mark.parametrize(
    ("name", "meant"),
    [("r", "adapter.rank"), ("learning_rate", "optimizer.lr"), ("n_epochs", "budget.epochs"),
     ("n_iterations", "budget.steps"), ("rnk", "adapter.rank"), ("adapter.rnak", "adapter.rank")],
)  # fmt: skip
def test_names_of_other_tools_are_known(written, workload_of, name, meant):
    """A parameter under another tool's name, or misspelt, is answered with the name it has here."""
    (problem,) = problems_of(written(SHORT.replace("rank", name)), workload_of)

    assert problem.hint == f"did you mean {meant}?"


def test_a_study_cannot_start_from_itself(written, workload_of):
    """A reference to the study's own name is a mistake."""
    text = SHORT.replace("cells}", "cells}, model: {weights: study:lora}")
    (problem,) = problems_of(written(text), workload_of)

    assert "must not start from itself; got a reference to lora" in problem.message


def test_a_missing_file_is_said(tmp_path, workload_of):
    """A path that leads nowhere is one clear message."""
    (problem,) = problems_of(tmp_path / "no.study.yaml", workload_of)

    assert problem.message == "must be a file; got nothing there"

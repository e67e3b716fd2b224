"""What a study file says of its judging: rules, preferences, requirements, confirming, noise, refining."""

from collections.abc import Callable
from pathlib import Path

import pytest
from study_texts import JUDGED, REFINED, SHORT

from tunebook.errors import StudyError
from tunebook.spec.judging import Confirm, Noise, Refine, Select
from tunebook.spec.reading import load
from tunebook.spec.study import Study


@pytest.fixture
def read(written, workload_of) -> Callable[[str], Study]:
    """A study file as it is read."""

    def from_text(text: str) -> Study:
        return load(written(text), workload_of)

    return from_text


@pytest.fixture
def refused(written: Callable[[str], Path], workload_of) -> Callable[[str], list[tuple[str, str, str]]]:
    """(place, message, way out) of every problem of a study of three lines with one more."""

    def by(line: str) -> list[tuple[str, str, str]]:
        with pytest.raises(StudyError) as caught:
            load(written(f"{SHORT}{line}\n"), workload_of)
        return [(problem.place, problem.message, problem.hint) for problem in caught.value.problems]

    return by


def test_everything_of_judging_is_read(read):
    """Names are full, costs stay what they are, constraints keep their text."""
    study = read(JUDGED)

    assert (study.select.rule, study.select.argument) == ("lower-bound", 0.2)
    assert study.select.prefer == (("trainable_parameters", "low"), ("adapter.rank", "low"), ("adapter.alpha", "high"))
    assert [entry.text for entry in study.select.require] == [
        "box.msa >= 0.9", "trainable_parameters <= 1e6", "peak_memory_gb <= 8",
    ]  # fmt: skip
    assert (study.confirm, study.noise) == (Confirm(top=3, seeds=5), Noise(seeds=4, repeats=2))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("best-mean", ("best-mean", None)),
        ("one-standard-error", ("one-standard-error", None)),
        ("most-stable", ("most-stable", None)),
        ("lower-bound", ("lower-bound", 1.0)),
        ("{lower-bound: 0}", ("lower-bound", 0.0)),
        ("{pareto: [ais.msa, seconds]}", ("pareto", ("ais.msa", "seconds"))),
        ("{weights: {ais.msa: 2, box.msa: 1}}", ("weights", {"ais.msa": 2.0, "box.msa": 1.0})),
    ],
)
def test_every_rule_has_its_argument(read, rule, expected):
    """A rule stands alone or with what it takes; lower-bound alone is one standard deviation."""
    select = read(f"{SHORT}select: {{rule: {rule}}}\n").select

    assert (select.rule, select.argument) == expected


def test_one_standard_error_knows_what_is_simple(read):
    """Fewer trainable parameters, unless the study says otherwise."""
    line = "select: {rule: one-standard-error"

    assert read(f"{SHORT}{line}}}\n").select.prefer == (("trainable_parameters", "low"),)
    assert read(f"{SHORT}{line}, prefer: [rank]}}\n").select.prefer == (("adapter.rank", "low"),)


def test_the_metrics_of_a_decision_are_named(read):
    """That of the selection first, then those of the rule and of the requirements; costs are none."""
    line = "select: {rule: {pareto: [box.msa, seconds]}, require: [point.msa > 0, box.msa > 0, seconds < 60]}"

    assert read(f"{SHORT}{line}\n").select.metrics == ("ais.msa", "box.msa", "point.msa")
    assert read(f"{SHORT}select: {{rule: {{weights: {{box.msa: 1}}}}}}\n").select.metrics == ("ais.msa", "box.msa")
    assert read(f"{SHORT}select: {{rule: {{lower-bound: 2}}}}\n").select.metrics == ("ais.msa",)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", Confirm(top=5, seeds=3)),
        ("confirm: null", None),
        ("confirm: {}", Confirm(top=5, seeds=3)),
        ("confirm: {seeds: 2}", Confirm(top=5, seeds=2)),
        ("replicates: {seed: 2}", None),
        ("replicates: {seed: 2}\nconfirm: {top: 1}", Confirm(top=1, seeds=3)),
    ],
)
def test_one_seed_is_confirmed_unless_the_study_says_otherwise(read, keys, expected):
    """A single seed cannot tell luck from skill, so its best five run on three fresh seeds; `null` waives that."""
    assert read(f"{SHORT}{keys}\n").confirm == expected


def test_a_refinement_stands_for_a_space(read):
    """It names the study that was decided, which then comes first; a name alone is enough."""
    study = read(REFINED)
    short = read("task: toy\nbase: {data: {root: cells}}\nrefine: first\n")

    assert study.refine == Refine(study="first", points=2, only=("adapter.rank",))
    assert study.references == ("first",)
    assert short.refine == Refine(study="first")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("select: [ais.msa]", "select must be a mapping of metric, split and rule; got [ais.msa]", ""),
        ("select: {per: case}", "select.per is not yet there; it comes in a later version", "leave it out"),
        (
            "select: {rul: best-mean}",
            "select.rul must be one of metric, split, rule, prefer, require; got the key rul",
            "did you mean rule?",
        ),
        (
            "select: {rule: best}",
            "select.rule must be one of best-mean, one-standard-error, lower-bound, most-stable, pareto, weights; "
            "got best",
            "rule: best-mean, or rule: {lower-bound: 0.2}",
        ),
        (
            "select: {rule: lower_bound}",
            "select.rule must be one of best-mean, one-standard-error, lower-bound, most-stable, pareto, weights; "
            "got lower_bound",
            "did you mean lower-bound?",
        ),
        (
            "select: {rule: {best-mean: 2}}",
            "select.rule must be best-mean alone, which takes no argument; got {best-mean: 2}",
            "rule: best-mean",
        ),
        (
            "select: {rule: {lower-bound: -1}}",
            "select.rule must be {lower-bound: how many standard deviations, >= 0}; got {lower-bound: -1}",
            "rule: best-mean, or rule: {lower-bound: 0.2}",
        ),
        (
            "select: {rule: {lower-bound: .inf}}",
            "select.rule must be {lower-bound: how many standard deviations, >= 0}; got {lower-bound: Infinity}",
            "rule: best-mean, or rule: {lower-bound: 0.2}",
        ),
        (
            "select: {rule: pareto}",
            "select.rule must be {pareto: a list of two or more metrics and costs, each once}; got pareto",
            "rule: {pareto: [ais.msa, trainable_parameters]}",
        ),
        (
            "select: {rule: {pareto: [seconds, seconds]}}",
            "select.rule must be {pareto: a list of two or more metrics and costs, each once}; "
            "got {pareto: [seconds, seconds]}",
            "rule: {pareto: [ais.msa, trainable_parameters]}",
        ),
        (
            "select: {rule: {pareto: [ais.msa, second]}}",
            "select.rule must be a metric of the task or a cost; got second",
            "did you mean seconds or cpu_seconds?",
        ),
        (
            "select: {rule: {weights: {ais.msa: 0}}}",
            "select.rule must be {weights: a mapping of metrics to weights > 0}; got {weights: {ais.msa: 0}}",
            "rule: {weights: {ais.msa: 2, box.msa: 1}}",
        ),
        (
            "select: {rule: {weights: {seconds: 1}}}",
            "select.rule must be a metric of the task; got seconds",
            "the metrics are ais.msa, ais.sa50, box.msa, point.msa",
        ),
        (
            "select: {rule: lower-bound, argument: 2}",
            "select.argument must stand with its rule; got 2 beside it",
            "rule: best-mean, or rule: {lower-bound: 0.2}",
        ),
        (
            "select: {prefer: rank}",
            "select.prefer must be a list of parameters and costs; got rank",
            "prefer: [trainable_parameters]",
        ),
        (
            "select: {prefer: [{rank: up}]}",
            "select.prefer[0] must be a name, or {name: high}; got {rank: up}",
            "prefer: [adapter.rank]",
        ),
        ("select: {prefer: [rank, {rank: high}]}", "select.prefer[1] must be named once; got rank again", ""),
        (
            "select: {prefer: [rank, adapter.rank]}",
            "select.prefer[1] must be named once; got adapter.rank again",
            "",
        ),
        (
            "select: {prefer: [rnk]}",
            "select.prefer[0] must be a parameter of the task or a cost; got rnk",
            "did you mean adapter.rank?",
        ),
        (
            "select: {prefer: [crop]}",
            "select.prefer[0] must be a cost or a parameter that space tunes; got crop",
            "name one of trainable_parameters, seconds, cpu_seconds, peak_memory_gb, adapter.rank",
        ),
        (
            "select: {prefer: [lr]}",
            "select.prefer[0] must name one parameter; got lr, which may be optimizer.lr, decoder.lr",
            "write the full name",
        ),
        (
            "select: {require: box.msa > 0}",
            "select.require must be a list of constraints; got box.msa > 0",
            "begin each with a dash",
        ),
        (
            "select: {require: [rank <= 4]}",
            "select.require[0] must be a metric of the task or a cost; got rank",
            "the metrics are ais.msa, ais.sa50, box.msa, point.msa; "
            "the costs are trainable_parameters, seconds, cpu_seconds, peak_memory_gb",
        ),
        ("confirm: 5", "confirm must be a mapping of top, seeds; got 5", ""),
        ("confirm: {top: 0}", "confirm.top must be >= 1; got 0", ""),
        (
            "confirm: {best: 3}",
            "confirm.best must be one of top, seeds; got the key best",
            "",
        ),
        ("noise: {}", "noise must say how many seeds or repeats; got {}", "noise: {seeds: 5}"),
        ("noise: {seeds: null}", "noise must say how many seeds or repeats; got {seeds: null}", "noise: {seeds: 5}"),
        ("noise: {seeds: 1}", "noise.seeds must be >= 2; got 1", ""),
        ("noise: {seed: 3}", "noise.seed must be one of seeds, repeats; got the key seed", "did you mean seeds?"),
        ("refine: first", "refine must stand alone: it makes the space; got space too", "leave one of them out"),
    ],
)
def test_one_mistake_in_judging_is_one_finding(refused, line, message, hint):
    """It has its line, says what it must be and what it got, and the way out."""
    assert refused(line) == [("lora.study.yaml:4", message, hint)]


def test_all_mistakes_of_judging_are_said_at_once(refused):
    """Each key is read for itself."""
    found = refused(
        "select: {metric: ais, rule: best, prefer: [rnk], require: [box.mas > 0]}\n"
        "confirm: {top: a}\nnoise: {repeats: 0}"
    )

    assert [message.partition(" ")[0] for _, message, _ in found] == [
        "select.rule", "select.metric", "select.require[0]", "select.prefer[0]", "confirm.top", "noise.repeats",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("refine", "message"),
    [
        ("true", "refine must be the name of a study, or a mapping of study, points, only; got true"),
        ("a/b", "refine.study must be the name of a study: letters, digits, -, _ and .; got a/b"),
        ("{points: 2}", "refine.study must be given"),
        ("{study: first, points: 0}", "refine.points must be >= 1; got 0"),
        ("{study: first, only: [rnk]}", "refine.only[0] must be a parameter of the task; got rnk"),
        ("{study: first, only: [rank, rank]}", "refine.only must name each parameter once; got [rank, rank]"),
        ("lora", "the file must not start from itself; got a reference to lora"),
    ],
)
def test_one_mistake_in_refining_is_one_finding(written, workload_of, refine, message):
    """A refinement that cannot be read hides no other mistake and makes none."""
    with pytest.raises(StudyError) as caught:
        load(written(f"task: toy\nbase: {{data: {{root: cells}}}}\nrefine: {refine}\n"), workload_of)

    assert [problem.message for problem in caught.value.problems] == [message]


def test_preferences_that_are_no_numbers_are_refused(written, workload_of):
    """There is no low or high of names."""
    text = SHORT.replace("rank: [4, 8]", "method: [lora, full]")
    with pytest.raises(StudyError, match="must be a parameter with numbers, to prefer low or high; got adapter.method"):
        load(written(f"{text}select: {{prefer: [method]}}\n"), workload_of)


def test_python_and_a_file_judge_alike(read, workload, study_of):
    """A rule built in Python is checked as one in a file, and means the same."""
    from tunebook.spec.completing import complete

    from_file = read(f"{SHORT}select: {{rule: {{lower-bound: 2}}}}\n").select
    built = complete(study_of(select=Select(rule="lower-bound", argument=2)), workload).select

    assert built == from_file
    assert study_of(select=Select(rule="one-standard-error")).select.prefer == (("trainable_parameters", "low"),)
    with pytest.raises(StudyError, match="must be {pareto: a list of two or more metrics and costs"):
        study_of(select=Select(rule="pareto"))

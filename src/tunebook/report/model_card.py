"""What an exported model is of: the head of the README beside it, as Markdown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunebook.analyse.overruling import agrees
from tunebook.records import Decision, Measurement, Outcome, Run, Settings
from tunebook.report.markdown import escaped
from tunebook.report.wording import number

PATHS = ("data.root", "model.weights", "data.table")
"""Fields that no id holds, and that say where it was trained."""
LICENCE = (
    "Tunebook knows no licence of the data nor of the starting weights. What was made of them may be bound by theirs: "
    "look there before you pass this on."
)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A chosen run with what is known of it.

    Args:
        question: What the study asked; empty when it did not say.
        why: Why it is this run of the decision's.
        settings: What was chosen for it after training.
        measurements: Its aggregates, by the scoring of the decision.
        outcome: None when it is not known any more.
    """

    decision: Decision
    question: str
    run: Run
    why: str
    settings: Sequence[Settings]
    measurements: Sequence[Measurement]
    outcome: Outcome | None


def model_card(chosen: Chosen, *, tunebook: str) -> str:
    """Study, configuration, decision with its score and n, the run with its own, data, licence, versions.

    Args:
        tunebook: The version that writes it.
    """
    decision, run = chosen.decision, chosen.run
    parts = [
        f"# {escaped(decision.study)}: {escaped(decision.label or decision.configuration)}",
        *([f"> {escaped(chosen.question)}"] if chosen.question else []),
        _decided(decision),
        _listed(decision.evidence),
        "## The run",
        f"Run {run.id} of task {run.task} (version {run.version}), {_replicate(run)}{escaped(chosen.why)}.",
        _scores(chosen.measurements),
        _listed([_setting(each) for each in chosen.settings]),
        "## What it was made of",
        _listed(_inputs(run)),
        LICENCE,
        f"Versions: {_versions(chosen.outcome, tunebook)}.",
        f"Every setting that the training depends on:\n\n```json\n{_configuration(run)}\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _decided(decision: Decision) -> str:
    """By which rule, with which mean of which runs."""
    rule = decision.rule if decision.argument is None else f"{decision.rule} ({decision.argument})"
    by = f"the rule {rule}:" if decision.overruled is None else "a person, who overruled the rule,"
    by = f"a person, and by the rule {rule} as well:" if agrees(decision) else by
    score = f"{decision.metric} on {decision.split} {number(decision.score)}, the mean of its runs"
    return escaped(f"Chosen by {by} {score} of the role {decision.role}.")


def _replicate(run: Run) -> str:
    """`seed 3, `; empty where nothing differs by chance."""
    return "".join(f"{factor} {value}, " for factor, value in sorted(run.replicate.items()))


def _scores(measurements: Sequence[Measurement]) -> str:
    """The aggregates as a table; empty where there is none."""
    rows = [
        f"| {escaped(each.metric)} | {escaped(each.split)} | {number(each.value)} | {each.n} |"
        for each in measurements
        if not each.item and each.value is not None
    ]
    return "\n".join(["| metric | split | score of this run | items |", "|---|---|---|---|", *rows]) if rows else ""


def _setting(settings: Settings) -> str:
    values = ", ".join(f"{name} {value}" for name, value in settings.values.items())
    return f"{values}: chosen on {settings.split} by {settings.metric}"


def _inputs(run: Run) -> list[str]:
    """The paths as the study named them, and the content by its hash."""
    where = _at(run.configuration.values)
    named = [f"{path}: {where[path]}" for path in PATHS if where.get(path) is not None]
    return [*named, *(f"{role}, sha256 of names and content: {sha}" for role, sha in sorted(run.fingerprints.items()))]


def _at(values: Mapping[str, object], above: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in values.items():
        path = f"{above}{name}"
        found |= _at(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return found


def _versions(outcome: Outcome | None, tunebook: str) -> str:
    """Those that it was trained with, and the one that wrote this."""
    made = {} if outcome is None else outcome.provenance
    known = [f"{name} {made[name]}" for name in ("tunebook", "torch", "python") if name in made]
    trained = f"trained with {', '.join(known)} on {made['device']}; " if known and "device" in made else ""
    return escaped(f"{trained}written by tunebook {tunebook}")


def _configuration(run: Run) -> str:
    return json.dumps(dict(sorted(run.configuration.effective.items())), indent=2, ensure_ascii=False, default=list)


def _listed(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(sentence)}" for sentence in sentences)

"""A small book: run folders and records made by their own writers."""

from pathlib import Path

from tunebook.folders import RunFolder
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Case, Configuration, Costs, Decision, Measurement, Outcome, Run, Scoring, Settings

URL = "sqlite:///ledger.sqlite"
SCORING = Scoring(split="val", metric="ais.msa", values={"grid": "small"}, evaluator="1")


def make_run(rank: int = 4, seed: int = 0) -> Run:
    """A run of a pretended task."""
    configuration = Configuration(values={"rank": rank, "root": "cells"}, effective={"rank": rank})
    return Run(
        task="cells",
        version="1",
        configuration=configuration,
        replicate={"seed": seed},
        fingerprints={"data": "d" * 64},
        length=10,
    )


def make_measurements(split: str = "val", items: int = 2) -> list[Measurement]:
    """An aggregate and its items."""
    used = {"threshold": 0.5}
    numbers = [Measurement("ais.msa", split, f"{index:02}", 0.1 + index / 7, 1, 1, "1", used) for index in range(items)]
    return [Measurement("ais.msa", split, "", 1 / 3, items, items, "1", used), *numbers]


class MakeFolder:
    """Writes a finished run folder into a book."""

    def __init__(self, book: Path) -> None:
        self.book = book

    def __call__(
        self,
        run: Run | None = None,
        *,
        outcome: Outcome | None = None,
        measurements: list[Measurement] | None = None,
        scoring: Scoring = SCORING,
        seconds: float = 1.5,
    ) -> RunFolder:
        """A folder with every file, scored in one way; `outcome` replaces the finished one."""
        folder = RunFolder.of(self.book, run or make_run())
        folder.write_run(run or make_run())
        folder.write_scoring(scoring)
        folder.write_settings(scoring.id, [Settings("ais", scoring.split, scoring.metric, {"threshold": 0.5})])
        folder.write_measurements(scoring.id, make_measurements() if measurements is None else measurements)
        finished = Outcome(
            status="finished",
            predictions={"val": "p" * 64},
            quantities={"trainable_parameters": 128},
            costs=Costs(seconds=seconds, cpu_seconds=0.7, peak_memory_mb=12.25),
            provenance={"host": f"host-{seconds}"},
        )
        folder.write_outcome(outcome or finished)
        return folder


def make_entry(run: Run, position: int = 0) -> PlannedEntry:
    """How a study plans the run."""
    return PlannedEntry(
        run=run.id,
        length=run.length,
        configuration=run.configuration.id,
        case=Case({"data.root": "cells"}),
        replicate=run.replicate,
        role="search",
        position=position,
        parameters={"rank": run.configuration.values["rank"]},
        label=f"rank={run.configuration.values['rank']}",
        scoring=SCORING.id,
    )


def make_decision(score: float = 0.5, study: str = "lora") -> Decision:
    """A decision whose candidates are in no alphabetic order and whose seeds have two digits."""
    return Decision(
        study=study,
        configuration="bbb",
        label="rank=4",
        values={"rank": 4},
        rule="best-mean",
        metric="ais.msa",
        split="val",
        score=score,
        candidates={"bbb": score, "aaa": 0.25},
        runs={-1: "r", 2: "s", 10: "t"},
        scoring=SCORING.id,
    )

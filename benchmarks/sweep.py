"""What a sweep of heads costs: Tunebook's cohorts beside the loops, processes and libraries that people use.

    python3 -m venv /tmp/sweep
    /tmp/sweep/bin/pip install torch==2.13.0        # first, and from where builds for the CPU are
    /tmp/sweep/bin/pip install -c constraints.txt -e . -r benchmarks/requirements-sweep.txt
    PYTHONPATH=src /tmp/sweep/bin/python benchmarks/sweep.py --json sweep.json
    PYTHONPATH=src /tmp/sweep/bin/python benchmarks/sweep.py --data …/fsdd_embeddings.parquet

The runs are the factorial of stage-13 on embeddings of 1,024 numbers made here: 3 seeds, 3 learning rates, 5 dropout
rates, 0, 128, 512 or 1,024 hidden units, 2 quality settings; 288 are distinct, since without a hidden layer there is no
dropout. Two more lists without one: 90 runs with 15 learning rates, and 90 that drop the embedding. All ways get the
same standardised float32 rows, first weights by He and Glorot (scikit-learn: its own), epochs, batch size and number of
steps, Adam at a constant rate, no early stopping, no validation while the clock runs, one thread a process.

- `one`: each way in a warm process of its own. Ways take turns, block of runs by block of runs (those of one family and
  quality, at most 64: what the engine makes a cohort of); their order moves on, and all is done in several rounds:
  medians over rounds, and of ratios the range as well. The whole sweep is trained by cohorts of mixed hidden units; of
  other ways it is the sum over families.
- `two`: two worker processes for the whole sweep, their start included, beside one fresh Python process per trial, two
  at a time, that Optuna hands out. All score the validation rows, too.
- `memory`: in fresh processes, for one epoch.
- `agreement`: whether the ways reach the same validation average precision, over more seeds.

CPU time is of the process, its threads and its children that ended. Measured on few runs, which the tables count, and
scaled to all: scikit-learn and Keras (`--few` of each family; by the steps), one process per trial (`--trials`; by the
trials). scikit-learn knows no dropout: its seconds for all runs are as if it cost nothing. Keras compiles each run's
model anew, as it does for people.

Libraries that are not installed are left out, with a word; `--ways` and `--parts` say what is measured.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sweep_tables
from sweep_rounds import agreement, memory, one_process, two_processes
from sweep_trials import HIDDEN, SEEDS, Plan, from_table, synthetic
from sweep_ways import EXACT, FAST, THREADS, TUNED, WAYS

WORKERS = (EXACT, FAST, TUNED)
"""What two workers do."""
Options = argparse.Namespace


@dataclass(frozen=True)
class Part:
    """What is measured, and its table."""

    title: str
    measure: Callable[[Plan, Sequence[str], Options], Iterator[Any]]
    table: Callable[[Sequence[Any], Plan], Iterator[str]]


PARTS: Mapping[str, Part] = {
    "one": Part(
        "One process",
        lambda plan, ways, options: one_process(plan, ways, rounds=options.rounds, say=_say),
        sweep_tables.by_family,
    ),
    "two": Part(
        "Two processes",
        lambda plan, ways, options: two_processes(
            plan, [way for way in WORKERS if way in ways], trials=options.trials, rounds=options.rounds, say=_say
        ),
        sweep_tables.whole,
    ),
    "memory": Part(
        "Peak MB of a process", lambda plan, ways, options: memory(plan, ways, say=_say), sweep_tables.memory
    ),
    "agreement": Part(
        "Validation average precision",
        lambda plan, ways, options: agreement(plan, ways, say=_say),
        sweep_tables.agreement,
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    options = parsed(arguments)
    os.environ.update(THREADS)
    ways = [way for way in options.ways if WAYS[way].installed]
    for way in sorted(set(options.ways) - set(ways)):
        print(f"{way} is left out: {WAYS[way].needs} is not installed", file=sys.stderr)
    machine = sweep_tables.machine()
    kept: dict[str, Any] = {"machine": machine, "options": vars(options)}
    with tempfile.TemporaryDirectory() as folder:
        plan = planned(options, Path(folder))
        print("\n".join(heading(plan, options, machine)), flush=True)
        for name in options.parts:
            found = list(PARTS[name].measure(plan, ways, options))
            print("\n".join(["", f"## {PARTS[name].title}", "", *PARTS[name].table(found, plan)]), flush=True)
            kept[name] = [_plain(each) for each in found]
            if options.json:  # after every part: they take long
                options.json.write_text(json.dumps(kept, indent=1, default=str))


def parsed(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rows", type=int, default=2000, help="training rows that are made")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--hidden", type=int, nargs="+", default=HIDDEN)
    parser.add_argument("--few", type=int, default=6, help="runs of each family for slow ways")
    parser.add_argument("--agreeing", type=int, default=10, help="seeds by which ways are compared in what they reach")
    parser.add_argument("--trials", type=int, default=60, help="runs with a process each; 0: all")
    parser.add_argument("--data", type=Path, help="fsdd_embeddings.parquet instead of rows that are made")
    parser.add_argument("--positive", default="0", help="the label of --data that is told from all others")
    parser.add_argument("--json", type=Path, help="where every measurement is written")
    return parser.parse_args(arguments)


def planned(options: Options, folder: Path) -> Plan:
    """The rows written to a folder, and what is measured on them."""
    rows = from_table(options.data, positive=options.positive) if options.data else synthetic(options.rows)
    for quality, each in rows.items():
        each.save(folder, quality)
    return Plan(
        folder,
        {quality: len(each.x) for quality, each in rows.items()},
        epochs=options.epochs,
        batch=options.batch,
        few=options.few,
        agreeing=options.agreeing,
        seeds=options.seeds,
        hidden=options.hidden,
    )


def heading(plan: Plan, options: Options, machine: Mapping[str, str]) -> list[str]:
    """On what, with what, and how many runs."""
    rows = " and ".join(f"{count:,} ({quality})" for quality, count in plan.counts.items())
    counts = ", ".join(f"{len(trials)} at {family}" for family, trials in plan.families().items())
    return [
        ", ".join(f"{name} {value}" for name, value in machine.items()) + "; 1 thread a process.",
        "",
        f"{options.data or 'Made'}: {rows} training rows, {plan.epochs} epochs, batch {plan.batch}; rounds: "
        f"{options.rounds}. Runs: {counts}; the sweep is the {len(plan.sweep())} of the first {len(plan.hidden)}.",
    ]


def _plain(measured: Any) -> dict[str, Any]:
    values = dict(vars(measured))
    if "aps" in values:
        values["aps"] = [{**vars(trial), "ap": ap} for trial, ap in values["aps"].items()]
    return values


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

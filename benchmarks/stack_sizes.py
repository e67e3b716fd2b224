"""How many heads pay to be stacked: CPU time per run and step by hidden units and runs of a stack.

    python benchmarks/stack_sizes.py [--width 512] [--batch 32] [--rounds 12]

Stacks of all sizes are trained in turns, an epoch at a time, and each keeps its least time; so a busy machine falls on
all of them. `members.STACKED_BYTES` and `members.LINEAR_RUNS` come from here.
"""

import argparse
import time

import numpy as np
import torch

from tunebook.tasks.embedding_classification.cohorts import Cohort, Member
from tunebook.tasks.embedding_classification.config import Config
from tunebook.tasks.embedding_classification.members import Tables
from tunebook.tasks.embedding_classification.rows import TrainingSet

SIZES = {0: (1, 15, 90, 270), 128: (1, 4, 8, 15, 30), 512: (1, 2, 4, 8), 1024: (1, 2, 4)}
RATES, DROPOUTS = (1e-4, 3e-4, 1e-3), (0.0, 0.1, 0.25, 0.5, 0.75)


def stack(rows: TrainingSet, *, hidden: int, runs: int, batch: int, arithmetic: str) -> Cohort:
    values = [
        {
            "data": {"table": "x"},
            "head": {"hidden_units": hidden, "dropout": DROPOUTS[run // 3 % 5] if hidden else 0.0},
            "optimizer": {"lr": RATES[run % 3]},
            "budget": {"epochs": 1000},
            "batch_size": batch,
            "arithmetic": arithmetic,
        }
        for run in range(runs)
    ]
    members = [Member(str(run), Config.model_validate(value), 0, rows, None) for run, value in enumerate(values)]
    return Cohort(members, kind="binary", tables=Tables("cpu"))


def measured(stacks: dict[str, Cohort], *, rounds: int, rows: int, batch: int) -> dict[str, float]:
    least = dict.fromkeys(stacks, float("inf"))
    steps = -(-rows // batch)
    for number in range(rounds):
        for name, one in stacks.items():
            start = time.thread_time()
            one.epoch(number + 1)
            least[name] = min(least[name], (time.thread_time() - start) / steps / int(name.split()[-1]) * 1e6)
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rows", type=int, default=700)
    parser.add_argument("--rounds", type=int, default=12)
    given = parser.parse_args()
    torch.set_num_threads(1)
    draws = np.random.default_rng(0)
    embeddings = draws.normal(size=(given.rows, given.width)).astype(np.float32)
    rows = TrainingSet(embeddings, (embeddings[:, :1] > 0).astype(np.float32))
    for hidden, sizes in SIZES.items():
        stacks = {
            f"{arithmetic} {runs}": stack(rows, hidden=hidden, runs=runs, batch=given.batch, arithmetic=arithmetic)
            for arithmetic in ("exact", "fast")
            for runs in sizes
        }
        found = measured(stacks, rounds=given.rounds, rows=given.rows, batch=given.batch)
        print(
            f"hidden {hidden}: " + ", ".join(f"{name} {value:.1f}" for name, value in found.items()), "µs", flush=True
        )


if __name__ == "__main__":
    main()

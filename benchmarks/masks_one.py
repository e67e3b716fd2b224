"""One way in a process of its own, as masks.py starts it.

    python benchmarks/masks_one.py PLAN.json WAY FOLDER POINT …

Prints seconds by the clock and of processors after the imports, and the peak memory in MB. A plain loop imports no more
than a user's script does.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from sweep_peak import Clock, peak_mb

LOOPS = ("loop", "processes")


def looped(plan: Path, points: list[int], folder: Path) -> None:
    """By a plain loop, which reads and augments for every one."""
    torch.set_num_threads(1)
    jobs = json.loads(plan.read_text())["jobs"]
    for point in points:
        torch.save(train(Job(**jobs[str(point)])).state_dict(), folder / f"{point}.pt")


if __name__ == "__main__":
    plan, way, folder, points = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), [int(word) for word in sys.argv[4:]]
    if way in LOOPS:
        from masks_loop import Job, train

        start, work = Clock.read(), lambda: looped(plan, points, folder)
    else:
        from masks_plan import Plan
        from masks_ways import trainer

        known: Callable[..., None] = trainer(way)
        start, work = Clock.read(), lambda: known(Plan.read(plan), points, folder)
    work()
    taken = Clock.read().since(start)
    print(taken.wall, taken.cpu, peak_mb())

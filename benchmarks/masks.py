"""What a cohort of losses saves: Tunebook's beside a plain loop, one process a configuration, and co-training.

    python benchmarks/masks.py --json masks.json                                 simulated scans
    python benchmarks/masks.py --data $TUNEBOOK_DATA/idrid_exudates --tile 256 --number 12 --epochs 5
    python benchmarks/masks.py --device cuda --together 2 4 8 16

The configurations are spread over the 55 distinct losses of page-masks' first run (6 weights of the cross-entropy, 3
smoothings of Dice, 4 weights of the foreground): they share scans, tiles and initial weights. All ways train the same
U-Net by AdamW at a constant rate, for as many steps on as many tiles; nothing is predicted.

- `cohort`: Tunebook's worker: scans are decoded once, the tiles of an epoch drawn and augmented once, for all.
- `alone`: the same worker for one configuration after the other, with nothing shared. Its weights must be the cohort's
  in every bit; that is looked at in every round.
- `loop`: PyTorch as people write it, a Dataset that draws and augments, a DataLoader, a loop; it reads and augments for
  every configuration. Its draws, and so its weights, are others.
- `processes`: the same loop in a fresh Python for each configuration, its start and imports included.
- `grouped N`, `vmap N`: N networks in one step, by grouped convolutions and by torch.func.vmap, on the cohort's tiles.
  Whether that pays is decided for the device: on a CPU by CPU time, elsewhere by the clock.

Every way starts in a fresh process each round, one thread each; ways take turns, and who begins moves on. Medians over
rounds, of ratios the range as well. Seconds of a run are a way's seconds through the number of configurations, from
the start of its (first) process to the end of its last; `after imports` leaves out Python's start and the imports. It
compares Tunebook's ways with each other alone: torch loads parts of itself late, which Tunebook imports at once and the
plain loop pays for while it trains.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import masks_tables
import torch
from masks_plan import Plan, distinct
from masks_tables import ALONE, COHORT, HOW, PROCESSES, Compared, Measured
from masks_ways import at
from sweep_peak import Clock

from tunebook import simulate
from tunebook.train import checkpoints

ONE = Path(__file__).with_name("masks_one.py")
THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    options = parsed(arguments)
    called = masks_tables.titles(options.together)
    chosen = options.ways or list(called)
    if unknown := sorted(set(chosen) - set(called)):
        raise SystemExit(f"--ways must be of {', '.join(called)}; got {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder:
        plan = planned(options, Path(folder))
        machine = masks_tables.machine(options.device)
        print("\n".join(heading(plan, options, machine)), flush=True)
        found, compared = [], []
        for number in range(options.rounds):
            here = Path(folder) / str(number)
            for way in rotated(chosen, number):
                found.append(measure(way, plan, here / way, number=number))
                say(f"round {number + 1} of {options.rounds}: {way}, {found[-1].wall:.1f} s")
            compared += compare(plan, here, [way for way in chosen if way.startswith((COHORT, *HOW))])
        lines = [*masks_tables.seconds(found, called), "", *masks_tables.weights(compared, called)]
        print("\n".join(["", *lines, "", *masks_tables.verdict(found, options.device, called)]))
    if options.json:
        kept = {"machine": machine, "options": vars(options), "found": [asdict(each) for each in found]}
        kept["compared"] = [asdict(each) for each in compared]
        options.json.write_text(json.dumps(kept, indent=1, default=str))


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ways", nargs="+", help="which are measured; all")
    parser.add_argument("--together", nargs="+", type=int, default=[2, 4], help="networks in one step")
    parser.add_argument("--number", type=int, default=8, help="configurations, of 55")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--tile", type=int, default=128)
    parser.add_argument("--tiles", type=int, default=8, help="tiles of each scan in an epoch")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--image-size", type=int, help="longest side that scans are reduced to; as they are")
    parser.add_argument("--data", type=Path, help="folder of scans instead of simulated ones")
    parser.add_argument("--scans", type=int, default=8, help="simulated training scans")
    parser.add_argument("--size", type=int, default=768, help="pixels of their sides")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="where every measurement is written")
    return parser.parse_args(arguments)


def planned(options: argparse.Namespace, folder: Path) -> Plan:
    """The plan, with simulated scans in a folder unless others are named."""
    data = options.data
    if data is None:
        data = folder / "scans"
        simulate.scans(data, seed=0, train=options.scans, val=1, test=1, size=options.size)
    values = {
        "data.tile": options.tile,
        "data.overlap": 0,
        "data.tiles_per_image": options.tiles,
        "data.image_size": options.image_size,
        "model.width": options.width,
        "model.depth": options.depth,
        "batch_size": options.batch,
        "budget.epochs": options.epochs,
    }
    return Plan.made(data, values, number=options.number, device=options.device)


def heading(plan: Plan, options: argparse.Namespace, machine: Mapping[str, str]) -> Iterator[str]:
    """On what, with what, and how many runs."""
    yield ", ".join(f"{name} {value}" for name, value in machine.items()) + "; 1 thread a process."
    yield ""
    scans = options.data or f"{options.scans} simulated scans of {options.size} × {options.size}"
    yield (
        f"{scans}: {len(plan.points)} of {len(distinct())} configurations, {options.epochs} epochs of {options.tiles} "
        f"tiles ({options.tile} px) a scan, batch {options.batch}: {plan.steps} steps a run; U-Net of width "
        f"{options.width}, depth {options.depth}; device {options.device}; rounds: {options.rounds}."
    )


def measure(way: str, plan: Plan, folder: Path, *, number: int) -> Measured:
    """Train all configurations in one way, in fresh processes."""
    folder.mkdir(parents=True)
    plan.write(folder / "plan.json")
    parts = [[point] for point in plan.points] if way == PROCESSES else [plan.points]
    printed = []
    start = Clock.read()
    for points in parts:
        words = [sys.executable, ONE, folder / "plan.json", way, folder, *map(str, points)]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **THREADS})
        printed.append([float(word) for word in done.stdout.splitlines()[-1].split()])
    taken = Clock.read().since(start)
    walls, cpus, peaks = zip(*printed, strict=True)
    runs = len(plan.points)
    return Measured(
        way, number, runs, runs * plan.steps, len(parts), taken.wall, taken.cpu, sum(walls), sum(cpus), max(peaks)
    )


def compare(plan: Plan, folder: Path, others: Sequence[str]) -> Iterator[Compared]:
    """Weights of other ways with those of training alone, configuration by configuration."""
    if not (folder / ALONE).exists():
        return
    for way in others:
        for point in plan.points:
            one, other = (checkpoints.load(at(folder / each, point))[0] for each in (ALONE, way))
            if one.keys() != other.keys():
                raise RuntimeError(f"{way}: weights must be named as those trained alone; got {sorted(other)[:3]} …")
            equal = all(torch.equal(one[name], other[name]) for name in one)
            apart = max(float((one[name] - other[name]).abs().max()) for name in one)
            yield Compared(way, point, equal, apart)


def rotated(names: Sequence[str], by: int) -> list[str]:
    start = by % len(names)
    return [*names[start:], *names[:start]]


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

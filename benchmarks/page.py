"""How long a large study takes to become a page: 1,000 runs, 5 metrics, 20 items.

    python benchmarks/page.py [--repeats 5] [--items 20] [--curve 100] [--keep FOLDER]

A book is written through the writers that a study uses: 200 configurations with 5 seeds, each run with its measurements
on two splits, learning curve and pictures. Then commands are timed as whole processes after one warm-up: wall time, and
processor time, which a busy machine changes less. Where Playwright is installed, the page is opened in Chromium too,
from its file to the load event. Ends with code 1 when `tunebook page` takes longer than the promised 5 seconds.
"""

import argparse
import importlib.util
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tunebook import simulate
from tunebook import study as conductor
from tunebook.book import Book
from tunebook.folders import RunFolder, write_lines
from tunebook.records import Costs, CurvePoint, Measurement, Outcome, PlannedRun, Settings
from tunebook.study import Prepared
from tunebook.study.tabling import scoring as scoring_of

COMMAND = Path(sys.executable).with_name("tunebook")
STUDY = "large"
METRICS = ("ais.msa", "box.msa", "point.msa", "ib.msa", "ip.msa")
SPLITS = ("val", "test")
PANELS = ("image", "truth", "prediction")
PROMISED_SECONDS = 5.0
FILE = """\
question: Which LoRA rank and alpha adapt the small model?
task: promptable-segmentation
base: {data: {root: cells}, model: {weights: tunebook-small}, adapter: {method: lora}}
space:
  adapter.alpha: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
  adapter.rank: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
  optimizer.lr: [1e-3, 3e-3]
replicates: {seed: 5}
select: {metric: ais.msa, split: val, rule: one-standard-error, prefer: [adapter.rank]}
report: {metrics: [ais.msa, box.msa, point.msa, ib.msa, ip.msa], splits: [test]}
"""


@dataclass(frozen=True)
class Taken:
    """Seconds of one execution: by the clock, and of processors."""

    wall: float
    processor: float


def write_book(book: Path, *, text: str = FILE, items: int, curve: int) -> int:
    """A book whose one study has run and is decided; the number of its runs.

    Args:
        items: Of each split.
        curve: Points of a learning curve.
    """
    simulate.cells(book / "cells", seed=0, train=1, val=items, test=items, size=32)
    (book / f"{STUDY}.study.yaml").write_text(text)
    opened = Book.load(book)
    with opened.writing(), opened.ledger() as ledger:
        prepared = conductor.prepare(opened.find(STUDY).study, opened.shelf(ledger), text=text)
        for planned in prepared.runs:
            _write_run(planned, prepared, items=items, curve=curve)
        conductor.record_plan(prepared, ledger)
        ledger.rebuild()
        assert conductor.decide(prepared, ledger) is not None  # every run has a value
    return len(prepared.runs)


def seconds_of(*arguments: str | Path, repeats: int) -> list[Taken]:
    """What a command takes as a whole process, after one that warms up."""
    taken = []
    for _ in range(repeats + 1):
        start, before = time.perf_counter(), _processor_seconds()
        subprocess.run([COMMAND, *arguments], stdout=subprocess.DEVNULL, check=True)
        taken.append(Taken(time.perf_counter() - start, _processor_seconds() - before))
    return taken[1:]


def seconds_to_load(page: Path, *, repeats: int) -> list[float]:
    """From navigation to the load event in Chromium; none without Playwright."""
    if importlib.util.find_spec("playwright") is None:
        return []
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  not everybody has it

    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(repeats):
            tab = browser.new_page()
            tab.goto(page.resolve().as_uri(), wait_until="load")
            taken.append(tab.evaluate("performance.timing.loadEventStart - performance.timing.navigationStart") / 1000)
            tab.close()
        browser.close()
    return taken


# Runs -------------------------------------------------------------------------------------------------


def _write_run(planned: PlannedRun, prepared: Prepared, *, items: int, curve: int) -> None:
    folder = RunFolder.of(prepared.book, planned.run)
    scoring = scoring_of(planned, prepared)
    folder.write_run(planned.run)
    folder.write_curve(_curve(planned, curve))
    folder.write_scoring(scoring)
    chosen = Settings("ais", scoring.split, scoring.metric, {"foreground": 0.5, "distance": 0.4, "min_size": 20})
    folder.write_settings(scoring.id, [chosen])
    _draw(folder, scoring.id, items, prepared.book / "thumbnail.png")
    folder.write_measurements(scoring.id, _measurements(planned, scoring.evaluator, items))
    folder.write_outcome(_outcome(planned))


def _measurements(planned: PlannedRun, evaluator: str, items: int) -> Iterator[Measurement]:
    values = planned.run.configuration.values
    far = math.log2(values["adapter"]["alpha"] / 16) ** 2 + math.log2(values["adapter"]["rank"] / 8) ** 2
    draw = np.random.default_rng(int(planned.run.id, 16))
    luck = draw.normal(0, 0.006)
    for number, metric in enumerate(METRICS):
        settings = {"ais": "val"} if metric.startswith("ais") else {}
        for split in SPLITS:
            difficulty = np.random.default_rng([number, SPLITS.index(split)]).normal(0, 0.1, items)
            scores = 0.5 + 0.05 * number - 0.003 * far + luck + difficulty + draw.normal(0, 0.03, items)
            for at, score in enumerate(scores.tolist()):
                yield Measurement(metric, split, f"{at:04}", score, 1, 1, evaluator=evaluator, settings=settings)
            mean = float(np.mean(scores))
            yield Measurement(metric, split, "", mean, items, items, evaluator=evaluator, settings=settings)


def _curve(planned: PlannedRun, points: int) -> Iterator[CurvePoint]:
    draw = np.random.default_rng(int(planned.run.id, 16))
    for step in range(1, points + 1):
        yield CurvePoint(step, {"loss": 1.5 * math.exp(-3 * step / points) + float(draw.normal(0.5, 0.05))})


def _draw(folder: RunFolder, scoring: str, items: int, thumbnail: Path) -> None:
    """Every item has its pictures; all are one file."""
    if not thumbnail.exists():
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)).save(thumbnail)
    lines = []
    for at in range(items):
        for panel in PANELS:
            path = folder.picture_path(scoring, "test", f"{at:04}", panel)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(thumbnail, path)
        lines.append({"item": f"{at:04}", "panels": PANELS, "caption": "ais: 5 of 7 found"})
    write_lines(folder.picture_list(scoring, "test"), lines)


def _outcome(planned: PlannedRun) -> Outcome:
    rank = planned.run.configuration.values["adapter"]["rank"]
    return Outcome(
        "finished",
        predictions=dict.fromkeys(SPLITS, "0" * 64),
        quantities={"trainable_parameters": 24_000.0 + 4_608 * rank},
        costs=Costs(40.0 + rank, 39.0 + rank, 800.0 + rank),
        provenance={"tunebook": "0.1.0", "python": "3.11", "torch": "2.13.0", "device": "cpu", "host": "simulated"},
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--items", type=int, default=20, help="of each of the two splits")
    parser.add_argument("--curve", type=int, default=100, help="points of a learning curve; 0 for none")
    parser.add_argument("--keep", type=Path, help="make the book here, and use it again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() if asked.keep is None else nullcontext(asked.keep) as folder:
        book = Path(folder)
        if not (book / "ledger.sqlite").exists():
            book.mkdir(exist_ok=True)
            runs = write_book(book, items=asked.items, curve=asked.curve)
            print(
                f"{runs:,} runs, {len(METRICS)} metrics, 2 splits of {asked.items} items, {asked.curve} points a curve"
            )
        took = report(book, repeats=asked.repeats)
    if took > PROMISED_SECONDS:
        sys.exit(f"tunebook page must take at most {PROMISED_SECONDS:g} s; took {took:.2f} s")


def report(book: Path, *, repeats: int) -> float:
    """Print what takes how long; the median of `tunebook page`."""
    print("| what | median s | fastest to slowest | of processors, median s |\n|---|---|---|---|")
    study = book / STUDY
    commands: dict[str, Sequence[str | Path]] = {
        "tunebook page": ("page", study),
        "tunebook audit": ("audit", study),
        "tunebook ledger rebuild": ("ledger", "rebuild", book),
    }
    taken = {}
    for name, arguments in commands.items():
        taken[name] = seconds_of(*arguments, repeats=repeats)
        print(_line(name, [each.wall for each in taken[name]], [each.processor for each in taken[name]]), flush=True)
    page = book / "pages" / f"{STUDY}.html"
    if loads := seconds_to_load(page, repeats=repeats):
        print(_line("Chromium, to the load event", loads, []))
    print(f"\nThe HTML file has {page.stat().st_size / 1e6:.1f} MB.")
    return statistics.median(each.wall for each in taken["tunebook page"])


def _line(name: str, wall: Sequence[float], processor: Sequence[float]) -> str:
    middle = f"{statistics.median(processor):.2f}" if processor else ""
    return f"| {name} | {statistics.median(wall):.2f} | {min(wall):.2f} to {max(wall):.2f} | {middle} |"


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

"""Own programs in processes of their own: killed, resumed, and without torch."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from programs import curve, folders, make_book, reasons, run

from tunebook.book import Book
from tunebook.ledger.facts import facts
from tunebook.tasks.script.reports import Kept, Report

PROGRAM = """\
import os, sys, time
def main(config, seed, out):
    with (out / "begun.txt").open("a") as begun:
        begun.write(f"{os.getpid()} {'torch' in sys.modules}\\n")
    done = int((out / "step.txt").read_text()) if (out / "step.txt").exists() else 0
    for step in range(done + 1, 7):
        yield {"step": step, "loss": config["lr"] / step, "val": {"accuracy": config["lr"] + step}}
        (out / "step.txt").write_text(str(step))
        time.sleep(float(os.environ.get("PACE", "0")))
"""
STUDY = """\
task: train.py:main
metrics: {accuracy: maximize}
space: {lr: [0.1, 0.3]}
replicates: [0]
confirm: null
report: {splits: [val]}
"""
FAMILY = """\
task: {command: "python train.py {out} {lr}"}
metrics: {accuracy: maximize}
space: {lr: [0.1]}
replicates: [0]
confirm: null
report: {splits: [val]}
"""
PARENT = """\
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
(pathlib.Path(sys.argv[1]) / "pid.txt").write_text(str(child.pid))
time.sleep(60)
"""
CONDUCT = """\
import sys
sys.argv = ["tunebook", "run", sys.argv[1]]
from tunebook.cli import app
try:
    app()
finally:
    assert "torch" not in sys.modules, "the conductor imported torch"
"""
TWO = "executor: {processes: 2}\n"


def start(book: Path, *, pace: float) -> "subprocess.Popen[str]":
    """`tunebook run` in a process of its own."""
    variables = {**os.environ, "PACE": str(pace)}
    command = [sys.executable, "-c", CONDUCT, str(book)]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool]) -> None:
    """Until something is so."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def steps(book: Path) -> list[int]:
    """How far each run is by its own checkpoint."""
    return [int(path.read_text() or 0) for path in book.glob("runs/*/at-1/out/step.txt")]


def facts_of(book: Path) -> str:
    """The facts of a book."""
    with Book.open(book).look() as ledger:
        return facts(ledger)


def test_a_killed_program_goes_on_from_what_it_kept(tmp_path: Path):
    """After a SIGKILL of the conductor, runs find their own checkpoints in `out`, and end in the same facts and curves.

    Neither the conductor nor a run imports torch.
    """
    book = make_book(tmp_path / "killed", program=PROGRAM, study=STUDY, executor=TWO)
    conductor = start(book, pace=0.3)
    wait_for(lambda: len(steps(book)) == 2 and min(steps(book)) >= 2)
    conductor.kill()
    conductor.communicate()

    again = start(book, pace=0.0)
    said, errors = again.communicate(timeout=60)

    assert again.returncode == 0, said + errors
    begun = [path.read_text().splitlines() for path in sorted(book.glob("runs/*/at-1/out/begun.txt"))]
    assert [len(lines) for lines in begun] == [2, 2]
    assert all(line.endswith("False") for lines in begun for line in lines)
    whole = make_book(tmp_path / "whole", program=PROGRAM, study=STUDY)
    run(whole)
    assert facts_of(book) == facts_of(whole)
    assert [curve(folder) for folder in folders(book)] == [curve(folder) for folder in folders(whole)]


def test_a_command_dies_with_its_run(tmp_path: Path):
    """What a command has started is gone soon after the conductor was killed."""
    book = make_book(tmp_path, program=PARENT, study=FAMILY, executor=TWO)
    conductor = start(book, pace=0)
    wait_for(lambda: any(path.read_text() for path in book.glob("runs/*/at-1/out/pid.txt")))
    grandchild = int(next(book.glob("runs/*/at-1/out/pid.txt")).read_text())
    family = [grandchild, psutil.Process(grandchild).ppid()]

    conductor.send_signal(signal.SIGKILL)
    conductor.communicate()

    def gone(pid: int) -> bool:
        return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    wait_for(lambda: all(map(gone, family)))


def test_what_diverged_begins_anew(tmp_path: Path):
    """A program that diverged finds nothing of its own when it is run again; one that failed finds all."""
    program = """\
def main(config, out):
    tries = len(list(out.iterdir()))
    (out / str(tries)).touch()
    if config["lr"] == 0.3:
        return {"val": {"accuracy": float("nan")}}
    if tries < 1:
        raise ValueError("not yet")
    return {"val": {"accuracy": tries}}
"""
    book = make_book(tmp_path, program=program, study=STUDY)
    run(book)

    assert reasons(book) == {"crashed: ValueError: not yet (train.py, line 7)", "diverged: accuracy on val is nan"}
    run(book, retry_failed=True)
    assert reasons(book) == {"", "diverged: accuracy on val is nan"}
    assert sorted(len(list(folder.out.iterdir())) for folder in folders(book) if folder.out.exists()) == [2]


def test_a_decision_is_applied_by_the_function_that_predicts(tmp_path: Path):
    """`predict` calls the function with the run's folder and parameters; added later, it makes no new runs."""
    program = """\
def main(config, out):
    (out / "model.txt").write_text(str(config["lr"]))
    return {"val": {"accuracy": config["lr"]}}
"""
    book = make_book(tmp_path / "book", program=program, study=STUDY)
    run(book)
    command = [sys.executable, "-m", "tunebook", "predict", str(book / "own"), "--on", str(book), "--to"]
    refused = subprocess.run([*command, str(tmp_path / "none")], capture_output=True, text=True, check=False)
    (book / "apply.py").write_text(
        "def predict(out, on, to, config):\n"
        "    (to / 'said.txt').write_text((out / 'model.txt').read_text() + ' ' + str(config.lr))\n"
    )
    text = STUDY.replace("train.py:main", "{function: train.py:main, predict: apply.py:predict}")
    (book / "own.study.yaml").write_text(text)
    run(book)

    done = subprocess.run([*command, str(tmp_path / "to")], capture_output=True, text=True, check=False)

    assert refused.returncode == 2
    assert "must say how a finished run is applied to new data" in refused.stderr + refused.stdout
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "to" / "said.txt").read_text() == "0.3 0.3"
    assert len(folders(book)) == 2


STALE = """\
def main(config, seed, out):
    done = int((out / "step.txt").read_text()) if (out / "step.txt").exists() else 0
    for step in range(done + 1, 6):
        (out / "step.txt").write_text(str(step))
        if step == 5 and not (out.parents[1] / "stopped").exists():
            (out.parents[1] / "stopped").touch()
            raise ValueError("stopped")
        yield {"step": step, "loss": 1 / step, "val": {"accuracy": step}}
"""


def test_a_program_that_went_past_its_last_report_begins_again(tmp_path: Path):
    """One that kept step 5 and stopped before reporting it is run from the start: no score is that of step 4."""
    book = make_book(tmp_path, program=STALE, study=STUDY)
    run(book)

    assert reasons(book) == {"crashed: ValueError: stopped (train.py, line 7)"}
    run(book, retry_failed=True)

    assert reasons(book) == {""}
    for folder in folders(book):
        assert [step for step, _ in curve(folder)] == [1, 2, 3, 4, 5]
        (scoring, *_) = folder.scorings()
        assert [one.value for one in folder.read_measurements(scoring)] == [5]
        assert "begun again with an empty out" in folder.log.read_text()


def test_a_program_that_only_ends_later_goes_on(tmp_path: Path):
    """Losses of before stay where the last attempt gives the metrics alone; nothing is run again."""
    text = """\
def main(config, seed, out):
    tries = len(list(out.iterdir()))
    (out / str(tries)).touch()
    if not tries:
        yield {"step": 1, "loss": 1}
        raise ValueError("not yet")
    return {"val": {"accuracy": tries}}
"""
    book = make_book(tmp_path, program=text, study=STUDY)
    run(book)
    run(book, retry_failed=True)

    assert reasons(book) == {""}
    assert [(curve(folder), len(list(folder.out.iterdir()))) for folder in folders(book)] == [
        ([(1, {"loss": 1.0})], 2)
    ] * 2


def test_reports_outlive_a_kill_between_two_attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first report of an attempt takes the place of the file at once, or not at all."""
    path = tmp_path / "reports.jsonl"
    list(Kept(path).add(Report(1, {"loss": 1.0})))

    def killed(*names: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        list(Kept(path).add(Report(2, {"loss": 0.5})))

    assert [report.step for report in Kept(path).rest()] == [1]


LEAVES = """\
import json, pathlib, subprocess, sys, time
orphan = "os.fork() and os._exit(0);" if sys.argv[2] == "0.3" else ""
child = f"import os, time; {orphan} time.sleep(60)"
subprocess.Popen([sys.executable, "-c", child, sys.argv[1]], start_new_session=True)
time.sleep(0.3)
(pathlib.Path(sys.argv[1]) / "metrics.json").write_text(json.dumps({"val": {"accuracy": 1}}))
"""


def test_nothing_outlives_a_command(tmp_path: Path):
    """What it left behind when it ended is ended too, in a session of its own, and without its parent."""
    book = make_book(tmp_path, program=LEAVES, study=FAMILY.replace("[0.1]", "[0.1, 0.3]"))

    run(book)

    assert reasons(book) == {""}
    left = [each for each in psutil.process_iter(["cmdline"]) if str(book) in " ".join(each.info["cmdline"] or ())]
    assert [each for each in left if each.status() != psutil.STATUS_ZOMBIE] == []


HEAVY = """\
import json, pathlib, subprocess, sys
hold = "import time; held = b'x' * 150_000_000; time.sleep(1.2)"
children = [subprocess.Popen([sys.executable, "-c", hold]) for _ in range(2)]
for child in children:
    child.wait()
(pathlib.Path(sys.argv[1]) / "metrics.json").write_text(json.dumps({"val": {"accuracy": 1}}))
"""


def test_memory_is_that_of_all_that_a_command_starts(tmp_path: Path):
    """The most that they held together, beside the process that waits for them."""
    book = make_book(tmp_path, program=HEAVY, study=FAMILY, executor=TWO)

    run(book)

    assert folders(book)[0].read_outcome().costs.peak_memory_mb > 300

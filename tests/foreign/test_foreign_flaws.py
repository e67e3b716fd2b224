"""A sound table has no finding, each flaw planted in it is found by its code, and so are all of them at once."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tunebook.analyse import CODES, Finding, findings
from tunebook.foreign import Asked, assemble, read_csv

CLEAN = Path(__file__).parent / "clean.csv"
FLAWED = Path(__file__).parent / "flawed.csv"
Lines = list[dict[str, str]]
ELSEWHERE = {"T405", "T406", "T502", "T504"}
"""What a table of runs cannot show: baselines, its data, bold cells, and the rule of before."""


def clean() -> Lines:
    with CLEAN.open() as file:
        return list(csv.DictReader(file))


def audited(lines: Lines, folder: Path, **asked: object) -> tuple[Finding, ...]:
    path = folder / "runs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys(name for line in lines for name in line))
        writer.writeheader()
        writer.writerows(lines)
    return findings(assemble(read_csv(path), Asked(**asked)).table)  # type: ignore[arg-type]


def without_points(lines: Lines) -> Lines:
    """T101: a point of the grid is not there."""
    return [line for line in lines if (line["lr"], line["dropout"]) != ("1e-2", "0.5")]


def failed(lines: Lines) -> Lines:
    """T101: a seed failed everywhere."""
    return [{**line, "state": "crashed"} if line["seed"] == "3" else line for line in lines]


def uneven(lines: Lines) -> Lines:
    """T102."""
    return [line for line in lines if (line["lr"], line["dropout"], line["seed"]) != ("1e-2", "0.5", "3")]


def seed_twice(lines: Lines) -> Lines:
    """T103: a line is there twice, under two names."""
    return [*lines, {**lines[0], "run": "run-again"}]


def inert(lines: Lines) -> Lines:
    """T201: a parameter that never reached the program; its values repeat each other."""
    return [{**line, "warmup": warmup} for line in lines for warmup in ("100", "500", "none")]


def inert_there(lines: Lines) -> Lines:
    """T201: dropout cannot matter without hidden units."""
    rest = [{**line, "hidden": "128"} for line in lines]
    same = {(line["lr"], line["seed"]): line for line in lines if line["dropout"] == "0.5"}
    idle = [{**same[line["lr"], line["seed"]], "dropout": line["dropout"], "hidden": "none"} for line in lines]
    return [*rest, *idle]


def at_an_edge(lines: Lines) -> Lines:
    """T202: the best learning rate is the largest one that was tried."""
    return [line for line in lines if line["lr"] != "1e-2"]


def inside_noise(lines: Lines) -> Lines:
    """T301: two configurations that differ by their seeds alone."""
    best = [line for line in lines if (line["lr"], line["dropout"]) == ("1e-3", "0.25")]
    twins = {
        line["seed"]: f"{float(line['val_f1']) + shift:.4f}"
        for line, shift in zip(best, (-3e-3, 4e-3, -2e-3), strict=True)
    }
    level = {"lr": "1e-3", "dropout": "0"}
    return [{**line, "val_f1": twins[line["seed"]]} if level.items() <= line.items() else line for line in lines]


def single(lines: Lines) -> Lines:
    """T302."""
    return [line for line in lines if line["seed"] == "1"]


def chosen_on_test(lines: Lines) -> Lines:
    """T401: there is no validation split."""
    return [{name: value for name, value in line.items() if name != "val_f1"} for line in lines]


def threshold_on_test(lines: Lines) -> Lines:
    """T402."""
    return [{**line, "test_threshold": f"0.{at % 7 + 1}"} for at, line in enumerate(lines)]


def items_missing(lines: Lines) -> Lines:
    """T403: files without a detection were left out."""
    return [{**lines[0], "test_n": "37"}, *lines[1:]]


def all_white(lines: Lines) -> Lines:
    """T404: everything is predicted, so nothing is missed."""
    shown = [{**line, "val_precision": line["val_f1"], "val_recall": line["val_f1"]} for line in lines]
    return [{**shown[0], "val_precision": "0.12", "val_recall": "1.0"}, *shown[1:]]


def nothing_found(lines: Lines) -> Lines:
    """T404: a score of 0 is that of an empty prediction."""
    return [*lines[:-1], {**lines[-1], "test_f1": "0"}]


def not_reproduced(lines: Lines) -> Lines:
    """T601: the best of another stage scores less in this one."""
    best = [line for line in lines if (line["lr"], line["dropout"]) == ("1e-3", "0.25")]
    before = [
        {**line, "stage": "first", "seed": f"1{line['seed']}", "val_f1": f"{0.98 - at / 500}"}
        for at, line in enumerate(best)
    ]
    worse = [{**line, "stage": "first", "lr": "1e-5", "val_f1": "0.5"} for line in best]
    return [*before, *worse, *({**line, "stage": "second"} for line in lines)]


def not_repeatable(lines: Lines) -> Lines:
    """T602 (and T103): the same seed gave another score."""
    return [*lines, {**lines[0], "run": "run-again", "val_f1": "0.7001"}]


def two_devices(lines: Lines) -> Lines:
    """T603."""
    return [{**line, "device": "T4"} if line["lr"] == "1e-2" else line for line in lines]


PLANTED: list[tuple[Callable[[Lines], Lines], dict[str, object], set[str]]] = [
    (without_points, {}, {"T101"}),
    (failed, {}, {"T101"}),
    (uneven, {}, {"T102"}),
    (seed_twice, {}, {"T103"}),
    (inert, {}, {"T201", "T301"}),
    (inert_there, {}, {"T201"}),
    (at_an_edge, {}, {"T202"}),
    (inside_noise, {}, {"T301"}),
    (single, {}, {"T302"}),
    (chosen_on_test, {}, {"T401"}),
    (threshold_on_test, {}, {"T402"}),
    (items_missing, {}, {"T403"}),
    (all_white, {}, {"T404"}),
    (nothing_found, {}, {"T404"}),
    (list, {"chosen": "lr=1e-3 dropout=0"}, {"T501"}),
    (list, {"chosen": "lr=1e-3 dropout=0.9"}, {"T503"}),
    (not_reproduced, {"study": "second"}, {"T601"}),
    (not_repeatable, {}, {"T103", "T602"}),
    (two_devices, {}, {"T603"}),
]


def test_a_sound_table_has_no_finding(tmp_path: Path):
    """Three seeds, a winner inside the grid and above the noise, chosen on another split than is reported."""
    assert audited(clean(), tmp_path) == ()


@pytest.mark.parametrize(("plant", "asked", "codes"), PLANTED, ids=lambda each: getattr(each, "__name__", None))
def test_a_planted_flaw_is_found(
    plant: Callable[[Lines], Lines], asked: dict[str, object], codes: set[str], tmp_path: Path
):
    """By its own code, and no other code is raised by it."""
    found = audited(plant(clean()), tmp_path, **asked)

    assert {each.code for each in found} == codes


def test_every_code_has_its_flaw():
    """Nothing is left out above but what a table of runs cannot show."""
    assert set().union(*(codes for _, _, codes in PLANTED)) == set(CODES) - ELSEWHERE


@pytest.mark.parametrize(
    ("chosen", "codes"), [("", {"T202"}), ("alpha=4 rank=2", {"T501"}), ("alpha=16", {"T202", "T503"})]
)
def test_a_table_with_every_flaw(chosen: str, codes: set[str]):
    """Kept by hand over two stages, chosen on test: all that can be found in it is found at once."""
    found = findings(assemble(read_csv(FLAWED), Asked(study="stage-2", chosen=chosen)).table)
    at_once = {each.code for each in found}

    assert at_once - codes == set(CODES) - ELSEWHERE - {"T202", "T501", "T503"}
    assert codes <= at_once

"""The benchmarks of binary masks train what they say in every way, and their tables say what was measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunebook import simulate

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
SMALL = {
    "data.tile": 32, "data.overlap": 0, "data.tiles_per_image": 3, "data.image_size": None,
    "model.width": 8, "model.depth": 2, "batch_size": 4, "budget.epochs": 2,
}  # fmt: skip


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks are scripts beside each other."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture(name="pages")
def _pages(tmp_path: Path) -> Path:
    """Two training scans and one of each other split."""
    simulate.scans(tmp_path / "pages", seed=0, train=2, val=1, test=1, size=96)
    return tmp_path / "pages"


@pytest.fixture(name="plan")
def _plan(pages: Path) -> Any:
    """Three configurations, two epochs of six tiles: four steps."""
    from masks_plan import Plan

    return Plan.made(pages, SMALL, number=3, device="cpu")


# Runs -------------------------------------------------------------------------------------------------


def test_the_grid_of_page_masks_has_55_distinct_losses():
    """Of 72 points those without Dice differ in no smoothing, those without cross-entropy in no weight."""
    from masks_plan import distinct

    found = distinct()

    assert len(found) == 55
    assert sum(point["loss.bce_weight"] == 1 for point in found) == 4
    assert sum(point["loss.bce_weight"] == 0 for point in found) == 3


def test_a_plan_comes_back_from_its_file(plan: Any, tmp_path: Path):
    """Other processes are told the same; steps count the last short batch, and points are spread over the grid."""
    from masks_plan import Plan

    plan.write(tmp_path / "plan.json")

    assert plan.steps == 4
    assert list(plan.points) == [0, 18, 36]
    assert Plan.read(tmp_path / "plan.json") == plan


# Ways -------------------------------------------------------------------------------------------------


def test_a_cohort_has_the_weights_of_training_alone(plan: Any, tmp_path: Path):
    """Every bit of every configuration, and configurations differ among themselves."""
    from masks import compare
    from masks_ways import at, trainer

    for way in ("cohort", "alone"):
        (tmp_path / way).mkdir()
        trainer(way)(plan, plan.points, tmp_path / way)
    found = list(compare(plan, tmp_path, ["cohort"]))

    assert [each.equal for each in found] == [True] * 3
    assert len({at(tmp_path / "cohort", point).read_bytes() for point in plan.points}) == 3


def test_weights_that_differ_are_told(plan: Any, tmp_path: Path):
    """One configuration in the place of another is not equal, and its largest difference is said."""
    from masks import compare
    from masks_ways import at, trainer

    for way, points in (("alone", plan.points[:2]), ("cohort", plan.points[:2])):
        (tmp_path / way).mkdir()
        trainer(way)(plan, points, tmp_path / way)
    one, other = (at(tmp_path / "cohort", point) for point in plan.points[:2])
    one.write_bytes(other.read_bytes())
    at(tmp_path / "alone", plan.points[2]).write_bytes(other.read_bytes())
    at(tmp_path / "cohort", plan.points[2]).write_bytes(other.read_bytes())
    found = list(compare(plan, tmp_path, ["cohort"]))

    assert [each.equal for each in found] == [False, True, True]
    assert found[0].apart > 0


@pytest.mark.parametrize("how", ["grouped", "vmap"])
def test_networks_trained_together_move_as_alone(how: str, plan: Any):
    """In double precision the weights after a few steps are those of each network alone; a loss moves its own only."""
    import masks_together
    import torch
    from masks_together import HOW

    from tunebook.tasks.binary_segmentation.config import Config
    from tunebook.tasks.binary_segmentation.losses import loss
    from tunebook.tasks.binary_segmentation.networks import build

    configs = [Config.model_validate(each.values) for each in plan.configurations(plan.points)]
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 16, 16)))
    masks = images[:, 0] > 1
    forward, parameters, weights = HOW[how](configs[0], 3, seed=0, device="cpu", dtype=torch.float64)
    masks_together.step(forward, [loss(config.loss) for config in configs], images, masks)
    torch.optim.SGD(parameters, lr=0.1).step()

    for config, found in zip(configs, weights(), strict=True):
        network = build(config.model, seed=0).network.double()
        loss(config.loss)(network(images)[:, 0], masks).backward()
        for name, alone in network.named_parameters():
            torch.testing.assert_close(found[name], alone.detach() - 0.1 * alone.grad, rtol=1e-4, atol=1e-6)


def test_several_in_a_step_come_near_training_alone(plan: Any, tmp_path: Path):
    """Four steps of three networks, two in a step and the last by itself, end where each ends alone, but for rounding.

    AdamW's first steps are as large where the gradient is tiny, so that rounding turns some of them.
    """
    from masks import compare
    from masks_ways import trainer

    for way in ("alone", "grouped 2"):
        (tmp_path / way).mkdir()
        trainer(way)(plan, plan.points, tmp_path / way)

    assert max(each.apart for each in compare(plan, tmp_path, ["grouped 2"])) < 3e-3


def test_the_plain_loop_has_the_same_network_and_loss(plan: Any):
    """With Tunebook's weights its logits are Tunebook's, and so is its loss."""
    import masks_loop
    import torch

    from tunebook.tasks.binary_segmentation.config import Config
    from tunebook.tasks.binary_segmentation.losses import loss
    from tunebook.tasks.binary_segmentation.networks import build

    images = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32))
    masks = (images[:, 0] > 1).float()
    for point in plan.points:
        job = plan.job(point)
        config = Config.model_validate(plan.configurations([point])[0].values)
        ours, theirs = build(config.model, seed=0), masks_loop.UNet(job.width, job.depth)
        theirs.load_state_dict(ours.network.state_dict())
        logits = theirs(images)

        torch.testing.assert_close(logits, ours(images))
        torch.testing.assert_close(masks_loop.loss(logits[:, 0], masks, job), loss(config.loss)(logits[:, 0], masks))


def test_the_plain_loop_reads_tiles_as_the_task_does(plan: Any):
    """As many tiles of -2..2 and their masks; two epochs of them train a network that stays finite."""
    import masks_loop
    import torch

    job = plan.job(plan.points[1])
    tiles = masks_loop.Drawn(job)
    pixels, mask = tiles[0]

    assert len(tiles) == 6
    assert pixels.shape == (3, 32, 32)
    assert -2 <= pixels.min() < pixels.max() <= 2
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    assert all(torch.isfinite(each).all() for each in masks_loop.train(job).parameters())


# Tables -----------------------------------------------------------------------------------------------


def measured(way: str, cpu: float, *, round: int = 0, processes: int = 1) -> Any:
    from masks_tables import Measured

    return Measured(way, round, 2, 10, processes, 2 * cpu, cpu, cpu, cpu / 2, 100.0)


def test_ratios_are_taken_round_by_round():
    """A round that is slow for all changes no ratio; the range over rounds stands beside the median."""
    from masks_tables import seconds, titles

    found = [
        measured(way, cpu * slow, round=number)
        for number, slow in enumerate((1, 3, 1))
        for way, cpu in (("processes", 8.0), ("loop", 4.0), ("cohort", 1.0 + number))
    ]
    cohort = next(line for line in seconds(found, titles([2])) if "cohort" in line)

    assert "| 4 (2.67 to 8) | 4 (2.67 to 8) | 2 (1.33 to 4) |" in cohort


@pytest.mark.parametrize(("second", "says"), [(1.6, "pays"), (2.4, "does not pay")])
def test_co_training_pays_where_it_takes_less_in_every_round(second: float, says: str):
    """One round in which a cohort is faster is enough not to say so."""
    from masks_tables import titles, verdict

    found = [measured("cohort", 2.0, round=number) for number in (0, 1)]
    found += [measured("grouped 2", cpu, round=number) for number, cpu in enumerate((1.6, second))]

    assert [
        line.startswith(f"- grouped, 2 in a step {says} on cpu") for line in verdict(found, "cpu", titles([2]))
    ] == [True]


def test_one_round_decides_nothing():
    """However much less it takes."""
    from masks_tables import titles, verdict

    (line,) = verdict([measured("cohort", 9.0), measured("vmap 2", 1.0)], "cpu", titles([2]))

    assert "is not decided by one round on cpu" in line


# Forest -----------------------------------------------------------------------------------------------


def test_the_forest_learns_what_its_colours_say():
    """A bright square on dark ground is found: average precision and Dice near 1; without it, they say nothing."""
    from masks_forest import features, fitted, parsed, probability, scored

    from tunebook.tasks.binary_segmentation.counts import histogram

    truth = np.zeros((48, 40), bool)
    truth[10:30, 12:28] = True
    image = np.random.default_rng(0).integers(0, 90, (48, 40, 3)).astype(np.uint8) + np.uint8(120) * truth[..., None]
    options = parsed(["--data", ".", "--pixels", "600", "--trees", "5", "--jobs", "1"])
    x = features(image)
    found = probability(fitted([(x, truth)], seed=0, options=options), x, truth.shape)
    counts = [histogram(found, truth), histogram(found, np.zeros_like(truth))]
    said = scored(counts, split="val", seed=0, threshold=100)

    assert x.shape == (48 * 40, 48)
    assert found.dtype == np.uint8
    assert said.mean["AP"] > 0.99
    assert said.mean["Dice at 0.5"] > 0.95
    assert said.pooled["Dice at 0.5"] < said.mean["Dice at 0.5"]


@pytest.mark.slow
def test_the_forest_prints_both_splits(pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Two lines for val, two for test, and every measurement is written."""
    from masks_forest import main

    words = ["--pixels", "300", "--trees", "3", "--jobs", "1", "--seeds", "0", "1"]
    main(["--data", str(pages), *words, "--json", str(tmp_path / "found.json")])
    printed, written = capsys.readouterr().out, json.loads((tmp_path / "found.json").read_text())

    assert printed.count("| val | 1 |") == printed.count("| test | 1 |") == 2
    assert [(each["split"], each["seed"]) for each in written["found"]] == [
        ("val", 0), ("test", 0), ("val", 1), ("test", 1),
    ]  # fmt: skip


# Whole ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_ways_run_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Every way prints its line, the cohort's weights are those of training alone, and every measurement is written."""
    from masks import main

    small = {"rounds": 1, "epochs": 1, "number": 2, "scans": 1, "size": 64, "tile": 32, "tiles": 2, "width": 4}
    options = [word for name, value in small.items() for word in (f"--{name}", str(value))]
    main([*options, "--depth", "2", "--together", "2", "--json", str(tmp_path / "found.json")])
    printed, written = capsys.readouterr().out, json.loads((tmp_path / "found.json").read_text())

    assert "| plain loop, a process each | 2 |" in printed
    assert "| **Tunebook's cohort** | 2 of 2 | 0.0e+00 |" in printed
    assert {each["way"] for each in written["found"]} == {
        "cohort", "alone", "loop", "processes", "grouped 2", "vmap 2",
    }  # fmt: skip

"""How many numbers are trained, and the page that says so."""

import runpy
from pathlib import Path

import pytest

from tunebook.tasks.promptable_segmentation.sam import SIZES
from tunebook.train.adapters import AdaptFormer, Fact, Frozen, Full, Lora, Method

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "counts.py"))
LATE = (6, 7, 8, 9, 10, 11)

ENCODER: list[tuple[Method, int]] = [
    *((Lora(rank=rank), 36_864 * rank) for rank in (1, 2, 4, 8, 16, 32, 64)),
    (Lora(rank=4, targets=("q", "k", "v")), 221_184),
    (Lora(rank=4, blocks=(11,)), 12_288),
    (Lora(rank=32, targets=("q", "k", "v", "mlp"), blocks=LATE), 6 * 393_216),
    (Fact(rank=1), 18_456),
    (Fact(rank=2), 36_960),
    (Fact(rank=4), 74_112),
    (Fact(rank=8), 148_992),
    (Fact(rank=16), 301_056),
    (Fact(rank=32), 614_400),
    (AdaptFormer(projection=64), 1_189_644),
    (AdaptFormer(projection=128), 2_370_060),
    (AdaptFormer(projection=256), 4_730_892),
    *((AdaptFormer(projection=p, scale=0.1), 12 * (2 * 768 * p + p + 768)) for p in (64, 128, 256)),
    (Full(blocks=LATE), 42_573_568),
    (Full(blocks=(11,)), 7_104_128),
    (Full(), 89_670_912),
    (Frozen(), 0),
]
"""What micro-sam 1.8.10 trains in the encoder of vit_b, counted by running it."""

MILLIONS: list[tuple[Method, float]] = [
    (Full(), 104.76),
    (Frozen(), 15.09),
    (Lora(rank=32), 16.27),
    (Lora(rank=32, blocks=LATE), 15.68),
    (Lora(rank=32, blocks=LATE, targets=("q", "k", "v", "mlp")), 17.45),
    (Full(blocks=LATE), 57.67),
    (Full(blocks=(9, 10, 11)), 36.38),
    (Full(blocks=(11,)), 22.2),
]
"""What peft-sam's figures give for vit_b with the automatic decoder (scripts/plotting/plot_param_vs_memory.py)."""


@pytest.mark.parametrize(("method", "encoder"), ENCODER, ids=str)
def test_vit_b_trains_as_many_numbers_as_micro_sam(method, encoder):
    """In the encoder; prompt encoder, mask decoder and automatic decoder are trained by every method."""
    decoders = encoder + 6_220 + 4_058_340

    assert SCRIPT["counts"](SIZES["vit_b"], method) == (encoder, decoders, decoders + 11_028_931)


@pytest.mark.parametrize(("method", "millions"), MILLIONS, ids=str)
def test_vit_b_trains_as_many_numbers_as_published(method, millions):
    """With the automatic decoder, to the digits of the figures."""
    assert SCRIPT["counts"](SIZES["vit_b"], method)[2] / 1e6 == pytest.approx(millions, abs=0.0051)


def test_the_page_holds_the_tables():
    """Every number of docs/adapters.md is counted in a model."""
    assert SCRIPT["current"]() == SCRIPT["tables"](), "run .venv/bin/python scripts/counts.py"


def test_a_number_that_was_typed_is_found(tmp_path, monkeypatch):
    """The comparison can fail, and writing mends it; the text around the tables stays."""
    page = tmp_path / "adapters.md"
    page.write_text(SCRIPT["PAGE"].read_text().replace("| 36,864 |", "| 36,865 |"))
    monkeypatch.setitem(SCRIPT["current"].__globals__, "PAGE", page)

    assert SCRIPT["current"]() != SCRIPT["tables"]()

    SCRIPT["main"]()

    assert page.read_text() == (ROOT / "docs" / "adapters.md").read_text()

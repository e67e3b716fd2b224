"""Write the tables of docs/adapters.md: how many numbers each way to adapt a model trains.

Counted in models without memory (torch's meta device), so in seconds on any machine.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

import torch

from tunebook.tasks.promptable_segmentation.sam import SIZES, Size, blank
from tunebook.train import adapters
from tunebook.train.adapters import AdaptFormer, Fact, Frozen, Full, Lora, Method, Nothing

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "adapters.md"
START = "<!-- tables: written by scripts/counts.py -->\n"
END = "<!-- end of tables -->"
TITLES = {"vit_b": "SAM's smallest published size", "small": "the size that ships"}


def methods(depth: int) -> Iterator[tuple[str, str, Method]]:
    """Name in a study, its settings, and the method, for an encoder of `depth` blocks."""
    late = tuple(range(depth // 2, depth))
    last = (depth - 1,)
    for rank in (1, 2, 4, 8, 16, 32, 64):
        yield "lora", f"rank {rank}", Lora(rank=rank)
    yield "lora", "rank 4, targets q, k, v", Lora(rank=4, targets=("q", "k", "v"))
    yield "lora", "rank 4, targets q, k, v, proj, mlp", Lora(rank=4, targets=("q", "k", "v", "proj", "mlp"))
    yield "lora", f"rank 32, {_named(late)}", Lora(rank=32, blocks=late)
    wide = Lora(rank=32, blocks=late, targets=("q", "k", "v", "mlp"))
    yield "lora", f"rank 32, targets q, k, v, mlp, {_named(late)}", wide
    for rank in (1, 2, 4, 8, 16, 32):
        yield "fact", f"rank {rank}", Fact(rank=rank)
    for width in (64, 128, 256):
        yield "adaptformer", f"projection {width}", AdaptFormer(projection=width)
        yield "adaptformer", f"projection {width}, scale 0.1", AdaptFormer(projection=width, scale=0.1)
    yield "frozen", "", Frozen()
    yield "full", _named(last), Full(blocks=last)
    yield "full", _named(late), Full(blocks=late)
    yield "full", "", Full()
    yield "none", "", Nothing()


@functools.cache
def counts(size: Size, method: Method) -> tuple[int, int, int]:
    """Trained numbers: in the encoder; with prompt encoder and mask decoder; with the automatic decoder too."""
    model = blank(size, automatic=True)
    adapters.apply(model, method, generator=torch.Generator())
    assert model.automatic_decoder is not None
    whole = adapters.count(model)
    return adapters.count(model.vision_encoder), whole - adapters.count(model.automatic_decoder), whole


def tables() -> str:
    """Both tables, as the page holds them."""
    return "\n".join(line for name in TITLES for line in _table(name))


def current() -> str:
    """The tables that the page holds now."""
    return PAGE.read_text().split(START)[1].split(END)[0]


def _table(name: str) -> Iterator[str]:
    size = SIZES[name]
    yield f"### {name}: {TITLES[name]}"
    yield ""
    yield "| method | settings | encoder | with decoders | with automatic decoder |"
    yield "|---|---|---|---|---|"
    for method, settings, adapter in methods(size.depth):
        yield f"| {method} | {settings} | " + " | ".join(f"{count:,}" for count in counts(size, adapter)) + " |"
    yield ""


def _named(blocks: tuple[int, ...]) -> str:
    return f"blocks {blocks[0]} to {blocks[-1]}" if len(blocks) > 1 else f"block {blocks[0]}"


def main() -> None:
    before, rest = PAGE.read_text().split(START)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{START}{tables()}{END}{after}")


if __name__ == "__main__":
    main()

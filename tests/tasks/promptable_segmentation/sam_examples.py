"""A Segment-Anything of the smallest useful size, for the tests beside this file."""

import torch

from tunebook.tasks.promptable_segmentation.sam import Sam, Size, build

TINY = Size(
    image_size=64,
    patch=8,
    width=32,
    depth=2,
    heads=2,
    window=3,  # does not divide the grid of 8, so windows are padded
    global_blocks=(1,),
    prompt_width=32,
    decoder_heads=2,
    decoder_mlp=64,
    iou_hidden=32,
    automatic="light",
    automatic_features=(8, 8, 8, 8),
    automatic_stem=4,
)


def numbers(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny(*, automatic: bool = False, seed: int = 0) -> Sam:
    """The tiny model with every tensor away from zero, so that each of them matters."""
    model = build(TINY, generator=numbers(seed), automatic=automatic)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(torch.randn(tensor.shape, generator=numbers(tensor.numel())), alpha=0.2)
    return model

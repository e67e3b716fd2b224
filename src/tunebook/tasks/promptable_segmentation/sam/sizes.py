"""The sizes in which Segment-Anything is built; every number of an architecture stands here."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Size:
    """One architecture.

    Args:
        image_size: Side of the square input, in pixels.
        patch: Side of a patch, in pixels; the token grid is `image_size / patch` wide.
        width: Channels of the image encoder.
        depth: Blocks of the image encoder.
        heads: Attention heads of the image encoder.
        mlp_ratio: Hidden units of a block's MLP per channel.
        window: Side of an attention window, in tokens.
        global_blocks: Blocks (from 0) that attend to the whole grid instead of windows.
        prompt_width: Channels of image embedding, prompts and mask decoder.
        mask_channels: Channels in which a mask prompt is embedded before it reaches `prompt_width`.
        decoder_depth: Two-way blocks of the mask decoder.
        decoder_heads: Attention heads of the mask decoder.
        decoder_mlp: Hidden units of its MLPs.
        iou_hidden: Hidden units of the head that predicts the quality of a mask.
        iou_depth: Layers of that head.
        automatic: Which decoder segments without prompts: `unetr` as in micro-sam, `light` for small images.
        automatic_features: Its channels, coarse to fine.
        automatic_stem: Channels in which `light` looks at the image itself, at full resolution; 0: it does not look.
    """

    image_size: int = 1024
    patch: int = 16
    width: int
    depth: int
    heads: int
    mlp_ratio: int = 4
    window: int = 14
    global_blocks: tuple[int, ...]
    prompt_width: int = 256
    mask_channels: int = 16
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_mlp: int = 2048
    iou_hidden: int = 256
    iou_depth: int = 3
    automatic: Literal["unetr", "light"] = "unetr"
    automatic_features: tuple[int, ...] = (512, 256, 128, 64)
    automatic_stem: int = 0

    @property
    def grid(self) -> int:
        """Side of the token grid."""
        return self.image_size // self.patch

    @property
    def mask_size(self) -> int:
        """Side of a predicted mask, in pixels: four times the token grid."""
        return 4 * self.grid


SIZES = {
    "small": Size(
        image_size=128,
        patch=8,
        width=96,
        depth=6,
        heads=3,
        window=8,
        global_blocks=(2, 5),
        prompt_width=64,
        decoder_heads=4,
        decoder_mlp=256,
        iou_hidden=64,
        automatic="light",
        automatic_features=(64, 32, 16, 8),
        automatic_stem=8,
    ),
    "vit_b": Size(width=768, depth=12, heads=12, global_blocks=(2, 5, 8, 11)),
    "vit_l": Size(width=1024, depth=24, heads=16, global_blocks=(5, 11, 17, 23)),
    "vit_h": Size(width=1280, depth=32, heads=16, global_blocks=(7, 15, 23, 31)),
}

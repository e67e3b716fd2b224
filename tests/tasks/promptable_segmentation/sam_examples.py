"""A Segment-Anything of the smallest useful size, for the tests beside this file."""

import re

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

HEADS = r"(hypernetworks_mlps\.\d|iou_prediction_head)"
TO_SEGMENT_ANYTHING = (
    (HEADS + r"\.proj_out", r"\1.layers.2"),
    (HEADS + r"\.layers\.0", r"\1.layers.1"),
    (HEADS + r"\.proj_in", r"\1.layers.0"),
    (r"vision_encoder\.layers\.(\d)\.layer_norm", r"image_encoder.blocks.\1.norm"),
    (r"vision_encoder\.layers", "image_encoder.blocks"),
    (r"neck\.conv1", "neck.0"),
    (r"neck\.layer_norm1", "neck.1"),
    (r"neck\.conv2", "neck.2"),
    (r"neck\.layer_norm2", "neck.3"),
    (r"vision_encoder\.patch_embed\.projection", "image_encoder.patch_embed.proj"),
    (r"vision_encoder", "image_encoder"),
    (r"shared_image_embedding\.positional_embedding", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    (r"\.point_embed\.", ".point_embeddings."),
    (r"mask_embed\.conv1", "mask_downscaling.0"),
    (r"mask_embed\.layer_norm1", "mask_downscaling.1"),
    (r"mask_embed\.conv2", "mask_downscaling.3"),
    (r"mask_embed\.layer_norm2", "mask_downscaling.4"),
    (r"mask_embed\.conv3", "mask_downscaling.6"),
    (r"layer_norm_final_attn", "norm_final_attn"),
    (r"transformer\.layers\.(\d)\.layer_norm", r"transformer.layers.\1.norm"),
    (r"upscale_conv1", "output_upscaling.0"),
    (r"upscale_layer_norm", "output_upscaling.1"),
    (r"upscale_conv2", "output_upscaling.3"),
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


def segment_anything(state):
    """The base under segment-anything's names."""
    renamed = {}
    for name, tensor in state.items():
        if name.startswith(("automatic_decoder", "prompt_encoder.shared_embedding")):
            continue
        for pattern, replacement in TO_SEGMENT_ANYTHING:
            name = re.sub(pattern, replacement, name)  # noqa: PLW2901  # one rule after the other
        renamed[name] = tensor
    return renamed

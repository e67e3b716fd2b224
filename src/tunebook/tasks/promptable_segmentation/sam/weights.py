"""Weights of Segment-Anything from the files that people have, and under the names that they have there.

    safetensors          transformers' SamModel or a model of ours; or segment-anything's names
    .pth                 segment-anything's state dict
    .pt                  micro-sam and torch-em: {model_state with the prefix `sam.`, decoder_state}
    NAME, NAME_decoder   micro-sam's cache: segment-anything's state dict, and the decoder's in a file of its own

A .pt or .pth file is a pickle, which can run programs; it is read as tensors and plain values only.
"""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tunebook.errors import DataError, Problem
from tunebook.train import checkpoints

AUTOMATIC = "automatic_decoder."
THEIRS = "image_encoder."
"""What segment-anything calls the part that has another name here."""
SHARED = ("shared_image_embedding.positional_embedding", "prompt_encoder.shared_embedding.positional_embedding")

_RENAMED = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"^(vision_encoder)\.blocks\.(\d+)\.norm", r"\1.layers.\2.layer_norm"),
    (r"^(vision_encoder)\.blocks\.", r"\1.layers."),
    (r"\.neck\.0\.", ".neck.conv1."),
    (r"\.neck\.1\.", ".neck.layer_norm1."),
    (r"\.neck\.2\.", ".neck.conv2."),
    (r"\.neck\.3\.", ".neck.layer_norm2."),
    (r"^prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$", SHARED[0]),
    (r"\.point_embeddings\.", ".point_embed."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (r"(transformer\.layers\.\d+)\.norm", r"\1.layer_norm"),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
    (r"((?:hypernetworks_mlps\.\d+|iou_prediction_head))\.layers\.0\.", r"\1.proj_in."),
)
"""From segment-anything's names to ours, applied in this order. The last layer of a head is `_renamed`'s."""

_BACK = (
    (r"^vision_encoder\.layers\.(\d+)\.layer_norm", r"image_encoder.blocks.\1.norm"),
    (r"^vision_encoder\.layers\.", "image_encoder.blocks."),
    (r"^vision_encoder\.", "image_encoder."),
    (r"patch_embed\.projection\.", "patch_embed.proj."),
    (r"\.neck\.conv1\.", ".neck.0."),
    (r"\.neck\.layer_norm1\.", ".neck.1."),
    (r"\.neck\.conv2\.", ".neck.2."),
    (r"\.neck\.layer_norm2\.", ".neck.3."),
    (rf"^{re.escape(SHARED[0])}$", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    (r"\.point_embed\.", ".point_embeddings."),
    (r"\.mask_embed\.conv1\.", ".mask_downscaling.0."),
    (r"\.mask_embed\.layer_norm1\.", ".mask_downscaling.1."),
    (r"\.mask_embed\.conv2\.", ".mask_downscaling.3."),
    (r"\.mask_embed\.layer_norm2\.", ".mask_downscaling.4."),
    (r"\.mask_embed\.conv3\.", ".mask_downscaling.6."),
    (r"(transformer\.layers\.\d+)\.layer_norm(\d)", r"\1.norm\2"),
    (r"\.layer_norm_final_attn\.", ".norm_final_attn."),
    (r"\.upscale_conv1\.", ".output_upscaling.0."),
    (r"\.upscale_layer_norm\.", ".output_upscaling.1."),
    (r"\.upscale_conv2\.", ".output_upscaling.3."),
)
"""The way back, applied in this order; the layers of a head are `_named_back`'s."""
_HEAD = r"(.*(?:hypernetworks_mlps\.\d+|iou_prediction_head))\."


def read(path: Path, *, decoder: Path | None = None) -> dict[str, Tensor]:
    """Tensors under our names, on the CPU; those of the automatic decoder too, where the file has them.

    Args:
        decoder: A file that holds the automatic decoder alone.

    Raises:
        DataError: when the file is missing, broken, of another format, or would have to be unpickled.
    """
    if path.suffix == ".safetensors":
        found, _ = checkpoints.load(path)
        if any(name.startswith(THEIRS) for name in found):
            found = _from_state(found, path)
    else:
        found = _from_state(_unpickled(path), path)
    for one, other in (SHARED, SHARED[::-1]):
        if one in found:
            found.setdefault(other, found[one])
    if not any(name.startswith("vision_encoder.layers.") for name in found):
        raise DataError(Problem(str(path), f"must hold weights of Segment-Anything; got tensors {_some(found)}"))
    return found if decoder is None else found | _decoder(decoder)


def segment_anything(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A model's tensors under segment-anything's names: what `read` turns back into the same; no automatic decoder.

    Args:
        tensors: Under our names, as a model's state dict.
    """
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(AUTOMATIC) and name != SHARED[1]}
    between: dict[str, int] = {}
    for name in own:
        if head := re.match(rf"{_HEAD}layers\.(\d+)\.", name):
            between[head[1]] = max(between.get(head[1], 0), int(head[2]) + 1)
    return {_named_back(name, between): tensor for name, tensor in own.items()}


def automatic_decoder(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of the automatic decoder, under the names that micro-sam gives them; empty where the model has none."""
    return {name.removeprefix(AUTOMATIC): tensor for name, tensor in tensors.items() if name.startswith(AUTOMATIC)}


def _named_back(name: str, between: Mapping[str, int]) -> str:
    for pattern, replacement in _BACK:
        name = re.sub(pattern, replacement, name)
    if head := re.match(rf"{_HEAD}(proj_in|proj_out|layers\.\d+)\.(\w+)$", name):
        module, layer, kind = head[1], head[2], head[3]
        last = between.get(module, 0) + 1
        at = {"proj_in": 0, "proj_out": last}.get(layer)
        return f"{module}.layers.{int(layer.removeprefix('layers.')) + 1 if at is None else at}.{kind}"
    return name


def _decoder(path: Path) -> dict[str, Tensor]:
    state = _unpickled(path)
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise DataError(Problem(str(path), f"must hold the tensors of a decoder; got {type(state).__name__}"))
    return {f"{AUTOMATIC}{name}": tensor for name, tensor in state.items()}


def _unpickled(path: Path) -> Any:
    """What torch.save wrote, if it is made of tensors and plain values."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(Problem(str(path), "must be a file of weights; there is none")) from None
    except pickle.UnpicklingError as error:
        hint = (
            "if you trust its origin, load it with torch.load(FILE, weights_only=False) and save "
            "its model_state and decoder_state alone, as one dict, with torch.save"
        )
        raise DataError(Problem(str(path), "must hold tensors and plain values only", hint)) from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise DataError(Problem(str(path), f"must be a whole file of torch.save; {error}")) from error


def _from_state(state: Any, path: Path) -> dict[str, Tensor]:
    if not isinstance(state, dict):
        raise DataError(Problem(str(path), f"must hold a state dict; got {type(state).__name__}"))
    decoder = state.get("decoder_state", {})
    model = state.get("model_state", state)
    tensors = {str(name).removeprefix("sam."): tensor for name, tensor in model.items() if isinstance(tensor, Tensor)}
    depth = _depths(tensors)
    named = {_renamed(name, depth): tensor for name, tensor in tensors.items()}
    return named | {AUTOMATIC + name: tensor for name, tensor in decoder.items()}


def _renamed(name: str, depths: Mapping[str, int]) -> str:
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    if head := re.match(r"(.*(?:hypernetworks_mlps\.\d+|iou_prediction_head))\.layers\.(\d+)\.(\w+)$", name):
        module, layer, kind = head[1], int(head[2]), head[3]
        # Ours count the layers between the first and the last one.
        return f"{module}.proj_out.{kind}" if layer == depths[module] else f"{module}.layers.{layer - 1}.{kind}"
    return name


def _depths(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """The last layer of each head."""
    depths: dict[str, int] = {}
    for name in tensors:
        if head := re.match(r"(.*(?:hypernetworks_mlps\.\d+|iou_prediction_head))\.layers\.(\d+)\.", name):
            depths[head[1]] = max(depths.get(head[1], 0), int(head[2]))
    return depths


def _some(names: Any, shown: int = 3) -> str:
    names = list(names)
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest if names else "none"

"""What stands in the README of an exported model: how it is loaded, and what it was trained to see."""

from collections.abc import Mapping

from tunebook.records import Settings
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.sam import SIZES, Size

NORMALISED = {
    "percentile": "its 1st percentile becomes 0 and its 99.8th 255, beyond them it is clipped",
    "minmax": "its lowest value becomes 0 and its highest 255",
    "none": "as it is, 0 to 255",
}


def of_sam(config: Config, settings: Mapping[str, Settings], *, decoder: bool) -> str:
    """How the merged model is used, as Markdown."""
    size = SIZES[config.model.size]
    usual = config.model.size != "small"
    parts = [_plain(config.model.size) if usual else _built(size), _seen(config, size)]
    if decoder:
        parts.append(_automatic(config.model.size, usual=usual))
    if "ais" in settings:
        values = ", ".join(f"{name} {value}" for name, value in settings["ais"].values.items())
        parts.append(f"Post-processing of the automatic decoder's maps, chosen on {settings['ais'].split}: {values}.")
    file = "model_with_decoder.pt" if decoder else "model.pth"
    parts.append(f"A further study starts from it with `model: {{size: {config.model.size}, weights: file:{file}}}`.")
    return "\n\n".join(["## Use", *parts]) + "\n"


def of_adapter(config: Config) -> str:
    """How what was trained is used, as Markdown."""
    return f"""## Use

`adapter.safetensors` holds the tensors that were trained, under the names of transformers' SamModel: the decoders, and
what was added to the image encoder or trained of it (`adapter.json` says which adapter, its numbers, and the sha256 of
the weights that it belongs to, {config.model.weights}).

```python
from safetensors.torch import load_file

tensors = load_file("adapter.safetensors")
```

| tensors | what they are |
|---|---|
| `attn.qkv.a.q`, `attn.qkv.b.q` | lora: q(x) = base_q(x) + scale · b a x; likewise k, v, `proj`, `mlp` |
| `attn.qkv.u`, `core_q`, `core_v`, `v` | fact: q(x) = base_q(x) + v core_q u x, v(x) = base_v(x) + v core_v u x |
| `mlp.down`, `up`, `down_bias`, `up_bias`, `scale` | adaptformer: MLP(x) + scale · (up relu(down x + …) + …) |
| others | tensors of the model itself, trained |

`tunebook export … --format sam` writes the whole model, with the adapter merged where it can be.
"""


def _plain(name: str) -> str:
    return f"""With segment-anything, and with what builds on it, such as micro-sam's `checkpoint_path`:

```python
from segment_anything import SamPredictor, sam_model_registry

sam = sam_model_registry["{name}"](checkpoint="model.pth")
predictor = SamPredictor(sam)
```"""


def _built(size: Size) -> str:
    """A size that no registry has is built from its numbers."""
    return f"""The model is smaller than those that segment-anything names, so it is built from its numbers:

```python
import functools

import torch
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

norm = functools.partial(torch.nn.LayerNorm, eps=1e-6)
sides, grid = ({size.image_size}, {size.image_size}), ({size.grid}, {size.grid})
encoder = ImageEncoderViT(
    img_size={size.image_size}, patch_size={size.patch}, embed_dim={size.width}, depth={size.depth},
    num_heads={size.heads}, mlp_ratio={size.mlp_ratio}, out_chans={size.prompt_width}, norm_layer=norm,
    use_rel_pos=True, window_size={size.window}, global_attn_indexes={size.global_blocks},
)
prompts = PromptEncoder({size.prompt_width}, grid, sides, {size.mask_channels})
two_way = TwoWayTransformer({size.decoder_depth}, {size.prompt_width}, {size.decoder_heads}, {size.decoder_mlp})
masks = MaskDecoder(
    transformer_dim={size.prompt_width}, transformer=two_way,
    iou_head_depth={size.iou_depth}, iou_head_hidden_dim={size.iou_hidden},
)
sam = Sam(encoder, prompts, masks)
sam.load_state_dict(torch.load("model.pth", weights_only=True))
sam.eval()
```"""


def _seen(config: Config, size: Size) -> str:
    window = config.crop or size.image_size
    shown = "" if window == size.image_size else f", enlarged to {size.image_size}"
    return (
        f"It was trained on windows of {window} pixels{shown}: show it parts of that size, not a large image made "
        f"small. An image is normalised as a whole before: {NORMALISED[config.data.normalize]}."
    )


def _automatic(name: str, *, usual: bool) -> str:
    if not usual:
        return (
            "`model_with_decoder.pt` holds `model_state` and `decoder_state`. The decoder of this size is Tunebook's "
            "own and not micro-sam's: `tunebook predict` applies it, and a further study starts from it."
        )
    return f"""With micro-sam, which finds all objects with the decoder:

```python
from micro_sam.automatic_segmentation import get_predictor_and_segmenter

predictor, segmenter = get_predictor_and_segmenter(model_type="{name}", checkpoint="model_with_decoder.pt")
```"""

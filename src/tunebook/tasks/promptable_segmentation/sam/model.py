"""Segment-Anything whole: an image is encoded once, then any number of prompts are decoded against it.

Parameter names and shapes are those of transformers' SamModel, so weights pass between the two without a map. The
decoder for automatic segmentation is an addition under a name of its own.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from tunebook.tasks.promptable_segmentation.sam import automatic as automatic_decoders
from tunebook.tasks.promptable_segmentation.sam.image_encoder import VisionEncoder
from tunebook.tasks.promptable_segmentation.sam.mask_decoder import MaskDecoder
from tunebook.tasks.promptable_segmentation.sam.prompt_encoder import PositionalEmbedding, PromptEncoder
from tunebook.tasks.promptable_segmentation.sam.sizes import Size

PIXEL_MEAN = (123.675, 116.28, 103.53)
PIXEL_STD = (58.395, 57.12, 57.375)


class Sam(nn.Module):
    """Segment-Anything of one size; made by `build`."""

    def __init__(self, size: Size, *, automatic: bool) -> None:
        super().__init__()
        self.size = size
        self.shared_image_embedding = PositionalEmbedding(size.prompt_width)
        self.vision_encoder = VisionEncoder(size)
        self.prompt_encoder = PromptEncoder(size, self.shared_image_embedding)
        self.mask_decoder = MaskDecoder(size)
        self.automatic_decoder = automatic_decoders.decoder(size) if automatic else None

    def encode(self, images: Float[Tensor, "batch 3 h w"]) -> Float[Tensor, "batch c gh gw"]:
        """Embeddings of images that `normalise` made, of the model's input size."""
        embeddings: Tensor = self.vision_encoder(images)
        return embeddings

    def decode(
        self,
        embeddings: Float[Tensor, "batch c gh gw"],
        *,
        image_of: Int[Tensor, " objects"] | None = None,
        points: Float[Tensor, "objects n 2"] | None = None,
        labels: Int[Tensor, "objects n"] | None = None,
        boxes: Float[Tensor, "objects 4"] | None = None,
        masks: Float[Tensor, "objects 1 4*gh 4*gw"] | None = None,
        has_mask: Bool[Tensor, " objects"] | None = None,
    ) -> tuple[Float[Tensor, "objects 4 4*gh 4*gw"], Float[Tensor, "objects 4"]]:
        """Masks of objects from their prompts, all objects of all images in one batch.

        Args:
            embeddings: What `encode` made.
            image_of: The image of each object; None when object i belongs to image i.
            points: (x, y) in pixels of the model's input.
            labels: 1 on the object, 0 beside it, -1 for a place in the array that holds no point.
            boxes: (left, top, right, bottom) in pixels of the model's input.
            masks: Logits of an earlier mask.
            has_mask: Which objects have one; None: all, when there are masks.

        Returns:
            Mask logits, and the predicted IoU of each mask with its object. Index 0 answers an unambiguous prompt (a
            box, several points), indices 1 to 3 are the candidates for a single point.
        """
        prompts = self.prompt_encoder.sparse(points, labels, boxes)
        dense = self.prompt_encoder.dense(masks, has_mask)
        image = embeddings.flatten(2).transpose(1, 2)  # (batch, tokens, c)
        if len(dense) == 1 and masks is None:
            image = image + dense  # the same for every object of an image, so added before images are repeated
            image = image if image_of is None else image[image_of]
        else:
            image = (image if image_of is None else image[image_of]) + dense
        decoded: tuple[Tensor, Tensor] = self.mask_decoder(
            image, self.shared_image_embedding.grid(self.size.grid), prompts
        )
        return decoded

    def maps(
        self, embeddings: Float[Tensor, "batch c gh gw"], images: Float[Tensor, "batch 3 h w"]
    ) -> Float[Tensor, "batch 3 h w"]:
        """Foreground, centre distance and boundary distance in [0, 1], from the automatic decoder.

        Args:
            embeddings: What `encode` made.
            images: The images that were encoded.
        """
        assert self.automatic_decoder is not None, "the model was built without an automatic decoder"
        maps: Tensor = self.automatic_decoder(embeddings, images)
        return maps


def normalise(images: Float[Tensor, "batch 3 h w"]) -> Float[Tensor, "batch 3 h w"]:
    """Images in 0 to 255 to those that `encode` takes: the channel means and deviations of SAM's training."""
    mean = images.new_tensor(PIXEL_MEAN)[:, None, None]
    return (images - mean) / images.new_tensor(PIXEL_STD)[:, None, None]


def build(size: Size, *, generator: torch.Generator, automatic: bool) -> Sam:
    """A new model on the CPU whose every tensor is drawn from `generator`.

    The automatic decoder comes last, so the rest is the same with and without it.
    """
    with torch.device("meta"):
        model = Sam(size, automatic=automatic)
    model.to_empty(device="cpu")
    with torch.no_grad():
        for name, module in model.named_modules():
            _initialise(module, vision=name.startswith("vision_encoder.") and ".neck" not in name, generator=generator)
    return model


def blank(size: Size, *, automatic: bool) -> Sam:
    """A model on the meta device: names and shapes without memory."""
    with torch.device("meta"):
        return Sam(size, automatic=automatic)


def _initialise(module: nn.Module, *, vision: bool, generator: torch.Generator) -> None:
    """Set the tensors that belong to this module itself, as SAM does."""
    match module:
        case nn.LayerNorm() | nn.GroupNorm():
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        case nn.BatchNorm2d():
            module.reset_parameters()  # constants: nothing is drawn
        case nn.Linear() | nn.Conv2d() | nn.ConvTranspose2d() if vision:
            nn.init.trunc_normal_(module.weight, std=0.02, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        case nn.Linear() | nn.Conv2d() | nn.ConvTranspose2d():
            nn.init.kaiming_uniform_(module.weight, a=5**0.5, generator=generator)
            if module.bias is not None:
                bound = module.weight[0].numel() ** -0.5
                module.bias.uniform_(-bound, bound, generator=generator)
        case nn.Embedding():
            module.weight.normal_(generator=generator)
        case PositionalEmbedding():
            module.positional_embedding.normal_(generator=generator)
        case VisionEncoder():
            nn.init.trunc_normal_(module.pos_embed, std=0.02, generator=generator)
        case _:
            for table in (getattr(module, "rel_pos_h", None), getattr(module, "rel_pos_w", None)):
                if table is not None:
                    nn.init.zeros_(table)

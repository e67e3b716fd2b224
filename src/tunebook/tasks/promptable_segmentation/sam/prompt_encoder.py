"""The prompt encoder: points, boxes and masks to vectors.

Coordinates are pixels of the model's input, x before y; half a pixel is added, so that they mean a pixel's centre. A
place becomes sines and cosines of a fixed random projection (https://arxiv.org/abs/2006.10739); a learned vector says
what kind of place it is.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from tunebook.tasks.promptable_segmentation.sam.sizes import Size

NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = range(4)


class PositionalEmbedding(nn.Module):
    """Places in [0, 1]² to vectors. The projection is drawn once and is part of the weights, but never trained."""

    positional_embedding: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("positional_embedding", torch.empty(2, width // 2))

    def forward(self, places: Float[Tensor, "*batch 2"]) -> Float[Tensor, "*batch c"]:
        # Angles reach hundreds of radians: in half precision their sines would mean nothing.
        with torch.autocast(places.device.type, enabled=False):
            angles = 2 * math.pi * ((2 * places - 1) @ self.positional_embedding)
            return torch.cat([angles.sin(), angles.cos()], dim=-1)

    def grid(self, side: int) -> Float[Tensor, "tokens c"]:
        """Vectors of the centres of a grid, row by row."""
        centres = (torch.arange(side, device=self.positional_embedding.device) + 0.5) / side
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        embedding: Tensor = self(torch.stack([x, y], dim=-1).flatten(0, 1))
        return embedding


class PromptEncoder(nn.Module):
    """Prompts of one object each."""

    def __init__(self, size: Size, shared_embedding: PositionalEmbedding) -> None:
        super().__init__()
        self.image_size = size.image_size
        self.shared_embedding = shared_embedding
        self.mask_embed = MaskEmbed(size)
        self.no_mask_embed = nn.Embedding(1, size.prompt_width)
        self.point_embed = nn.ModuleList(nn.Embedding(1, size.prompt_width) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, size.prompt_width)

    def sparse(
        self,
        points: Float[Tensor, "objects n 2"] | None,
        labels: Int[Tensor, "objects n"] | None,
        boxes: Float[Tensor, "objects 4"] | None,
    ) -> Float[Tensor, "objects prompts c"] | None:
        """One vector per point and two per box; None without points and boxes.

        Points without a box are followed by one vector that means "not a point", as in training of the published
        weights.
        """
        vectors = []
        if points is not None:
            assert labels is not None, "points need labels"
            vectors.append(self._points(points, labels))
            if boxes is None:
                vectors.append(self.not_a_point_embed.weight.expand(len(points), 1, -1))
        if boxes is not None:
            vectors.append(self._place(boxes.reshape(-1, 2, 2)) + self._kinds()[TOP_LEFT:])
        return torch.cat(vectors, dim=1) if vectors else None

    def dense(
        self, masks: Float[Tensor, "objects 1 h w"] | None, has_mask: Bool[Tensor, " objects"] | None
    ) -> Float[Tensor, "objects_or_1 tokens_or_1 c"]:
        """What a mask prompt adds to each token of the image; where there is none, the vector that means so."""
        nothing: Tensor = self.no_mask_embed.weight[None]
        if masks is None:
            return nothing
        embedded: Tensor = self.mask_embed(masks)
        return embedded if has_mask is None else torch.where(has_mask[:, None, None], embedded, nothing)

    def _points(self, points: Tensor, labels: Tensor) -> Tensor:
        kinds = self._kinds()[:TOP_LEFT]
        vectors = self._place(points) + kinds[labels.clamp(min=0)]
        return torch.where((labels < 0)[..., None], self.not_a_point_embed.weight, vectors)

    def _place(self, pixels: Tensor) -> Tensor:
        vectors: Tensor = self.shared_embedding((pixels + 0.5) / self.image_size)
        return vectors

    def _kinds(self) -> Float[Tensor, "4 c"]:
        return torch.cat([kind.weight for kind in self.point_embed])  # type: ignore[misc]


class MaskEmbed(nn.Module):
    """Mask logits, four times as fine as the token grid, to one vector per token.

    The convolutions do not overlap, so each is a matrix product on the pixels of one token.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        channels = size.mask_channels
        self.conv1 = nn.Conv2d(1, channels // 4, kernel_size=2, stride=2)
        self.conv2 = nn.Conv2d(channels // 4, channels, kernel_size=2, stride=2)
        self.conv3 = nn.Conv2d(channels, size.prompt_width, kernel_size=1)
        self.layer_norm1 = nn.LayerNorm(channels // 4, eps=1e-6)
        self.layer_norm2 = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, masks: Float[Tensor, "objects 1 h w"]) -> Float[Tensor, "objects tokens c"]:
        objects, _, height, width = masks.shape
        x = masks.reshape(objects, height // 4, 2, 2, width // 4, 2, 2)
        x = x.permute(0, 1, 4, 2, 5, 3, 6).reshape(objects, height * width // 16, 4, 4)  # (…, quarters, pixels)
        x = functional.linear(x, self.conv1.weight.flatten(1), self.conv1.bias)
        x = functional.gelu(self.layer_norm1(x)).flatten(2)  # (objects, tokens, quarters x channels)
        x = functional.linear(x, self.conv2.weight.permute(0, 2, 3, 1).flatten(1), self.conv2.bias)
        x = functional.gelu(self.layer_norm2(x))
        return functional.linear(x, self.conv3.weight[:, :, 0, 0], self.conv3.bias)

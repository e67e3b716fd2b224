"""The mask decoder: image tokens and prompts attend to each other, then four masks and their quality come out."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from tunebook.tasks.promptable_segmentation.sam.sizes import Size

MASKS = 4
"""One mask for an unambiguous prompt, then three for an ambiguous one."""


class MaskDecoder(nn.Module):
    """Masks of objects, each from its own image tokens and prompts."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.prompt_width
        self.grid = size.grid
        self.iou_token = nn.Embedding(1, width)
        self.mask_tokens = nn.Embedding(MASKS, width)
        self.transformer = TwoWayTransformer(size)
        self.upscale_conv1 = nn.ConvTranspose2d(width, width // 4, kernel_size=2, stride=2)
        self.upscale_conv2 = nn.ConvTranspose2d(width // 4, width // 8, kernel_size=2, stride=2)
        self.upscale_layer_norm = nn.LayerNorm(width // 4, eps=1e-6)
        self.output_hypernetworks_mlps = nn.ModuleList(FeedForward(width, width, width // 8, 3) for _ in range(MASKS))
        self.iou_prediction_head = FeedForward(width, size.iou_hidden, MASKS, size.iou_depth)

    def forward(
        self,
        image: Float[Tensor, "objects tokens c"],
        places: Float[Tensor, "tokens c"],
        prompts: Float[Tensor, "objects prompts c"] | None,
    ) -> tuple[Float[Tensor, "objects masks h w"], Float[Tensor, "objects masks"]]:
        """Mask logits and the predicted IoU of each mask with its object."""
        outputs = torch.cat([self.iou_token.weight, self.mask_tokens.weight]).expand(len(image), -1, -1)
        tokens = outputs if prompts is None else torch.cat([outputs, prompts], dim=1)
        tokens, image = self.transformer(tokens, image, places)
        weights = torch.stack([mlp(tokens[:, 1 + i]) for i, mlp in enumerate(self.output_hypernetworks_mlps)], dim=1)
        return self._masks(image, weights), self.iou_prediction_head(tokens[:, 0])

    def _masks(self, image: Float[Tensor, "objects tokens c"], weights: Float[Tensor, "objects masks c_out"]) -> Tensor:
        """Each token becomes 4 x 4 pixels; a mask is a weighted sum of their channels.

        The up-sampling convolutions do not overlap, so each is a matrix product, and only the masks are put in order.
        """
        objects, side = len(image), self.grid
        first, second = self.upscale_conv1, self.upscale_conv2
        assert first.bias is not None
        assert second.bias is not None
        x = functional.linear(image, first.weight.permute(2, 3, 1, 0).flatten(0, 2), first.bias.repeat(4))
        x = functional.gelu(self.upscale_layer_norm(x.reshape(objects, side * side, 4, -1))).flatten(
            1, 2
        )  # (objects, tokens x 4, c)
        kernel = second.weight.permute(1, 2, 3, 0).flatten(0, 2)  # (c_out x 4, c)
        x = kernel.expand(objects, -1, -1) @ x.transpose(1, 2) + second.bias.repeat_interleave(4)[:, None]
        masks = weights @ functional.gelu(x).reshape(objects, weights.shape[-1], -1)  # (objects, masks, 4 x tokens x 4)
        # Put pixels in order by two copies of long rows; one copy would move them two by two.
        masks = masks.reshape(objects, MASKS, 2, 2, side, side, 2, 2).permute(0, 1, 6, 2, 7, 3, 4, 5)
        masks = masks.reshape(objects, MASKS, 4, 4, side, side).permute(0, 1, 4, 2, 5, 3)
        return masks.reshape(objects, MASKS, 4 * side, 4 * side)


class TwoWayTransformer(nn.Module):
    """Prompts and image tokens in turns."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayLayer(size, first=layer == 0) for layer in range(size.decoder_depth))
        self.final_attn_token_to_image = CrossAttention(size, width=size.prompt_width // 2)
        self.layer_norm_final_attn = nn.LayerNorm(size.prompt_width)

    def forward(
        self,
        prompts: Float[Tensor, "objects prompts c"],
        image: Float[Tensor, "objects tokens c"],
        places: Float[Tensor, "tokens c"],
    ) -> tuple[Float[Tensor, "objects prompts c"], Float[Tensor, "objects tokens c"]]:
        queries = prompts
        for layer in self.layers:
            queries, image = layer(queries, image, prompts, places)
        attended = self.final_attn_token_to_image(queries + prompts, image + places, image)
        return self.layer_norm_final_attn(queries + attended), image


class TwoWayLayer(nn.Module):
    """Prompts attend to prompts, prompts to the image, an MLP, and the image to prompts."""

    def __init__(self, size: Size, *, first: bool) -> None:
        super().__init__()
        width = size.prompt_width
        self.first = first
        self.self_attn = CrossAttention(size, width=width)
        self.layer_norm1 = nn.LayerNorm(width, eps=1e-6)
        self.cross_attn_token_to_image = CrossAttention(size, width=width // 2)
        self.layer_norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = ReluMlp(width, size.decoder_mlp)
        self.layer_norm3 = nn.LayerNorm(width, eps=1e-6)
        self.layer_norm4 = nn.LayerNorm(width, eps=1e-6)
        self.cross_attn_image_to_token = CrossAttention(size, width=width // 2)

    def forward(
        self,
        queries: Float[Tensor, "objects prompts c"],
        image: Float[Tensor, "objects tokens c"],
        prompts: Float[Tensor, "objects prompts c"],
        places: Float[Tensor, "tokens c"],
    ) -> tuple[Float[Tensor, "objects prompts c"], Float[Tensor, "objects tokens c"]]:
        if self.first:
            queries = self.self_attn(queries, queries, queries)
        else:
            placed = queries + prompts
            queries = queries + self.self_attn(placed, placed, queries)
        queries = self.layer_norm1(queries)
        placed_image = image + places
        queries = self.layer_norm2(queries + self.cross_attn_token_to_image(queries + prompts, placed_image, image))
        queries = self.layer_norm3(queries + self.mlp(queries))
        image = image + self.cross_attn_image_to_token(placed_image, queries + prompts, queries)
        return queries, self.layer_norm4(image)


class CrossAttention(nn.Module):
    """Multi-head attention in `width` channels."""

    def __init__(self, size: Size, *, width: int) -> None:
        super().__init__()
        self.heads = size.decoder_heads
        self.q_proj = nn.Linear(size.prompt_width, width)
        self.k_proj = nn.Linear(size.prompt_width, width)
        self.v_proj = nn.Linear(size.prompt_width, width)
        self.out_proj = nn.Linear(width, size.prompt_width)

    def forward(
        self,
        query: Float[Tensor, "objects n c"],
        key: Float[Tensor, "objects m c"],
        value: Float[Tensor, "objects m c"],
    ) -> Float[Tensor, "objects n c"]:
        q, k, v = self.q_proj(query), self.k_proj(key), self.v_proj(value)
        attended = self._few_keys(q, k, v) if k.shape[1] < q.shape[1] else self._many_keys(q, k, v)
        out: Tensor = self.out_proj(attended)
        return out

    def _many_keys(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (self._heads(x).transpose(1, 2) for x in (q, k, v))
        return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    def _few_keys(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of all heads by two matrix products per object: keys of other heads are zero in a head's channels.

        With few keys the zeros cost less than many tiny products, one per head.
        """
        k, v = self._blocks(k * (k.shape[2] // self.heads) ** -0.5), self._blocks(v)
        logits = (k @ q.transpose(1, 2)).reshape(len(q), self.heads, -1, q.shape[1])  # (objects, heads, m, n)
        return logits.softmax(dim=2).flatten(1, 2).transpose(1, 2) @ v

    def _blocks(self, x: Float[Tensor, "objects m c"]) -> Float[Tensor, "objects heads_x_m c"]:
        """A copy per head, zero in the channels of the other heads."""
        own = torch.eye(self.heads, device=x.device, dtype=x.dtype)[:, None, :, None]  # (heads, 1, heads, 1)
        return (self._heads(x)[:, None] * own).flatten(3).flatten(1, 2)

    def _heads(self, x: Float[Tensor, "objects m c"]) -> Float[Tensor, "objects m heads c_head"]:
        return x.reshape(*x.shape[:2], self.heads, -1)


class ReluMlp(nn.Module):
    """Two linear layers with a ReLU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, hidden)
        self.lin2 = nn.Linear(hidden, width)

    def forward(self, tokens: Float[Tensor, "objects n c"]) -> Float[Tensor, "objects n c"]:
        out: Tensor = self.lin2(functional.relu(self.lin1(tokens)))
        return out


class FeedForward(nn.Module):
    """Linear layers with ReLUs between them."""

    def __init__(self, width: int, hidden: int, out: int, depth: int) -> None:
        super().__init__()
        self.proj_in = nn.Linear(width, hidden)
        self.layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(depth - 2))
        self.proj_out = nn.Linear(hidden, out)

    def forward(self, x: Float[Tensor, "objects c_in"]) -> Float[Tensor, "objects c_out"]:
        x = functional.relu(self.proj_in(x))
        for layer in self.layers:
            x = functional.relu(layer(x))
        out: Tensor = self.proj_out(x)
        return out

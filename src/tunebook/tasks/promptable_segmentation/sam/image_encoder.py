"""The image encoder: a vision transformer with attention in windows, and in some blocks over the whole grid.

Attention adds to each logit a learned value for the vertical and one for the horizontal distance of the two tokens
(decomposed relative positions, https://arxiv.org/abs/2112.01526).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from tunebook.tasks.promptable_segmentation.sam.sizes import Size

FEW_TOKENS = 256
"""Up to here attention with its logits written out is as quick as the fused kernel, and needs little memory."""


class VisionEncoder(nn.Module):
    """Images to embeddings of one vector per patch."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(size)
        self.pos_embed = nn.Parameter(torch.empty(1, size.grid, size.grid, size.width))
        self.layers = nn.ModuleList(
            Layer(size, window=0 if block in size.global_blocks else size.window) for block in range(size.depth)
        )
        self.neck = Neck(size)

    def forward(self, images: Float[Tensor, "batch 3 h w"]) -> Float[Tensor, "batch c gh gw"]:
        tokens = self.patch_embed(images) + self.pos_embed  # (batch, grid, grid, width)
        for layer in self.layers:
            tokens = layer(tokens)
        embedding: Tensor = self.neck(tokens)
        return embedding


class PatchEmbed(nn.Module):
    """One vector per patch of pixels."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, size.width, kernel_size=size.patch, stride=size.patch)

    def forward(self, images: Float[Tensor, "batch 3 h w"]) -> Float[Tensor, "batch gh gw c"]:
        tokens: Tensor = self.projection(images)
        return tokens.permute(0, 2, 3, 1)


class Layer(nn.Module):
    """A transformer block; `window` 0 attends to the whole grid."""

    def __init__(self, size: Size, *, window: int) -> None:
        super().__init__()
        self.window = window
        self.layer_norm1 = nn.LayerNorm(size.width, eps=1e-6)
        self.attn = Attention(size.width, heads=size.heads, side=window or size.grid)
        self.layer_norm2 = nn.LayerNorm(size.width, eps=1e-6)
        self.mlp = Mlp(size.width, size.width * size.mlp_ratio)

    def forward(self, tokens: Float[Tensor, "batch gh gw c"]) -> Float[Tensor, "batch gh gw c"]:
        attended = self.layer_norm1(tokens)
        if self.window:
            windows = split_windows(attended, self.window)
            attended = join_windows(self.attn(windows), self.window, height=tokens.shape[1], width=tokens.shape[2])
        else:
            attended = self.attn(attended)
        tokens = tokens + attended
        changed: Tensor = tokens + self.mlp(self.layer_norm2(tokens))
        return changed


class Attention(nn.Module):
    """Multi-head attention with decomposed relative positions on a square of tokens."""

    def __init__(self, width: int, *, heads: int, side: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.rel_pos_h = nn.Parameter(torch.empty(2 * side - 1, width // heads))
        self.rel_pos_w = nn.Parameter(torch.empty(2 * side - 1, width // heads))

    def forward(self, tokens: Float[Tensor, "batch gh gw c"]) -> Float[Tensor, "batch gh gw c"]:
        batch, height, width, channels = tokens.shape
        qkv = self.qkv(tokens).reshape(batch, height * width, 3, self.heads, channels // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (batch, heads, tokens, channels per head)
        rows, columns = relative(self.rel_pos_h, height), relative(self.rel_pos_w, width)
        attend = attend_with_bias if height * width <= FEW_TOKENS else attend_with_flash
        attended = attend(q, k, v, rows, columns)
        out: Tensor = self.proj(attended.transpose(1, 2).reshape(batch, height, width, channels))
        return out


class Mlp(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, hidden)
        self.lin2 = nn.Linear(hidden, width)

    def forward(self, tokens: Float[Tensor, "*batch c"]) -> Float[Tensor, "*batch c"]:
        out: Tensor = self.lin2(functional.gelu(self.lin1(tokens)))
        return out


class Neck(nn.Module):
    """From the encoder's channels to those of prompts and mask decoder."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(size.width, size.prompt_width, kernel_size=1, bias=False)
        self.layer_norm1 = nn.LayerNorm(size.prompt_width, eps=1e-6)
        self.conv2 = nn.Conv2d(size.prompt_width, size.prompt_width, kernel_size=3, padding=1, bias=False)
        self.layer_norm2 = nn.LayerNorm(size.prompt_width, eps=1e-6)

    def forward(self, tokens: Float[Tensor, "batch gh gw c_in"]) -> Float[Tensor, "batch c gh gw"]:
        x = self.layer_norm1(functional.linear(tokens, self.conv1.weight[:, :, 0, 0]))
        x = self.conv2(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        embedding: Tensor = self.layer_norm2(x).permute(0, 3, 1, 2)
        return embedding.contiguous()


def split_windows(tokens: Float[Tensor, "batch gh gw c"], side: int) -> Float[Tensor, "windows side side c"]:
    """Windows of `side` tokens, row by row; the grid is padded with zeros to a multiple of `side`."""
    batch, height, width, channels = tokens.shape
    tokens = functional.pad(tokens, (0, 0, 0, -width % side, 0, -height % side))
    rows, columns = tokens.shape[1] // side, tokens.shape[2] // side
    tokens = tokens.reshape(batch, rows, side, columns, side, channels)
    return tokens.transpose(2, 3).reshape(-1, side, side, channels)


def join_windows(
    windows: Float[Tensor, "windows side side c"], side: int, *, height: int, width: int
) -> Float[Tensor, "batch gh gw c"]:
    """The grid that `split_windows` cut, without its padding."""
    rows, columns = -(-height // side), -(-width // side)
    tokens = windows.reshape(-1, rows, columns, side, side, windows.shape[-1]).transpose(2, 3)
    return tokens.reshape(-1, rows * side, columns * side, windows.shape[-1])[:, :height, :width]


def relative(table: Float[Tensor, "distances c"], side: int) -> Float[Tensor, "side side c"]:
    """The table's entry for every pair (query, key) of places on one axis."""
    places = torch.arange(side, device=table.device)
    return table[places[:, None] - places[None, :] + side - 1]


def attend_with_bias(
    q: Float[Tensor, "batch heads tokens c"],
    k: Float[Tensor, "batch heads tokens c"],
    v: Float[Tensor, "batch heads tokens c"],
    rows: Float[Tensor, "gh gh c"],
    columns: Float[Tensor, "gw gw c"],
) -> Float[Tensor, "batch heads tokens c"]:
    """Attention whose relative positions are a bias on the logits, written out."""
    by_row, by_column = _distances(q, rows, columns)
    bias = by_row[..., :, None] + by_column[..., None, :]  # (batch, heads, gh, gw, gh, gw)
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    return torch.softmax(logits + bias.reshape(logits.shape), dim=-1) @ v


def attend_with_flash(
    q: Float[Tensor, "batch heads tokens c"],
    k: Float[Tensor, "batch heads tokens c"],
    v: Float[Tensor, "batch heads tokens c"],
    rows: Float[Tensor, "gh gh c"],
    columns: Float[Tensor, "gw gw c"],
) -> Float[Tensor, "batch heads tokens c"]:
    """The same as `attend_with_bias` by torch's fused kernel, which never holds the logits.

    The bias is itself a product: the query's row and column values with the key's place as one-hot vectors. So both are
    further channels of query and key; the value gets as many zeros, because the kernel wants equal widths.
    """
    height, width = rows.shape[0], columns.shape[0]
    by_row, by_column = _distances(q, rows, columns)
    q = torch.cat([q * q.shape[-1] ** -0.5, by_row.flatten(2, 3), by_column.flatten(2, 3)], dim=-1)
    places = torch.arange(height * width, device=k.device)
    onehot = torch.cat(
        [functional.one_hot(places // width, height), functional.one_hot(places % width, width)], dim=-1
    ).to(k.dtype)
    k = torch.cat([k, onehot.expand(*k.shape[:2], -1, -1)], dim=-1)
    out = functional.scaled_dot_product_attention(q, k, functional.pad(v, (0, height + width)), scale=1.0)
    return out[..., : v.shape[-1]]


def _distances(q: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """What the vertical and the horizontal distance add, per query place and key row or column."""
    grid = q.reshape(*q.shape[:2], rows.shape[0], columns.shape[0], -1)  # (batch, heads, gh, gw, c)
    return torch.einsum("bnhwc,hkc->bnhwk", grid, rows), torch.einsum("bnhwc,wkc->bnhwk", grid, columns)

"""A U-Net as an ONNX model: `images` (n, tile, tile, 3) uint8 -> `probability` (n, tile, tile) float32.

Written down operation by operation, so that nothing but onnx is needed; `networks.UNet` is what it says.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.networks import group_count
from tunebook.train import onnx_models

NUMBER = "n"
EPSILON = 1e-5


@dataclass
class _Graph:
    """Operations as they are added, and their constants."""

    onnx: Any
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def add(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        """Add an operation; the name of its result."""
        name = result or f"{kind} {len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Keep a constant; its name."""
        self.constants[name] = value
        return name


def model(tensors: Mapping[str, Tensor], config: Config, facts: Mapping[str, str]) -> bytes:
    """The content of an ONNX file; equal networks give equal bytes.

    Args:
        tensors: The state dict of a `unet`, as in a checkpoint.
        facts: What the model says of itself, its metadata.

    Raises:
        InputError: when onnx is not installed.
    """
    onnx = onnx_models.library()
    graph, tile = _Graph(onnx), config.data.tile
    for name, tensor in tensors.items():
        graph.constant(name, tensor.contiguous().numpy())
    logits = _unet(graph, _seen(graph, config), config)
    shares = graph.add("Sigmoid", logits)
    cut = {"start": [0, 0], "end": [tile, tile], "axes": [2, 3]}
    ends = [graph.constant(f"cut.{name}", np.array(value, np.int64)) for name, value in cut.items()]
    whole = graph.add("Slice", shares, *ends)
    graph.add("Squeeze", whole, graph.constant("channel", np.array([1], np.int64)), result="probability")
    value = onnx.helper.make_tensor_value_info
    made = onnx.helper.make_graph(
        graph.nodes,
        "unet",
        inputs=[value("images", onnx.TensorProto.UINT8, [NUMBER, tile, tile, 3])],
        outputs=[value("probability", onnx.TensorProto.FLOAT, [NUMBER, tile, tile])],
        initializer=[onnx.numpy_helper.from_array(graph.constants[name], name) for name in sorted(graph.constants)],
    )
    return onnx_models.content(made, facts)


def _padded(config: Config) -> int:
    """Side of what the network sees: that of a tile, or the next one that it can halve as often as it is deep."""
    multiple: int = 2**config.model.depth
    return max(2, math.ceil(config.data.tile / multiple)) * multiple


def _seen(graph: _Graph, config: Config) -> str:
    """0..255 becomes -2..2, channels first; a tile is continued by its last pixels."""
    numbers = graph.add("Cast", "images", to=graph.onnx.TensorProto.FLOAT)
    first = graph.add("Transpose", numbers, perm=[0, 3, 1, 2])
    scaled = graph.add("Div", first, graph.constant("scale", np.array(63.75, np.float32)))
    seen = graph.add("Sub", scaled, graph.constant("shift", np.array(2.0, np.float32)))
    lacking = _padded(config) - config.data.tile
    if not lacking:
        return seen
    pads = graph.constant("pads", np.array([0, 0, 0, 0, 0, 0, lacking, lacking], np.int64))
    return graph.add("Pad", seen, pads, mode="edge")


def _unet(graph: _Graph, x: str, config: Config) -> str:
    passed, side = [], _padded(config)
    for level in range(config.model.depth + 1):
        if level:
            x, side = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), side // 2
        x = _block(graph, x, f"network.down.{level}", side)
        passed.append(x)
    x = passed.pop()
    for level in range(config.model.depth):
        name, side = f"network.grow.{level}", 2 * side
        grown = graph.add("ConvTranspose", x, f"{name}.weight", f"{name}.bias", kernel_shape=[2, 2], strides=[2, 2])
        x = _block(graph, graph.add("Concat", passed.pop(), grown, axis=1), f"network.up.{level}", side)
    return graph.add("Conv", x, "network.last.weight", "network.last.bias", kernel_shape=[1, 1])


def _block(graph: _Graph, x: str, name: str, side: int) -> str:
    """Twice a 3 × 3 convolution, group normalisation, ReLU."""
    for at in (0, 3):
        x = graph.add("Conv", x, f"{name}.{at}.weight", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        x = graph.add("Relu", _normalised(graph, x, f"{name}.{at + 1}", side))
    return x


def _normalised(graph: _Graph, x: str, name: str, side: int) -> str:
    """Normalised within groups of channels: an instance norm of the groups, for ONNX has no other before opset 18."""
    weight, bias = (graph.constants[f"{name}.{kind}"] for kind in ("weight", "bias"))
    channels, groups = len(weight), group_count(len(weight))
    apart = graph.constant(f"groups.{groups}", np.array([0, groups, -1], np.int64))
    whole = graph.constant(f"whole.{channels}.{side}", np.array([0, channels, side, side], np.int64))
    ones = graph.constant(f"ones.{groups}", np.ones(groups, np.float32))
    zeros = graph.constant(f"zeros.{groups}", np.zeros(groups, np.float32))
    even = graph.add("InstanceNormalization", graph.add("Reshape", x, apart), ones, zeros, epsilon=EPSILON)
    back = graph.add("Reshape", even, whole)
    graph.constants |= {f"{name}.weight": weight.reshape(-1, 1, 1), f"{name}.bias": bias.reshape(-1, 1, 1)}
    return graph.add("Add", graph.add("Mul", back, f"{name}.weight"), f"{name}.bias")

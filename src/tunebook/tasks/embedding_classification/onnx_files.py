"""A head as an ONNX model: `embeddings` (rows, width) -> `logits`, `probabilities` (rows, classes), float32."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.train import onnx_models

if TYPE_CHECKING:  # an optional extra
    from onnx import NodeProto

ROWS = "rows"


def model(tensors: Mapping[str, NDArray[np.float32]], facts: Mapping[str, str]) -> bytes:
    """The content of an ONNX file; equal heads give equal bytes.

    Args:
        tensors: Named as in a checkpoint.
        facts: What the model says of itself (its metadata); `activation` is sigmoid or softmax.

    Raises:
        InputError: when onnx is not installed.
    """
    onnx = onnx_models.library()
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    classes, _ = tensors["output.weight"].shape
    _, width = tensors.get("hidden.weight", tensors["output.weight"]).shape
    shapes = {"embeddings": width, "logits": classes, "probabilities": classes}
    ends = {name: helper.make_tensor_value_info(name, kind, [ROWS, size]) for name, size in shapes.items()}
    graph = helper.make_graph(
        _nodes(helper, frozenset(tensors), softmax=facts["activation"] == "softmax"),
        "head",
        inputs=[ends["embeddings"]],
        outputs=[ends["logits"], ends["probabilities"]],
        initializer=[onnx.numpy_helper.from_array(tensors[name], name) for name in sorted(tensors)],
    )
    return onnx_models.content(graph, facts)


def _nodes(helper: Any, names: frozenset[str], *, softmax: bool) -> "list[NodeProto]":
    """The operations of a head with these tensors, in order."""
    found, at = [], "embeddings"
    if "scale.mean" in names:
        found.append(helper.make_node("Sub", [at, "scale.mean"], ["centred"]))
        found.append(helper.make_node("Div", ["centred", "scale.deviation"], ["scaled"]))
        at = "scaled"
    if "hidden.weight" in names:
        found.append(helper.make_node("Gemm", [at, "hidden.weight", "hidden.bias"], ["hidden"], transB=1))
        found.append(helper.make_node("Relu", ["hidden"], ["active"]))
        at = "active"
    found.append(helper.make_node("Gemm", [at, "output.weight", "output.bias"], ["logits"], transB=1))
    squash = {"op_type": "Softmax", "axis": 1} if softmax else {"op_type": "Sigmoid"}
    return [*found, helper.make_node(inputs=["logits"], outputs=["probabilities"], **squash)]

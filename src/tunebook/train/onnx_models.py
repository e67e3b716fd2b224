"""ONNX models from graphs that are written down by hand: what they share, whatever the network."""

from collections.abc import Mapping
from typing import Any

from tunebook.errors import InputError, Problem

OPSET, IR = 17, 8
"""Of 2022: every runtime in use reads them."""


def library() -> Any:
    """onnx, with the parts that are used.

    Raises:
        InputError: when it is not installed.
    """
    try:
        import onnx  # noqa: PLC0415  # an optional extra
        import onnx.checker  # noqa: PLC0415
        import onnx.helper  # noqa: PLC0415
        import onnx.numpy_helper  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise InputError(
            Problem("--format onnx", "needs onnx; it is not installed", "pip install tunebook[onnx]")
        ) from None
    return onnx


def content(graph: Any, facts: Mapping[str, str]) -> bytes:
    """A checked ONNX file; equal graphs and facts give equal bytes.

    Args:
        graph: A GraphProto.
        facts: What the model says of itself, its metadata.

    Raises:
        InputError: when onnx is not installed.
    """
    onnx = library()
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    made = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="tunebook")
    onnx.helper.set_model_props(made, dict(sorted(facts.items())))
    onnx.checker.check_model(made, full_check=True)
    found: bytes = made.SerializeToString(deterministic=True)
    return found

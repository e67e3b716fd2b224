"""A tiny Segment-Anything model to adapt, and steps of training that touch every part; for the tests beside this."""

import copy
import functools

import torch
from torch import Tensor

from tunebook.tasks.promptable_segmentation.sam import Sam, Size, build
from tunebook.train import adapters
from tunebook.train.adapters import Method

WIDTH, HIDDEN = 16, 64
TINY = Size(
    image_size=32,
    patch=8,
    width=WIDTH,
    depth=2,
    heads=2,
    window=2,
    global_blocks=(1,),
    prompt_width=16,
    decoder_heads=2,
    decoder_mlp=16,
    iou_hidden=16,
    automatic="light",
    automatic_features=(4, 4, 4, 4),
)
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(5))


def numbers(seed: int = 0) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


@functools.cache
def plain() -> Sam:
    """The model before any adapter; it is not to be changed."""
    return build(TINY, generator=numbers(), automatic=True)


def adapted(method: Method, *, seed: int = 1) -> Sam:
    """A copy of it with an adapter."""
    model = copy.deepcopy(plain())
    adapters.apply(model, method, generator=numbers(seed))
    return model


def stirred(method: Method) -> Sam:
    """The same as after long training: every trained number is another."""
    model = adapted(method)
    noise = numbers(6)
    with torch.no_grad():
        for tensor in adapters.trainable(model).values():
            if tensor.is_floating_point():
                tensor.add_(torch.randn(tensor.shape, generator=noise).abs() / 3)
    return model


def descend(model: Sam, *, steps: int) -> None:
    """Take steps down a loss that every tensor of the model has a part in."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        return
    # Without decay: a tensor changes only where a gradient reaches it.
    optimizer = torch.optim.AdamW(parameters, lr=1e-2, weight_decay=0.0)
    model.train()
    for step in range(steps):
        adapters.draw_from(model, numbers(100 + step))
        optimizer.zero_grad()
        _loss(model).backward()
        optimizer.step()


def embedding(model: Sam) -> Tensor:
    """What the encoder makes of the images when nothing is trained."""
    with torch.no_grad():
        return model.eval().encode(IMAGES)


def _loss(model: Sam) -> Tensor:
    embeddings = model.encode(IMAGES)
    points, labels = torch.rand(2, 3, 2, generator=numbers(2)) * 32, torch.tensor([[1, 0, -1], [0, 1, 1]])
    boxes = torch.tensor([[2.0, 3.0, 20.0, 25.0], [5.0, 1.0, 30.0, 16.0]])
    logits = torch.randn(2, 1, 16, 16, generator=numbers(3))
    outputs = [
        model.maps(embeddings, IMAGES),
        *model.decode(embeddings, points=points, labels=labels),
        *model.decode(embeddings, boxes=boxes, masks=logits, has_mask=torch.tensor([True, False])),
    ]
    wanted = numbers(4)
    return sum(
        ((output - torch.randn(output.shape, generator=wanted)).square().mean() for output in outputs),
        start=torch.zeros(()),
    )

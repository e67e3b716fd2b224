"""Our Segment-Anything against transformers' SamModel of the same size."""

import pytest
import torch
from sam_examples import TINY, numbers, tiny
from transformers import SamConfig, SamModel

IMAGE_OF = torch.tensor([0, 0, 0, 1, 1, 1])


def _reference() -> SamModel:
    width, size, patch = TINY.prompt_width, TINY.image_size, TINY.patch
    prompt = {"hidden_size": width, "image_size": size, "patch_size": patch}
    vision = {
        "hidden_size": TINY.width,
        "output_channels": width,
        "num_hidden_layers": TINY.depth,
        "num_attention_heads": TINY.heads,
        "image_size": size,
        "patch_size": patch,
        "window_size": TINY.window,
        "global_attn_indexes": list(TINY.global_blocks),
        "num_pos_feats": width // 2,
        "initializer_range": 0.02,
    }
    decoder = {
        "hidden_size": width,
        "mlp_dim": TINY.decoder_mlp,
        "num_attention_heads": TINY.decoder_heads,
        "iou_head_hidden_dim": TINY.iou_hidden,
    }
    config = SamConfig(vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder)
    return SamModel(config).eval()


@pytest.fixture(scope="module")
def pair():
    """Ours and theirs with equal weights."""
    ours, theirs = tiny(), _reference()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    with torch.no_grad():
        yield ours, theirs


@pytest.fixture(scope="module")
def prompts():
    """Points with labels of all kinds, boxes and embeddings of two images with three objects each."""
    draw = numbers(3)
    return {
        "points": torch.rand(6, 2, 2, generator=draw) * 64,
        "labels": torch.tensor([[1, 0], [1, -1], [0, 1], [1, 1], [0, 0], [1, 0]]),
        "boxes": torch.rand(6, 4, generator=draw) * 64,
        "embeddings": torch.randn(2, 32, 8, 8, generator=draw),
        "masks": torch.randn(2, 1, 32, 32, generator=draw),
    }


def _theirs(model, embeddings, **given):
    """All four masks per object: theirs gives the single one and the three on two calls."""
    calls = [model(image_embeddings=embeddings, multimask_output=many, **given) for many in (False, True)]
    masks = torch.cat([call.pred_masks for call in calls], dim=2).flatten(0, 1)
    return masks, torch.cat([call.iou_scores for call in calls], dim=2).flatten(0, 1)


def _close(ours, theirs):
    assert ours[0].std() > 0.1, "weak masks would agree whatever was done"
    torch.testing.assert_close(ours[0], theirs[0], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours[1], theirs[1], atol=1e-4, rtol=1e-4)


def test_weights_pass_both_ways(pair):
    """A state dict of either loads into the other, strictly and with every shape."""
    ours, theirs = pair

    assert {k: v.shape for k, v in theirs.state_dict().items()} == {k: v.shape for k, v in ours.state_dict().items()}
    ours.load_state_dict(theirs.state_dict(), strict=True)


def test_embeddings_agree(pair):
    """The encoder's output is that of transformers, windows with padding included."""
    ours, theirs = pair
    images = torch.randn(2, 3, 64, 64, generator=numbers(1))

    torch.testing.assert_close(ours.encode(images), theirs.get_image_embeddings(images), atol=1e-4, rtol=1e-4)


def test_points_agree(pair, prompts):
    """Points alone, positive, negative and missing ones."""
    ours, theirs = pair
    points, labels = prompts["points"], prompts["labels"]
    masks = ours.decode(prompts["embeddings"], image_of=IMAGE_OF, points=points, labels=labels)

    given = {"input_points": points.reshape(2, 3, 2, 2), "input_labels": labels.reshape(2, 3, 2)}
    _close(masks, _theirs(theirs, prompts["embeddings"], **given))


def test_boxes_agree(pair, prompts):
    """Boxes alone."""
    ours, theirs = pair
    masks = ours.decode(prompts["embeddings"], image_of=IMAGE_OF, boxes=prompts["boxes"])

    _close(masks, _theirs(theirs, prompts["embeddings"], input_boxes=prompts["boxes"].reshape(2, 3, 4)))


def test_points_with_boxes_agree(pair, prompts):
    """With a box, no further point is appended."""
    ours, theirs = pair
    points, labels, boxes = prompts["points"], prompts["labels"], prompts["boxes"]
    masks = ours.decode(prompts["embeddings"], image_of=IMAGE_OF, points=points, labels=labels, boxes=boxes)

    given = {"input_points": points.reshape(2, 3, 2, 2), "input_labels": labels.reshape(2, 3, 2)}
    _close(masks, _theirs(theirs, prompts["embeddings"], input_boxes=boxes.reshape(2, 3, 4), **given))


def test_masks_agree(pair, prompts):
    """A mask prompt beside a box."""
    ours, theirs = pair
    boxes = prompts["boxes"][:2]
    masks = ours.decode(prompts["embeddings"], boxes=boxes, masks=prompts["masks"])

    given = {"input_boxes": boxes[:, None], "input_masks": prompts["masks"]}
    _close(masks, _theirs(theirs, prompts["embeddings"], **given))


def test_objects_with_and_without_a_mask_share_a_batch(pair, prompts):
    """`has_mask` decides per object; the mask of an object without one is not looked at."""
    ours, _ = pair
    boxes, embeddings = prompts["boxes"][:2], prompts["embeddings"]
    mixed, _ = ours.decode(embeddings, boxes=boxes, masks=prompts["masks"], has_mask=torch.tensor([True, False]))
    all_masks, _ = ours.decode(embeddings, boxes=boxes, masks=prompts["masks"])
    no_masks, _ = ours.decode(embeddings, boxes=boxes)

    torch.testing.assert_close(mixed[0], all_masks[0])
    torch.testing.assert_close(mixed[1], no_masks[1])
    assert not torch.allclose(all_masks[0], no_masks[0])


def test_a_mask_has_four_pixels_per_token_and_axis(pair, prompts):
    """Four masks of 4 × grid pixels and four qualities per object."""
    ours, _ = pair
    masks, iou = ours.decode(prompts["embeddings"], image_of=IMAGE_OF, boxes=prompts["boxes"])

    assert masks.shape == (6, 4, TINY.mask_size, TINY.mask_size)
    assert iou.shape == (6, 4)

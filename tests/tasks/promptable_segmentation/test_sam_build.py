"""New models: sizes, counts and where their numbers come from."""

import torch
from sam_examples import TINY, numbers

from tunebook.tasks.promptable_segmentation.sam import SIZES, blank, build, normalise


def _count(module):
    return sum(tensor.numel() for tensor in module.parameters())


def test_vit_b_has_the_published_number_of_parameters():
    """Encoder, prompt encoder, mask decoder and micro-sam's decoder, number for number."""
    model = blank(SIZES["vit_b"], automatic=True)
    parts = [model.vision_encoder, model.prompt_encoder, model.mask_decoder, model.automatic_decoder]

    assert [_count(part) for part in parts] == [89_670_912, 6_220, 4_058_340, 11_028_931]
    assert _count(blank(SIZES["vit_b"], automatic=False)) == 93_735_472


def test_the_small_size_fits_four_megabytes():
    """As 32-bit numbers, with its automatic decoder, a buffer included."""
    tensors = blank(SIZES["small"], automatic=True).state_dict().values()

    assert sum(tensor.numel() for tensor in tensors) * 4 <= 4.3e6


def test_a_model_comes_from_its_generator_alone():
    """Equal generators give equal tensors, another seed other ones; the process-wide generator is left alone."""
    before = torch.get_rng_state()
    one, same, other = (build(TINY, generator=numbers(seed), automatic=True).state_dict() for seed in (1, 1, 2))

    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(
        one["vision_encoder.layers.0.mlp.lin1.weight"], other["vision_encoder.layers.0.mlp.lin1.weight"]
    )
    assert all(torch.isfinite(tensor).all() for tensor in one.values())


def test_the_automatic_decoder_changes_nothing_else():
    """The other tensors are drawn first."""
    plain = build(TINY, generator=numbers(1), automatic=False).state_dict()
    joined = build(TINY, generator=numbers(1), automatic=True).state_dict()

    assert all(torch.equal(tensor, joined[name]) for name, tensor in plain.items())
    assert joined.keys() > plain.keys()


def test_normalise_uses_the_means_of_sam():
    """The mean colour becomes zero, one deviation above it becomes one."""
    mean, deviation = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    images = torch.stack([mean, mean + deviation])[:, :, None, None].expand(2, 3, 4, 4)

    torch.testing.assert_close(normalise(images).mean(dim=(1, 2, 3)), torch.tensor([0.0, 1.0]), atol=1e-5, rtol=0)

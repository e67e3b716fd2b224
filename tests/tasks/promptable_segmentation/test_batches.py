"""Training batches: data order, windows, flips, objects."""

from itertools import islice

import numpy as np
import pytest
import torch
from segmentation_examples import a_sample, labelled

from tunebook.tasks.promptable_segmentation.batches import batches
from tunebook.tasks.promptable_segmentation.distances import targets
from tunebook.tasks.promptable_segmentation.prompts import boxes


def _batches(samples, count=6, *, seed=0, batch_size=2, window=32, size=32, objects=3):
    stream = batches(samples, seed=seed, batch_size=batch_size, window=window, size=size, objects=objects)
    return list(islice(stream, count))


def _equal(one, other):
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in ("images", "maps", "objects"))


def _constants(count, side=16):
    """Images that are told apart by their value; each is one object."""
    return [labelled(np.full((side, side), value)) for value in range(1, count + 1)]


@pytest.fixture(scope="module")
def samples():
    return [a_sample(kind, size=64, seed=seed) for seed, kind in enumerate(["phase", "fluorescence", "tissue"])]


def test_batches_depend_on_the_seed_alone(samples):
    """The n-th batch is the same whenever it is made; another seed gives other ones."""
    first, again, other = _batches(samples), _batches(samples), _batches(samples, seed=1)

    assert all(map(_equal, first, again))
    assert not any(map(_equal, first, other))


def test_seeds_draw_windows_and_objects():
    """Of one image too, where there is no order to draw: other places, other objects, in every batch."""
    label = np.arange(100 * 100).reshape(100, 100) + 1  # every pixel is an object and tells its place

    def drawn(seed):
        for batch in _batches([labelled(label)], 3, seed=seed, batch_size=1, objects=1):
            yield batch.images.amin().item(), (batch.images[0, 0] * batch.objects[0]).sum().item() - batch.images.amin()

    windows, objects = zip(*(zip(*drawn(seed), strict=True) for seed in range(4)), strict=True)
    assert len(set(windows)) == 4
    assert len({tuple(map(float, places)) for places in objects}) == 4


def test_every_image_comes_once_an_epoch():
    """Epochs follow each other without a gap, each in an order of its own."""
    images = _constants(5)

    order = torch.cat([batch.images[:, 0, 0, 0] for batch in _batches(images, 10, window=16, size=16)]).tolist()
    epochs = [order[start : start + 5] for start in range(0, 20, 5)]

    assert all(sorted(epoch) == [1, 2, 3, 4, 5] for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 1


def test_a_batch_may_be_larger_than_the_data():
    """Fewer images than a batch holds: they come again."""
    (batch,) = _batches(_constants(2), 1, batch_size=5, window=16, size=16)

    assert sorted(batch.images[:4, 0, 0, 0].tolist()) == [1, 1, 2, 2]
    assert len(batch.images) == 5


def test_data_order_and_windows_do_not_depend_on_the_number_of_objects(samples):
    """More objects are asked for in the same windows, and the first ones are the same."""
    pairs = zip(_batches(samples, batch_size=1, objects=2), _batches(samples, batch_size=1, objects=5), strict=True)

    for few, many in pairs:
        assert torch.equal(few.images, many.images)
        assert torch.equal(few.objects, many.objects[: len(few.objects)])


def test_the_label_goes_where_the_image_goes():
    """Window, padding and flips are those of the image, so every object lies where the image shows it."""
    rng = np.random.default_rng(0)
    samples = [labelled(rng.integers(0, 4, shape)) for shape in ((50, 70), (20, 90), (20, 30))]

    for batch in _batches(samples, 12):
        shown = batch.images[:, 0]
        assert torch.equal(batch.maps[:, 0] > 0, shown > 0)
        for mask, index in zip(batch.objects, batch.image_of, strict=True):
            (value,) = shown[index][mask].unique()
            assert torch.equal(mask, shown[index] == value)


def test_every_flip_occurs():
    """Each axis is flipped half of the time, on its own."""
    corner = np.zeros((16, 16), int)
    corner[2, 1] = 1
    stream = _batches([labelled(corner)], 400, batch_size=1, window=16, size=16)

    places, counts = torch.cat([boxes(batch.objects)[:, :2] for batch in stream]).unique(dim=0, return_counts=True)

    assert places.tolist() == [[1, 2], [1, 13], [14, 2], [14, 13]]
    assert (counts / 400).tolist() == pytest.approx([0.25] * 4, abs=0.07)


def test_distances_are_those_of_the_window(samples):
    """An object that the window cuts has the distances of what is left of it."""
    cut = labelled(np.pad(np.ones((40, 40), int), 30))

    for batch in _batches([cut], 8, batch_size=1):
        label = batch.images[0, 0].numpy().astype(np.int32)
        assert np.array_equal(batch.maps[0].numpy(), targets(label))


def test_a_window_holds_an_object_where_there_is_one():
    """A small object in the corner of a large image is in every window, at every place in it."""
    label = np.zeros((150, 200), int)
    label[148:, 197:] = 1
    stream = _batches([labelled(label)], 40, batch_size=1)

    assert all(len(batch.objects) == 1 for batch in stream)
    assert all(batch.images.shape == (1, 3, 32, 32) for batch in stream)


def test_windows_reach_every_place_that_holds_the_object():
    """An object in the middle of the image appears everywhere in the window."""
    label = np.zeros((100, 100), int)
    label[50, 50] = 1

    stream = _batches([labelled(label)], 400, batch_size=1)
    places = torch.cat([boxes(batch.objects) for batch in stream])

    assert len(places) == 400
    assert places[:, :2].min(dim=0).values.tolist() == [0, 0]
    assert places[:, :2].max(dim=0).values.tolist() == [31, 31]


def test_a_small_image_is_padded_with_zeros():
    """What the window shows beyond the image is 0 and no object."""
    (batch,) = _batches([labelled(np.full((10, 20), 5))], 1, batch_size=1)

    assert (batch.images > 0).sum() == 3 * 10 * 20
    assert batch.maps[:, 0].sum() == 10 * 20


def test_windows_are_resized_to_the_model():
    """A window of another side than the model's input is resized; objects keep their place and share."""
    label = np.zeros((40, 40), int)
    label[8:24, 8:16], label[30:36, 2:38] = 1, 2

    for window, size in ((40, 80), (40, 20)):
        (batch,) = _batches([labelled(label * 100)], 1, batch_size=1, window=window, size=size)
        assert batch.images.shape == (1, 3, size, size)
        assert sorted(batch.objects.sum(dim=(1, 2)).tolist()) == [
            128 * size**2 // window**2,
            216 * size**2 // window**2,
        ]
        wrong = (batch.images[0, 0] > 50) != batch.objects.any(dim=0)
        assert wrong.float().mean() < 0.05


def test_objects_are_drawn_without_repeating(samples):
    """At most so many per image, all different, none empty, each belonging to its image."""
    for batch in _batches(samples, 8, window=64, size=64, objects=4):
        counts = torch.bincount(batch.image_of, minlength=2)
        assert (counts <= 4).all()
        assert batch.objects.any(dim=(1, 2)).all()
        for index in range(2):
            assert batch.objects[batch.image_of == index].sum(dim=0).max() <= 1


def test_an_image_without_objects_is_seen_anywhere():
    """It adds an image and maps, but no object."""
    bare = labelled(np.zeros((40, 60), int))

    for batch in _batches([bare], 3):
        assert batch.objects.shape == (0, 32, 32)
        assert batch.image_of.shape == (0,)
        assert batch.images.shape == (2, 3, 32, 32)
        assert (batch.maps[:, 0] == 0).all()


def test_no_images_is_an_error():
    """Endless batches of nothing are refused."""
    with pytest.raises(ValueError, match="samples must not be empty"):
        _batches([])

"""Training batches: data order, windows, flips, objects."""

import hashlib
from itertools import islice

import numpy as np
import pytest
import torch
from segmentation_examples import a_sample, labelled

from tunebook.tasks.promptable_segmentation.batches import batches
from tunebook.tasks.promptable_segmentation.config import Augmentation, Sampler
from tunebook.tasks.promptable_segmentation.distances import targets
from tunebook.tasks.promptable_segmentation.prompts import boxes

EVERYTHING = Augmentation(rotations=True, zoom=0.3, brightness=0.2, contrast=0.3, noise=0.1, blur=2.0)


def _batches(samples, count=6, *, seed=0, batch_size=2, window=32, size=32, objects=3, **how):
    stream = batches(samples, seed=seed, batch_size=batch_size, window=window, size=size, objects=objects, **how)
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


# Which windows ------------------------------------------------------------------------------------------


def test_windows_are_those_that_were_always_drawn():
    """Flips alone, one object a window: images and prompted objects have the digests of the task's first version."""
    samples = [_blocks((96, 64), 0), _blocks((24, 120), 1), _blocks((40, 40), 2), labelled(np.zeros((56, 40), int))]

    plain, scaled, small = (
        _batches(samples, 8, seed=5, batch_size=3, objects=4, window=window, size=size)
        for window, size in ((32, 32), (48, 32), (16, 16))
    )

    assert _digest(plain, "images") == "27c1277d89521e14"
    assert _digest(small, "images") == "63df660bf5141609"
    assert _digest(plain, "objects", "image_of") == "4f838f5953333ad1"
    assert _digest(scaled, "objects", "image_of") == "933fc9fb14bd94df"
    assert _digest(small, "objects", "image_of") == "b1dc643fc7030418"


def _blocks(shape, seed):
    """A third of the blocks of 8 pixels are objects."""
    rng = np.random.default_rng(seed)
    coarse = np.arange(1, shape[0] * shape[1] // 64 + 1).reshape(shape[0] // 8, shape[1] // 8)
    return labelled(np.kron(coarse * (rng.random(coarse.shape) < 0.3), np.ones((8, 8), int)))


def _digest(found, *names):
    total = hashlib.sha256()
    for batch in found:
        for name in names:
            total.update(np.ascontiguousarray(getattr(batch, name).numpy()).tobytes())
    return total.hexdigest()[:16]


@pytest.mark.parametrize("start", [1, 5])
@pytest.mark.parametrize("sampler", [Sampler(), Sampler(min_objects=3, min_size=20)])
def test_a_later_start_gives_the_same_batches(samples, start, sampler):
    """The n-th batch is what it is, whether those before it were drawn or not."""
    how = {"sampler": sampler, "augmentation": EVERYTHING}

    later, all_of_them = _batches(samples, 4, start=start, **how), _batches(samples, 4 + start, **how)

    assert all(map(_equal, later, all_of_them[start:]))


def _counts(found):
    return [len(batch.objects) for batch in found]


def test_a_window_holds_as_many_objects_as_asked_for():
    """The background is no object: two objects are two, where one of them is alone in most places."""
    label = np.zeros((200, 200), int)
    for number, (y, x) in enumerate([(10, 10), (190, 10), (100, 100), (120, 100)], start=1):
        label[y : y + 4, x : x + 4] = number

    one, two = (
        _counts(_batches([labelled(label)], 40, batch_size=1, sampler=Sampler(min_objects=least))) for least in (1, 2)
    )

    assert one.count(1) > 10
    assert set(two) == {2}


def test_an_image_with_fewer_objects_gives_what_it_has():
    """All of them where a window can hold them, else the most that were found; no error, no endless loop."""
    near, far, empty = (np.zeros((120, 120), int) for _ in range(3))
    near[50:54, 50:54], near[60:64, 60:64] = 1, 2
    far[:4, :4], far[-4:, -4:] = 1, 2

    found = [
        set(_counts(_batches([labelled(label)], 20, batch_size=1, objects=9, sampler=Sampler(min_objects=25))))
        for label in (near, far, empty)
    ]

    assert found == [{2}, {1}, {0}]


def test_no_window_is_empty_beside_an_object():
    """However rare objects are, unless windows may lie anywhere."""
    label = np.zeros((300, 300), int)
    label[5:8, 5:8] = 1

    aimed, anywhere = (
        _counts(_batches([labelled(label)], 40, batch_size=1, sampler=Sampler(min_objects=least))) for least in (1, 0)
    )

    assert set(aimed) == {1}
    assert anywhere.count(0) > 30


def test_small_objects_are_background():
    """Within the window: specks, and slivers that its edge leaves of an object; in prompts and maps alike."""
    label = np.zeros((64, 64), int)
    label[:, 20:30], label[40, 40], label[10:20, 40:50] = 1, 2, 3

    found = _batches([labelled(label)], 60, batch_size=1, objects=9, sampler=Sampler(min_size=60))

    assert torch.cat([batch.objects.sum(dim=(1, 2)) for batch in found]).min() >= 60
    for batch in found:
        assert len(batch.objects) >= 1
        assert torch.equal(batch.maps[0, 0] > 0, batch.objects.any(dim=0))
    slivers = [batch.images[0, 0].eq(3) & ~batch.objects.any(dim=0) for batch in found]
    assert any(sliver.any() for sliver in slivers)
    assert not any(batch.maps[0, 0][batch.images[0, 0].eq(2)].any() for batch in found)


def test_a_window_that_holds_enough_is_taken():
    """Where there are objects everywhere, asking for more of them changes no window."""
    label = np.kron(np.arange(1, 101).reshape(10, 10), np.ones((8, 8), int))

    one, many = (_batches([labelled(label)], 8, sampler=Sampler(min_objects=least)) for least in (1, 9))

    assert all(map(_equal, one, many))


# Augmentation -------------------------------------------------------------------------------------------


def _label(batch, index):
    """The label map of an image whose objects were all drawn."""
    masks = batch.objects[batch.image_of == index].numpy()
    return np.tensordot(np.arange(1, len(masks) + 1), masks, 1).astype(np.int32)


def test_maps_are_those_of_the_changed_label(samples):
    """The distances of an augmented window are computed from its label as it is then, never changed themselves."""
    for batch in _batches(samples, 8, objects=999, window=48, size=32, augmentation=EVERYTHING):
        for index in range(2):
            assert np.array_equal(batch.maps[index].numpy(), targets(_label(batch, index)))


def test_zoom_and_turns_move_the_image_with_its_label():
    """Where the image shows an object, there is one, but for the mixed pixels of edges."""
    label = np.zeros((120, 120), int)
    label[20:70, 30:50], label[80:110, 60:115] = 1, 2
    how = Augmentation(rotations=True, zoom=0.5)

    for batch in _batches([labelled(label * 100)], 20, batch_size=1, window=64, size=64, augmentation=how):
        assert ((batch.images[0, 0] > 50) != (batch.maps[0, 0] > 0)).float().mean() < 0.05


@pytest.mark.parametrize("name", ["rotations", "brightness", "contrast", "noise", "blur"])
def test_a_change_does_not_draw_for_the_others(samples, name):
    """Windows, flips and objects are the same with one change less, and so is all that it leaves alone."""
    less = EVERYTHING.model_copy(update={name: Augmentation.model_fields[name].default})
    changed, plain = _batches(samples, augmentation=EVERYTHING), _batches(samples, augmentation=less)

    assert not all(map(_equal, changed, plain))
    for one, other in zip(changed, plain, strict=True):
        assert one.image_of.tolist() == other.image_of.tolist()
        if name == "rotations":
            assert one.objects.sum(dim=(1, 2)).tolist() == other.objects.sum(dim=(1, 2)).tolist()
        else:
            assert torch.equal(one.objects, other.objects)
            assert torch.equal(one.maps, other.maps)


def test_flips_can_be_switched_off():
    """The windows are then where they were, as the image has them."""
    label = np.arange(100 * 100).reshape(100, 100) + 1

    plain, flipped = (
        _batches([labelled(label)], 12, batch_size=1, augmentation=Augmentation(flips=flips)) for flips in (False, True)
    )

    assert all(batch.images[0, 0, 0, 0] == batch.images.min() for batch in plain)
    assert all(one.images.min() == other.images.min() for one, other in zip(plain, flipped, strict=True))
    assert not all(map(_equal, plain, flipped))


def test_what_lies_beyond_an_image_stays_dark():
    """Light changes the image before it is padded: the padding is 0, as prediction has it."""
    sample = labelled(np.full((10, 20), 5))

    for batch in _batches([sample], 6, batch_size=1, augmentation=Augmentation(brightness=1, noise=0.1, blur=3)):
        beyond = batch.images[0, :, batch.maps[0, 0] == 0]
        assert beyond.numel() == 3 * (32 * 32 - 10 * 20)
        assert not beyond.any()


def test_no_images_is_an_error():
    """Endless batches of nothing are refused."""
    with pytest.raises(ValueError, match="samples must not be empty"):
        _batches([])

"""Which scans a split has, how files become images and masks, and what is refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tunebook.errors import DataError, InputError
from tunebook.tasks.binary_segmentation.config import Config, Data
from tunebook.tasks.binary_segmentation.scans import Scan, every, load, read, read_mask, reduced_mask, scans

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
BLOT = np.where(GREY > 40, 255, 0).astype(np.uint8)


def configured(**data) -> Config:
    """A configuration whose data lie in the folder `pages` of a book."""
    return Config(data=Data(**{"root": "pages", **data}))


def save(path: Path, pixels: np.ndarray) -> Path:
    """Write a PNG or TIFF by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".png":
        Image.fromarray(pixels).save(path)
    else:
        tifffile.imwrite(path, pixels)
    return path


def write_splits(root: Path, **names: Sequence[str]) -> None:
    """Splits with scans of these names, one of each where nothing is said."""
    for split in ("train", "val", "test"):
        for name in names.get(split, [f"{split}-0"]):
            save(root / split / "images" / f"{name}.png", GREY)
            save(root / split / "masks" / f"{name}.png", BLOT)


def a_scan(folder: Path, image: np.ndarray, mask: np.ndarray, *, suffix: str = ".png") -> Scan:
    return Scan("a", save(folder / f"image{suffix}", image), save(folder / f"mask{suffix}", mask))


def refused(of, *arguments) -> list[tuple[str, str]]:
    """Name of the file (or the place) and message of every problem."""
    with pytest.raises(DataError) as caught:
        of(*arguments)
    return [(Path(problem.place).name, problem.message) for problem in caught.value.problems]


# Folders ------------------------------------------------------------------------------------------------


def test_pairs_are_matched_by_stem_and_ordered_by_name(tmp_path: Path):
    """The extensions of an image and its mask may differ, in case too; hidden files are passed over."""
    for name in ("b.PNG", "a.tif", "c.tiff", ".DS_Store.png"):
        save(tmp_path / "pages/train/images" / name, GREY)
    for name in ("a.png", "b.tif", "c.TIF"):
        save(tmp_path / "pages/train/masks" / name, BLOT)

    found = scans(configured(), tmp_path, "train")
    assert [(scan.name, scan.image.name, scan.mask.name) for scan in found] == [
        ("a", "a.tif", "a.png"),
        ("b", "b.PNG", "b.tif"),
        ("c", "c.tiff", "c.TIF"),
    ]


def test_all_files_that_do_not_pair_are_named_at_once(tmp_path: Path):
    """Of all three splits: an image without mask, a mask without image, two of one stem, a format we do not read."""
    write_splits(tmp_path / "pages")
    save(tmp_path / "pages/train/images/lonely.png", GREY)
    save(tmp_path / "pages/train/masks/orphan.png", BLOT)
    save(tmp_path / "pages/val/images/val-0.tif", GREY)
    (tmp_path / "pages/test/masks/photo.jpg").write_bytes(b"")

    found = refused(every, configured(), tmp_path)
    assert [name for name, _ in found] == ["lonely.png", "orphan.png", "val-0.tif", "photo.jpg"]
    assert [message.split(";")[0] for _, message in found] == [
        "must have a mask",
        "must have an image",
        "must be the only file of its stem",
        "must be a png, tif or tiff file",
    ]


def test_what_is_missing_says_what_there_is(tmp_path: Path):
    """A split, one of its folders, the root, a variable of the environment."""
    write_splits(tmp_path / "pages")
    (tmp_path / "pages/bare/images").mkdir(parents=True)
    (tmp_path / "file.txt").touch()

    with pytest.raises(
        DataError, match=r"dev: must be a folder with images and masks.*\n.* has bare, test, train, val"
    ):
        scans(configured(val="dev"), tmp_path, "val")
    assert refused(scans, configured(val="bare"), tmp_path, "val")[0][0] == "masks"
    assert "it does not exist" in refused(scans, configured(root="nowhere"), tmp_path, "val")[0][1]
    assert "it is a file" in refused(scans, configured(root="file.txt"), tmp_path, "val")[0][1]
    with pytest.raises(InputError, match="NO_SUCH_VARIABLE, which is not set"):
        scans(configured(root="${NO_SUCH_VARIABLE}/pages"), tmp_path, "val")


def test_an_empty_split_is_refused(tmp_path: Path):
    """Nothing can be learnt of it, or said."""
    for name in ("images", "masks"):
        (tmp_path / "pages/train" / name).mkdir(parents=True)

    assert "must hold at least one" in refused(scans, configured(), tmp_path, "train")[0][1]


def test_an_image_of_two_splits_is_refused(tmp_path: Path):
    """Through a link too: a model would be tested on what it was trained on."""
    write_splits(tmp_path / "pages", test=[])
    for what in ("images", "masks"):
        (tmp_path / "pages/test" / what).mkdir(parents=True)
        (tmp_path / "pages/test" / what / "copy.png").symlink_to(tmp_path / "pages/train" / what / "train-0.png")

    message = "must not be an image of two splits; train and test both have it"
    assert refused(every, configured(), tmp_path) == [("train-0.png", message)]
    assert len(refused(every, configured(test="val"), tmp_path)) == 1


# Tables -------------------------------------------------------------------------------------------------


def write_table(book: Path, *rows: str, header: str = "image,mask,split") -> Config:
    """tables/pages.csv, and a configuration that reads it."""
    (book / "tables").mkdir(exist_ok=True)
    (book / "tables/pages.csv").write_text("\n".join([header, *rows]) + "\n")
    return configured(root="tables/pages.csv", val="dev")


def test_a_table_names_the_scans_of_every_split(tmp_path: Path):
    """Paths start from the table; split values are matched; further columns and splits are passed over."""
    for name in ("b", "a", "v", "t"):
        save(tmp_path / f"scans/{name}.tif", GREY)
        save(tmp_path / f"truth/{name}-mask.png", BLOT)
    config = write_table(
        tmp_path,
        "../truth/b-mask.png,../scans/b.tif,train,7",
        "../truth/a-mask.png,../scans/a.tif,train,8",
        "../truth/v-mask.png,../scans/v.tif,dev,9",
        f"{tmp_path}/truth/t-mask.png,{tmp_path}/scans/t.tif,test,",
        "gone.png,gone.png,discarded,",
        header="mask,image,split,page",
    )

    found = every(config, tmp_path)
    assert {split: [scan.name for scan in of_split] for split, of_split in found.items()} == {
        "train": ["a", "b"],
        "val": ["v"],
        "test": ["t"],
    }
    assert found["val"][0] == Scan("v", tmp_path / "scans/v.tif", tmp_path / "truth/v-mask.png")


def test_all_that_is_wrong_in_a_table_is_named_at_once(tmp_path: Path):
    """Files that are not there or of another kind, empty cells, two images of one stem, a split without rows."""
    save(tmp_path / "tables/a.png", GREY)
    config = write_table(tmp_path, "a.png,gone.png,train", "./a.png,a.png,train", "a.jpg,,dev")

    found = refused(every, config, tmp_path)
    assert [(name, message.split(";")[0]) for name, message in found] == [
        ("gone.png", f"must be a file, as line 2 of {tmp_path}/tables/pages.csv names it"),
        ("pages.csv:3", "must be the only image of the stem a in the split train"),
        ("a.jpg", f"must be a png, tif or tiff file, as line 4 of {tmp_path}/tables/pages.csv names it"),
        ("pages.csv:4", "must name a file in the column mask"),
        ("pages.csv", "must have rows whose split is test"),
    ]
    assert found[-1][1].endswith("it has dev, train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"image,truth\na,b\n", "must have the columns image, mask, split; it lacks mask, split and has image, truth"),
        (b"", "has none"),
        (b"image,mask,split\n\xff\xfe,b,train\n", "must be a CSV file in UTF-8"),
        (b'image,mask,split\n"a,b,train\n', "must be a CSV file in UTF-8"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, content: bytes, message: str):
    """Columns are missing, or it is not text."""
    config = write_table(tmp_path)
    (tmp_path / "tables/pages.csv").write_bytes(content)

    assert message in refused(scans, config, tmp_path, "train")[0][1]


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path):
    """With a byte order mark, and spaces around the cells."""
    config = write_table(tmp_path)
    save(tmp_path / "tables/a.png", GREY)
    (tmp_path / "tables/pages.csv").write_bytes(b"\xef\xbb\xbfimage,mask,split\r\na.png , a.png,train \r\n")

    assert [scan.name for scan in scans(config, tmp_path, "train")] == ["a"]


# Subsets ------------------------------------------------------------------------------------------------


def test_a_subset_is_drawn_by_its_seed(tmp_path: Path):
    """In the order of names, a smaller within a larger; train and val on their own; every() has all of them."""
    names = [f"p{number:02}" for number in range(20)]
    write_splits(tmp_path / "pages", train=names, val=[f"v{name}" for name in names])

    def drawn(split="train", **data):
        return [scan.name for scan in scans(configured(**data), tmp_path, split)]

    few, more = drawn(train_images=5), drawn(train_images=9)
    assert few == sorted(few)
    assert len(few) == 5
    assert set(few) < set(more)
    assert few not in (names[:5], drawn(train_images=5, subset_seed=1))
    assert drawn("val", val_images=5) != [f"v{name}" for name in few]
    assert drawn("val", train_images=5) == [f"v{name}" for name in names]
    assert drawn(train_images=20) == drawn(train_images=20, subset_seed=2**70) == drawn() == names
    assert len(every(configured(train_images=5), tmp_path)["train"]) == 20


def test_more_scans_than_there_are_cannot_be_drawn(tmp_path: Path):
    """Both splits at once, with the numbers."""
    write_splits(tmp_path / "pages", train=["a", "b"])
    config = configured(train_images=3, val_images=2)
    train = ("data.train_images", "must be at most 2, the scans of the split train; got 3")

    assert refused(scans, config, tmp_path, "train") == [train]
    assert refused(every, config, tmp_path) == [
        train,
        ("data.val_images", "must be at most 1, the scans of the split val; got 2"),
    ]


# Reading ------------------------------------------------------------------------------------------------


def test_a_scan_is_read_as_rgb_with_its_foreground(tmp_path: Path):
    """Grey is tripled; foreground is what is not 0; nothing is reduced."""
    loaded = load(a_scan(tmp_path, GREY, BLOT), Data(root=""))

    assert (loaded.image == GREY[..., None]).all()
    assert loaded.image.dtype == np.uint8
    assert (loaded.mask == (GREY > 40)).all()
    assert loaded.small_mask is loaded.mask


@pytest.mark.parametrize(
    "mask",
    [
        GREY > 40,
        BLOT,
        (BLOT // 255).astype(np.uint8),
        (BLOT.astype(np.uint16) * 257),
        np.stack([BLOT, 0 * BLOT, 0 * BLOT], axis=2),
        np.stack([BLOT, BLOT, BLOT, 0 * BLOT + 255], axis=2),
    ],
)
def test_a_mask_has_any_one_value_beside_0(tmp_path: Path, mask: np.ndarray):
    """Bits, 1, 255, 16 bits, red on black, with an alpha channel."""
    assert (read_mask(save(tmp_path / "mask.png", mask)) == (GREY > 40)).all()


def test_a_mask_of_numbers_or_with_a_palette_is_read(tmp_path: Path):
    """Floats in a TIFF; of a palette its colours, whatever their numbers."""
    palette = Image.fromarray((GREY <= 40).astype(np.uint8), mode="P")
    palette.putpalette([255, 0, 0, 0, 0, 0])
    palette.save(tmp_path / "palette.png")

    assert (read_mask(tmp_path / "palette.png") == (GREY > 40)).all()
    assert (read_mask(save(tmp_path / "mask.tif", (GREY > 40) * np.float32(0.5))) == (GREY > 40)).all()


def test_masks_of_one_kind_of_pixel_are_fine(tmp_path: Path):
    """A page without foreground, and one that is all of it."""
    assert not read_mask(save(tmp_path / "black.png", 0 * BLOT)).any()
    assert read_mask(save(tmp_path / "white.png", 0 * BLOT + 9)).all()


@pytest.mark.parametrize(
    ("mask", "listed"),
    [
        (GREY // 16, "it has 0, 1, 2"),
        (GREY, "it has 0, 1, 2, 3 … (48 values)"),
        (np.stack([BLOT, BLOT, GREY // 47 * 9], axis=2), "it has (0, 0, 0), (255, 255, 0), (255, 255, 9)"),
    ],
)
def test_a_mask_of_several_values_is_refused(tmp_path: Path, mask: np.ndarray, listed: str):
    """Classes, instances, or what smoothing and JPEG leave behind; the file is named, and the way out."""
    scan = a_scan(tmp_path, GREY, mask)

    assert refused(load, scan, Data(root="")) == [
        ("mask.png", f"must have one value beside 0, the background; {listed}")
    ]
    with pytest.raises(DataError, match="mask > 127"):
        load(scan, Data(root=""))


def test_a_mask_is_as_large_as_its_image(tmp_path: Path):
    """Else it is named, with both sizes."""
    scan = a_scan(tmp_path, GREY, BLOT.T)

    assert refused(load, scan, Data(root="")) == [("mask.png", "must be as large as its image, 6 × 8; it is 8 × 6")]


def test_image_and_mask_are_both_named_where_both_are_broken(tmp_path: Path):
    """Nobody mends one to hear of the other."""
    scan = a_scan(tmp_path, GREY, GREY)
    scan.image.write_bytes(b"no picture")

    assert [name for name, _ in refused(load, scan, Data(root=""))] == ["image.png", "mask.png"]


def test_deep_images_need_a_range(tmp_path: Path):
    """16 bits and floats of 0..1 are refused under none; minmax and percentile bring them to 0..255."""
    deep, share = GREY.astype(np.uint16) * 1000, GREY.astype(np.float32) / 47
    for image, message in ((deep, "must lie in 0..255"), (share, "must be numbers of 0..255")):
        scan = a_scan(tmp_path, image, BLOT, suffix=".tif")
        found = refused(load, scan, Data(root=""))
        read_at = load(scan, Data(root="", normalize="minmax")).image

        assert found[0][0] == "image.tif"
        assert found[0][1].startswith(f"{message} when normalize is none; it has 0 to ")
        assert (read_at[..., 0] == np.rint(GREY * (255 / 47))).all()


def test_a_channel_can_be_chosen(tmp_path: Path):
    """It is tripled like grey."""
    colours = np.stack([GREY, GREY + 50, GREY + 100], axis=2)
    found = load(a_scan(tmp_path, colours, BLOT), Data(root="", channel=1))

    assert (found.image == (GREY + 50)[..., None]).all()
    assert "must have the channel 3" in refused(load, a_scan(tmp_path, colours, BLOT), Data(root="", channel=3))[0][1]


def test_a_scan_of_many_rows_is_normalised_as_a_whole(tmp_path: Path):
    """Strips of it do not differ from each other."""
    column = np.arange(600, dtype=np.uint16)[:, None] * np.ones((1, 2), np.uint16)
    image, _ = read(a_scan(tmp_path, column, column > 300), Data(root="", normalize="minmax"))

    assert (image[..., 0] == np.rint(column.astype(np.float32) * np.float32(255 / 599))).all()


# Size ---------------------------------------------------------------------------------------------------


def test_a_larger_scan_is_reduced_to_its_longest_side(tmp_path: Path):
    """Both sides alike; the mask is kept at its own size too; a smaller scan is never enlarged."""
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    scan = a_scan(tmp_path, image, image[..., 0] > 200)

    small = load(scan, Data(root="", image_size=30))
    assert small.image.shape == (20, 30, 3)
    assert small.small_mask.shape == (20, 30)
    assert small.mask.shape == (60, 90)
    for size in (None, 90, 500):
        assert load(scan, Data(root="", image_size=size)).image.shape == image.shape


def test_a_long_scan_keeps_a_pixel_of_width(tmp_path: Path):
    """A strip is not reduced to nothing."""
    strip = np.zeros((2, 400), np.uint8)

    assert load(a_scan(tmp_path, strip, strip), Data(root="", image_size=16)).image.shape == (1, 16, 3)


def test_reducing_an_image_does_not_alias(tmp_path: Path):
    """A fine chequerboard becomes grey."""
    board = (np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = load(a_scan(tmp_path, board, board), Data(root="", image_size=24)).image[2:-2, 2:-2]

    assert abs(small.astype(int) - 127).max() <= 8


def test_a_wide_object_is_reduced_by_half_a_pixel_s_area():
    """A disc's small pixels are those that it covers by half, but for a few at its border."""
    down, along = np.indices((96, 96))
    disc = (down - 50) ** 2 + (along - 45) ** 2 < 30**2
    half = disc.reshape(24, 4, 24, 4).mean(axis=(1, 3)) > 0.5

    assert (reduced_mask(disc, (24, 24)) != half).sum() <= 0.02 * half.sum()


def test_what_is_thinner_than_a_pixel_does_not_vanish():
    """A line of one pixel, reduced four times, is a line; a speck is a pixel; half the area would be nothing."""
    line, speck = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    line[33], speck[17, 5] = True, True

    assert reduced_mask(line, (16, 16))[8].all()
    assert reduced_mask(line, (16, 16)).sum() == 16
    assert np.argwhere(reduced_mask(speck, (16, 16))).tolist() == [[4, 1]]


@given(st.integers(0, 10**6), st.floats(0.001, 0.999), st.integers(5, 30), st.integers(5, 30))
def test_a_reduced_mask_keeps_the_share_of_foreground(seed: int, share: float, height: int, width: int):
    """Never less of it than it was; what it has more are pixels that hold as much as one that was wanted."""
    mask = np.random.default_rng(seed).random((2 * height, 2 * width)) < share
    mask[seed % height, 0] = True
    small = reduced_mask(mask, (height, width))
    held = mask.reshape(height, 2, width, 2).sum(axis=(1, 3))
    wanted = max(1, round(mask.mean() * small.size))

    assert small.sum() >= wanted
    assert held[small].min() > held[~small].max(initial=0)
    assert (held > held[small].min()).sum() < wanted


# Real scans ---------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "splits", "counts", "shape", "share"),
    [
        ("idrid_exudates", ("train", "val", "test"), (8, 2, 3), (712, 1072, 3), 0.016),
        ("hrf_vessels", ("train", "val", "test"), (40, 10, 10), (256, 256, 3), 0.084),
        ("hrf_vessels", ("train", "pages_val", "pages_test"), (40, 1, 3), (256, 256, 3), 0.084),
    ],
)
def test_the_real_scans_are_those_of_their_source(data_root: Path, name, splits, counts, shape, share):
    """Counts, size and share of foreground in training as SOURCE.md says."""
    config = configured(root=str(data_root / name), **dict(zip(("train", "val", "test"), splits, strict=True)))
    found = every(config, data_root)
    loaded = [load(scan, config.data) for scan in found["train"]]

    assert tuple(map(len, found.values())) == counts
    assert {scan.image.shape for scan in loaded} == {shape}
    assert np.mean([scan.mask.mean() for scan in loaded]) == pytest.approx(share, abs=0.0005)


@pytest.mark.data
def test_a_real_page_of_thin_vessels_is_reduced(data_root: Path):
    """At a third of its size it keeps its share of foreground; half of each area would lose a part of it."""
    config = configured(root=str(data_root / "hrf_vessels"), test="pages_test", image_size=390)
    page = load(scans(config, data_root, "test")[0], config.data)
    areas = np.asarray(Image.fromarray(page.mask.astype(np.float32)).resize((390, 260), Image.Resampling.BOX))

    assert page.image.shape == (260, 390, 3)
    assert 1 <= page.small_mask.mean() / page.mask.mean() < 1.1
    assert (areas > 0.5).mean() < 0.95 * page.mask.mean()

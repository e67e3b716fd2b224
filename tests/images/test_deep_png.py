"""PNG files of 16 bits a channel with colour."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tunebook.images import deep_png


def encode(pixels: NDArray[np.uint16], *, interlaced: int = 0) -> bytes:
    """A PNG of 16 bits a channel whose row y uses filter y % 5, written the slow and plain way."""
    height, width, channels = pixels.shape
    raw = np.frombuffer(pixels.astype(">u2").tobytes(), np.uint8).reshape(height, -1).astype(int)
    step = 2 * channels
    rows = bytearray()
    for y in range(height):
        rows.append(y % 5)
        for x in range(raw.shape[1]):
            left = raw[y, x - step] if x >= step else 0
            up = raw[y - 1, x] if y else 0
            corner = raw[y - 1, x - step] if y and x >= step else 0
            nearest = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            rows.append((raw[y, x] - (0, left, up, (left + up) // 2, nearest)[y % 5]) % 256)
    colour = {2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, interlaced)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")]
    return deep_png.SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.fixture
def pixels() -> NDArray[np.uint16]:
    """Noise, so that every byte matters."""
    return np.random.default_rng(0).integers(0, 65536, (13, 9, 3), dtype=np.uint16)


def test_every_filter_is_undone(tmp_path: Path, pixels: NDArray[np.uint16]):
    """All 16 bits come back, and their upper 8 are those that Pillow reads."""
    path = tmp_path / "deep.png"
    path.write_bytes(encode(pixels))
    with Image.open(path) as picture:
        upper = np.asarray(picture)

    assert deep_png.is_deep(path)
    assert np.array_equal(deep_png.read(path), pixels)
    assert np.array_equal(upper, pixels >> 8)


def test_other_files_are_not_deep(tmp_path: Path):
    """8-bit colour, 16-bit grey and files that are no PNG are left to other readers."""
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "rgb.png")
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "grey.png")
    (tmp_path / "text.png").write_text("text")

    assert not any(deep_png.is_deep(path) for path in tmp_path.iterdir())


@pytest.mark.parametrize("length", [40, 200, -13, -4])
def test_a_cut_file_is_refused(tmp_path: Path, pixels: NDArray[np.uint16], length: int):
    """Wherever it is cut."""
    path = tmp_path / "cut.png"
    path.write_bytes(encode(pixels)[:length])

    with pytest.raises(ValueError, match="cut"):
        deep_png.read(path)


def test_a_damaged_byte_is_found(tmp_path: Path, pixels: NDArray[np.uint16]):
    """The checksum of a chunk is compared."""
    content = bytearray(encode(pixels))
    content[100] ^= 1
    path = tmp_path / "damaged.png"
    path.write_bytes(content)

    with pytest.raises(ValueError, match="IDAT' is cut or damaged"):
        deep_png.read(path)


def test_interlaced_files_are_refused(tmp_path: Path, pixels: NDArray[np.uint16]):
    """Adam7 is not read, and never misread."""
    path = tmp_path / "interlaced.png"
    path.write_bytes(encode(pixels, interlaced=1))

    with pytest.raises(ValueError, match="interlaced"):
        deep_png.read(path)

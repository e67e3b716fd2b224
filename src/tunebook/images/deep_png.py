"""PNG files of 16 bits a channel with colour, which Pillow reads as 8 bits.

A PNG row is stored as differences to its left, upper and upper-left neighbours (RFC 2083, section 6). A
pixel needs those three alone, so all pixels of one antidiagonal are restored at once.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 4: 2, 6: 4}
"""PNG colour type -> channels: RGB, grey with alpha, RGB with alpha."""


def is_deep(path: Path) -> bool:
    """Whether a file is a PNG of 16 bits a channel with more than one channel."""
    with path.open("rb") as file:
        head = file.read(33)
    return head.startswith(SIGNATURE) and len(head) == 33 and head[24] == 16 and head[25] in CHANNELS


def read(path: Path) -> NDArray[np.uint16]:
    """The pixels, (h, w, channels).

    Raises:
        ValueError: when the file is cut, damaged or interlaced.
    """
    width, height, _, colour, _, _, interlaced, data = _chunks(path.read_bytes())
    if interlaced:
        raise ValueError("interlaced PNG of 16 bits a channel")
    pixel = 2 * CHANNELS[colour]
    try:
        rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * pixel)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if int(rows[:, 0].max(initial=0)) > 4:
        raise ValueError(f"unknown filter {rows[:, 0].max()}")
    restored = _restored(rows[:, 1:].reshape(height, width, pixel), rows[:, 0])
    return restored.view(">u2").astype(np.uint16)


def _chunks(content: bytes) -> tuple[int, int, int, int, int, int, int, bytes]:
    """The header's seven fields and the compressed data."""
    header: tuple[int, ...] = ()
    data = []
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(content):
            raise ValueError("the file is cut")
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        at += 12 + length
        if at > len(content) or zlib.crc32(kind + body) != struct.unpack(">I", content[at - 4 : at])[0]:
            raise ValueError(f"the chunk {kind!r} is cut or damaged")
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            data.append(body)
        elif kind == b"IEND":
            width, height, depth, colour, compression, filtering, interlaced = header
            return width, height, depth, colour, compression, filtering, interlaced, b"".join(data)


def _restored(stored: NDArray[np.uint8], filters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bytes (h, w, bytes of a pixel) from differences; `filters`: type of each row, 0..4."""
    height, width, pixel = stored.shape
    found = np.zeros((height + 1, width + 1, pixel), np.int16)
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        x = diagonal - y
        left, up, corner = found[y + 1, x], found[y, x + 1], found[y, x]
        kind = filters[y][:, None]
        guess = np.select(
            [kind == 1, kind == 2, kind == 3, kind == 4], [left, up, (left + up) >> 1, _paeth(left, up, corner)]
        )
        found[y + 1, x + 1] = (stored[y, x] + guess) & 255
    return found[1:, 1:].astype(np.uint8)


def _paeth(left: NDArray[np.int16], up: NDArray[np.int16], corner: NDArray[np.int16]) -> NDArray[np.int16]:
    """The neighbour nearest to left + up - corner; ties go to left, then up."""
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    rest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, rest)

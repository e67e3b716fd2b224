"""Colours: inks with their value on white paper, the marks of best, median and worst, and shades of scores."""

INKS = {
    "ink": "#1a1e23",
    "muted": "#58626d",
    "line": "#dfe3e8",
    "grey": "#8c959f",
    "tint": "#eef4fb",
    "accent": "#0b5cad",
    "warn": "#9a4b00",
    "best": "#118a5c",
    "median": "#c77d0a",
    "worst": "#c8402f",
}
"""Name -> colour on white paper; style.css gives each for light and for dark."""
DASHES = {"best": "", "median": "7 4", "worst": "2 3"}
"""Place -> dash of its line: told apart without colour too."""
VIRIDIS = (
    "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26",
    "#fde725",
)  # fmt: skip
"""Dark to bright in equal steps (matplotlib's viridis)."""


def shade(part: float) -> str:
    """The colour of a part between 0, the worst, and 1, the best."""
    at = min(max(part, 0.0), 1.0) * (len(VIRIDIS) - 1)
    below = min(int(at), len(VIRIDIS) - 2)
    one, other = (_channels(VIRIDIS[below + step]) for step in (0, 1))
    mixed = (round(a + (b - a) * (at - below)) for a, b in zip(one, other, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def ink_on(part: float) -> str:
    """The colour of text that is read on a shade."""
    return "#000000" if part > 0.45 else "#ffffff"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

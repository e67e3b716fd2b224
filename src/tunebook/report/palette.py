"""What both drawings of a figure share: colours, and the text in a square."""

from collections.abc import Callable

from tunebook.analyse import Square
from tunebook.report.cards import HeatmapFigure
from tunebook.report.wording import number

GREY = "#8c959f"
PLACES = {
    "best": ("#118a5c", "solid", "-"),
    "median": ("#c77d0a", "dash", "--"),
    "worst": ("#c8402f", "dot", ":"),
}
"""Place -> colour, dash of plotly, line style of matplotlib: told apart without colour too."""
HATCHED = ("excluded", "undeclared")


def shades(figure: HeatmapFigure) -> Callable[[float], float]:
    """A function from a mean to its shade: 0 is the worst of the figure, 1 the best; 1 when all are equal."""
    means = [square.mean for row in figure.data.squares for square in row if square.mean is not None]
    low, high = min(means, default=0.0), max(means, default=0.0)
    maximize = figure.metric.direction == "maximize"

    def shade(mean: float) -> float:
        if low == high:
            return 1.0
        part = (mean - low) / (high - low)
        return part if maximize else 1.0 - part

    return shade


def ink(shade: float) -> str:
    """The colour of text that is read on a shade."""
    return "#000000" if shade > 0.45 else "#ffffff"


def square_text(square: Square) -> str:
    """The mean, with * when runs are missing from it; × without a value; nothing where nothing was declared."""
    if square.mean is not None:
        return number(square.mean) + ("*" if square.reason else "")
    return "×" if square.state == "no value" else ""

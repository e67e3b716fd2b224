"""How a study is shown: cards from a Table, rendered as Markdown and as HTML; and the index of a book."""

from tunebook.report.index import index
from tunebook.report.page import compose, render
from tunebook.report.writing import Rendered

__all__ = ["Rendered", "compose", "index", "render"]

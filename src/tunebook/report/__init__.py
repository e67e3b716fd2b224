"""How a study is shown: cards from a Table, rendered as Markdown and as HTML; and the index of a book."""

from tunebook.report.index import Remarks, compose_index, index
from tunebook.report.page import compose, render
from tunebook.report.publishing import Published, publish
from tunebook.report.writing import Rendered

__all__ = ["Published", "Remarks", "Rendered", "compose", "compose_index", "index", "publish", "render"]

"""How a study is shown: cards from a Table, rendered as Markdown and as HTML."""

from tunebook.report.page import Rendered, compose, render

__all__ = ["Rendered", "compose", "render"]

"""`python -m tunebook`: the command line."""

from tunebook.cli import app

app()

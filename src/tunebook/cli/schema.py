"""`tunebook schema`: the JSON Schema of study files, for editors."""

import json
from typing import Annotated

import typer


def schema(task: Annotated[str, typer.Argument(metavar="TASK", help="Name of a task.", show_default=False)]) -> None:
    """Print the JSON Schema of a task's study files."""
    from tunebook.spec.schema import json_schema
    from tunebook.task import find

    typer.echo(json.dumps(json_schema(find(task)), indent=2))

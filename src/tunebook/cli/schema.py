"""`tunebook schema`: the JSON Schema of study files, for editors."""

import json
from typing import Annotated

import typer


def schema(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Name of a task, or own-program.", show_default=False)],
) -> None:
    """Print the JSON Schema of a task's study files."""
    from tunebook.spec.programs import TASK
    from tunebook.spec.schema import json_schema, program_schema
    from tunebook.task import find

    typer.echo(json.dumps(program_schema() if task == TASK else json_schema(find(task)), indent=2))

"""Write the tables of docs/reference: the keys of a study file and of book.yaml, the commands and their options."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.core import TyperArgument, TyperGroup, TyperOption

from tunebook.cli import typer_app
from tunebook.spec.book import BookFile
from tunebook.spec.faults import text_of
from tunebook.spec.fields import plain
from tunebook.spec.parts import Part
from tunebook.spec.study import Study

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
START = "<!-- written by scripts/reference.py -->\n"
END = "<!-- end of what is written -->"


def commands() -> str:
    """A section for each command: its usage, what it does, its arguments and options."""
    return "\n".join(_command(typer.main.get_command(typer_app), "tunebook"))


def study_file() -> str:
    """A table of the keys of a study file, and one for each mapping among them."""
    return "\n".join(_model(Study, "Keys"))


def book_file() -> str:
    """The same of book.yaml."""
    return "\n".join(_model(BookFile, "Keys"))


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "study-file.md": study_file,
    "book-file.md": book_file,
}
"""Page in docs/reference -> what is written into it."""


def current(page: str) -> str:
    """What a page holds by now."""
    return (FOLDER / page).read_text().split(START)[1].split(END)[0]


def main() -> None:
    """Write what is generated into its pages."""
    for page, written in PAGES.items():
        before, rest = (FOLDER / page).read_text().split(START)
        (FOLDER / page).write_text(f"{before}{START}{written()}{END}{rest.split(END, 1)[1]}")


# Commands -----------------------------------------------------------------------------------------------


def _command(command: Any, name: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for word, inner in command.commands.items():
            yield from _command(inner, f"{name} {word}")
        return
    words = [each for each in command.params if isinstance(each, TyperArgument)]
    options = [each for each in command.params if isinstance(each, TyperOption) and not each.hidden]
    yield f"## {name.removeprefix('tunebook ')}"
    yield ""
    yield f"`{' '.join([name, *map(_named, words), *(['[OPTIONS]'] if options else [])])}`"
    yield ""
    yield from _prose(inspect.cleandoc(command.help or ""))
    if words or options:
        yield "| argument or option | default | meaning |"
        yield "|---|---|---|"
    for word in words:
        yield f"| `{_named(word)}` | {_default(word)} | {_cell(word.help or '')} |"
    for option in options:
        flags = ", ".join(f"`{flag}`" for flag in (*option.opts, *option.secondary_opts))
        value = "" if option.is_flag else f" {option.metavar or 'VALUE'}"
        yield f"| {flags}{_cell(value)} | {_default(option)} | {_cell(option.help or '')} |"
    yield ""


def _named(word: TyperArgument) -> str:
    name = word.metavar or (word.name or "").upper()
    return name if word.required else f"[{name.strip('[]')}]"


def _default(parameter: TyperArgument | TyperOption) -> str:
    if parameter.required:
        return "must be given"
    shown = parameter.default
    nothing = (
        shown in (None, "", (), []) or callable(shown) or (isinstance(parameter, TyperOption) and parameter.is_flag)
    )
    return "" if nothing else f"`{shown}`"


# Keys ---------------------------------------------------------------------------------------------------


def _model(model: type[BaseModel], heading: str) -> Iterator[str]:
    yield f"## {heading}"
    yield ""
    if heading != "Keys":
        yield from _prose((model.__doc__ or "").split("\n")[0])
    yield "| key | default | meaning |"
    yield "|---|---|---|"
    for name, info in model.model_fields.items():
        yield f"| `{name}` | {_of(info)} | {_cell(info.description or '')} |"
    yield ""
    for name, info in model.model_fields.items():
        for part in _parts(info.annotation):
            yield from _model(part, f"{'' if heading == 'Keys' else f'{heading}.'}{name}")


def _parts(annotation: Any) -> Iterator[type[Part]]:
    """The mappings that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


def _of(info: FieldInfo) -> str:
    if info.is_required():
        return "must be given"
    default = info.get_default(call_default_factory=True)
    if isinstance(default, Part) or default == () or type(default).__name__ == "Space":
        return ""
    return f"`{text_of(plain(default))}`"


# Words --------------------------------------------------------------------------------------------------


def _prose(text: str) -> Iterator[str]:
    for paragraph in filter(None, text.split("\n\n")):
        yield " ".join(paragraph.split())
        yield ""


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    main()

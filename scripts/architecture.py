"""Write the tree of ARCHITECTURE.md: every module of src/tunebook with the first line of its docstring."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "ARCHITECTURE.md"
START = "<!-- tree: written by `make docs` -->\n```text\n"
END = "```\n<!-- end of tree -->"


def tree(package: Path) -> list[str]:
    """One line per module, files of a folder first, with its phrase; an empty `__init__` is only its folder."""
    return _lines(package, indent="")


def current() -> list[str]:
    """The lines that ARCHITECTURE.md holds."""
    return _split(PAGE.read_text())[1].splitlines()


def _lines(folder: Path, *, indent: str) -> list[str]:
    lines = [f"{indent}{folder.name}/".ljust(34) + _phrase(folder / "__init__.py")]
    inner = indent + "  "
    for file in sorted(folder.glob("*.py")):
        if file.name != "__init__.py":
            lines.append(f"{inner}{file.name}".ljust(34) + _phrase(file))
    for below in sorted(folder.iterdir()):
        if any(below.glob("*.py")):
            lines += _lines(below, indent=inner)
    return [line.rstrip() for line in lines]


def _phrase(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text())) if file.exists() else None
    return f" {docstring.splitlines()[0].removesuffix('.')}" if docstring else ""


def _split(text: str) -> tuple[str, str, str]:
    before, rest = text.split(START)
    middle, after = rest.split(END)
    return before, middle, after


def main() -> None:
    before, _, after = _split(PAGE.read_text())
    lines = "\n".join(tree(ROOT / "src" / "tunebook"))
    PAGE.write_text(f"{before}{START}{lines}\n{END}{after}")


if __name__ == "__main__":
    main()

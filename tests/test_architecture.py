"""ARCHITECTURE.md shows the tree that is there."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "architecture.py"))
PACKAGE = ROOT / "src" / "tunebook"


def test_the_tree_is_that_of_the_package():
    """Every module stands in ARCHITECTURE.md with the first line of its docstring, and nothing else does."""
    shown, true = SCRIPT["current"](), SCRIPT["tree"](PACKAGE)
    missing = [line for line in true if line not in shown]
    extra = [line for line in shown if line not in true]

    assert shown == true, "\n".join(
        ["ARCHITECTURE.md is not the tree; run `make docs`.", "missing:", *missing, "too much:", *extra]
    )


def test_every_module_says_what_it_is():
    """A phrase stands behind every file and every folder."""
    silent = [line.strip() for line in SCRIPT["tree"](PACKAGE) if len(line.split()) == 1]

    assert not silent, f"these need a docstring (a folder has it in __init__.py): {', '.join(silent)}"


def test_a_new_module_changes_the_tree(tmp_path: Path):
    """The comparison can fail: another file is another tree."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "chair.py").write_text('"""Where one sits.\n\nMore."""\n')
    lines = [line.split(maxsplit=1) for line in SCRIPT["tree"](tmp_path)]

    assert lines == [[f"{tmp_path.name}/"], ["room/"], ["chair.py", "Where one sits"]]

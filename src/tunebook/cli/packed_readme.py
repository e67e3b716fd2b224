"""What a colleague reads first in the archive of a book."""

import json
from collections.abc import Sequence
from pathlib import Path

from tunebook import __version__
from tunebook.book import Book

README, MANIFEST = "PACKED.md", "PACKED.json"
TEXT = """\
# {book}

A book of Tunebook {version}: {studies}. `pages/index.html` shows what was found, in any browser.
With Tunebook, in this folder:

```text
{commands}
```

`{manifest}` holds the sha256 of every file. The ledger is made again from the files when it is first needed.
Logs and outcomes name the machine that the runs were made on.

Checkpoints are not in it. `tunebook run STUDY --checkpoints` trains again what a study decided.

## Data

{data}
"""
COMMANDS = {
    "page .": "the pages again, from runs and records",
    "audit {first}": "what may be wrong with it",
    "decide {first}": "who was chosen, and by which rule",
    "ledger dump . --facts": "every number",
    "score .": "after another selection split or threshold; needs the data",
}
WITH_DATA = """\
The data that its runs read are in it. They keep their own licence and conditions: ask before passing them on."""
WITHOUT_DATA = """\
The data are not in it. To score, check or train, put them where the study files look for them, or name another place
in `book.yaml`; Tunebook compares what they hold with what the runs have read.

```yaml
data:
{places}
```"""

FIXED = "`{text}` is not in it: put it where that path leads from this folder."


def readme(book: Book, data_sets: Sequence[str], *, fixed: Sequence[str], data: bool) -> str:
    """The text.

    Args:
        data_sets: What configurations call their data.
        fixed: Data that are not in the archive, and that book.yaml cannot lead to.
        data: Whether the others are in the archive.
    """
    studies = [declared.study.study for declared in book.studies]
    places = "\n".join(f"  {json.dumps(each, ensure_ascii=False)}: /path/to/{Path(each).name}" for each in data_sets)
    commands = {words.format(first=studies[0]): does for words, does in COMMANDS.items()}
    without = WITHOUT_DATA.format(places=places) if data_sets else "" if fixed else "Its studies name no data."
    said = [WITH_DATA if data else without, *(FIXED.format(text=text) for text in fixed)]
    return TEXT.format(
        book=book.file.book,
        version=__version__,
        studies=", ".join(studies),
        commands="\n".join(f"tunebook {words:<32}{does}" for words, does in commands.items()),
        manifest=MANIFEST,
        data="\n\n".join(each for each in said if each),
    )

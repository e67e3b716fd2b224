"""A book's pages as a folder for GitHub and GitBook: Markdown and pictures with relative links, nothing else.

README.md            the index; its figure lies in index/
SUMMARY.md           GitBook's table of contents
<study>.md           a page; its pictures lie in <study>/
html/                the HTML pages, where they are asked for
.tunebook-pages      the list of all these: what is in it and not made again is removed
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from tunebook.errors import InputError, Problem
from tunebook.folders import write_atomically
from tunebook.report.cards import Page
from tunebook.report.html import html
from tunebook.report.index import INDEX
from tunebook.report.markdown import escaped, markdown
from tunebook.report.writing import draw

LIST = ".tunebook-pages"
README, SUMMARY, HTML = "README.md", "SUMMARY.md", "html"
TAKEN = frozenset({"readme", "summary", INDEX, HTML})
"""Names that no page may have, in whatever case: some file systems do not tell them apart."""
SHOWN_BYTES = 500 * 1024
"""GitHub shows no more of a Markdown file."""


@dataclass(frozen=True)
class Published:
    """What was written.

    Args:
        files: How many. `bytes`: how much in all. `removed`: files of before that are no more.
        long: Markdown files of which GitHub shows a part only -> their bytes.
    """

    files: int
    bytes: int
    removed: int
    long: Mapping[str, int]


def publish(index: Page, pages: Sequence[Page], *, to: Path, with_html: bool = False, force: bool = False) -> Published:
    """Write the pages of a book into a folder; equal pages give equal bytes. Files of others there are left alone.

    Args:
        index: Of the book; its page is README.md.
        with_html: Write the HTML pages too.
        force: Write over files that this did not write.

    Raises:
        InputError: when a page cannot have its name, a picture cannot be read, or a file of somebody else is in the
            way; nothing is written then.
    """
    _check_names(pages)
    files = dict(_files(index, pages, with_html=with_html))
    former = _listed(to)
    _check_places(files, to)
    foreign = [name for name in files if name not in former and (to / name).exists()]
    if foreign and not force:
        rest = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        message = f"must not hold files of these names already; got {', '.join(foreign[:3])}{rest}"
        raise InputError(Problem(str(to), message, "name an empty folder, or --force writes over them"))
    _write_list(to, {*former, *files})  # before the files: what is left half-way is known for ours
    for name, content in files.items():
        write_atomically(to / name, content)
    _write_list(to, files)
    gone = [name for name in former if name not in files and _remove(to, name)]
    long = {name: len(text) for name, text in files.items() if name.endswith(".md") and len(text) > SHOWN_BYTES}
    return Published(len(files), sum(map(len, files.values())), len(gone), long)


# Private ----------------------------------------------------------------------------------------------


def _check_names(pages: Sequence[Page]) -> None:
    problems = []
    seen = dict.fromkeys(TAKEN, "the folder")
    for page in pages:
        name = page.name.lower()
        if name in seen:
            message = f"must differ from that of {seen[name]}, in whatever case"
            problems.append(Problem(page.name, message, "give the study another name"))
        seen[name] = page.name
    if problems:
        raise InputError(*problems)


def _check_places(files: Iterable[str], to: Path) -> None:
    """Refuse a file where a folder is to be, and a folder where a file is."""
    folders = {to / parent for name in files for parent in PurePosixPath(name).parents}
    blocked = [each for each in folders if each.exists() and not each.is_dir()]
    blocked += [to / name for name in files if (to / name).is_dir()]
    if blocked:
        names = ", ".join(str(each.relative_to(to)) for each in sorted(blocked)[:3])
        message = f"must not hold a file where a folder is to be, nor the other way round; got {names}"
        raise InputError(Problem(str(to), message, "name an empty folder"))


def _write_list(to: Path, names: Iterable[str]) -> None:
    write_atomically(to / LIST, "".join(f"{name}\n" for name in sorted(names)).encode())


def _files(index: Page, pages: Sequence[Page], *, with_html: bool) -> Iterator[tuple[str, bytes]]:
    """Path below the folder -> content; paths are written with /."""
    yield from _page(index, README, INDEX, "", with_html=with_html)
    for page in pages:
        back = f"\n[{escaped(index.name)}: all studies]({README})\n"
        yield from _page(page, f"{page.name}.md", page.name, back, with_html=with_html)
    links = [(index.name, README), *((page.name, f"{page.name}.md") for page in pages)]
    listed = "".join(f"* [{escaped(name)}]({quote(path)})\n" for name, path in links)
    yield SUMMARY, f"# Table of contents\n\n{listed}".encode()


def _page(page: Page, name: str, stem: str, back: str, *, with_html: bool) -> Iterator[tuple[str, bytes]]:
    made = draw(page)
    yield name, f"{markdown(page, folder=stem)}{back}".encode()
    for picture, content in made.pictures.items():
        yield f"{stem}/{picture}.png", content
    if with_html:
        yield f"{HTML}/{stem}.html", html(page, made.panels, thumbnails=made.thumbnails).encode()


def _listed(to: Path) -> tuple[str, ...]:
    """What was written before; a line that leads out of the folder is nobody's."""
    path = to / LIST
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return tuple(line for line in lines if line and _is_inside(PurePosixPath(line)))


def _is_inside(path: PurePosixPath) -> bool:
    return not path.is_absolute() and ".." not in path.parts


def _remove(to: Path, name: str) -> bool:
    """Take a file away, and its folder if it was the last there."""
    path = to / name
    if not path.is_file():
        return False
    path.unlink()
    if path.parent != to and not any(path.parent.iterdir()):
        path.parent.rmdir()
    return True

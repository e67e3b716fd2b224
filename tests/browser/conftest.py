"""Pages in Debian's Chromium: what is on them works, and nothing leaves the file."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from judged_tables import chapters, judged
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from study_tables import scaling

from tunebook.report import index, render

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@dataclass
class Opened:
    """A page, with what it complained of and what it asked for."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; without one they fail where CI is set, and are skipped elsewhere."""
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        except PlaywrightError as error:
            reason = f"no browser at {CHROMIUM} (apt-get install chromium): {error.message.splitlines()[0]}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield found
        found.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages of two studies and their book's index."""
    folder = tmp_path_factory.mktemp("pages")
    study = judged(because="Rank 1 fits on the microscope.")
    assert study.decision is not None
    render(scaling(folder / "runs", values=(1, 2, 4, 8)), to=folder)
    render(study, to=folder)
    index("made-up", chapters(study.decision), to=folder)
    return folder


@pytest.fixture
def opened(browser: Browser, pages: Path) -> Iterator[Open]:
    """Opens a page at a width, in light or dark; every request but that for the file itself is refused and kept."""
    found: list[Opened] = []

    def open_page(name: str | Path, *, width: int = 1280, scheme: str = "light") -> Opened:
        path = name if isinstance(name, Path) else pages / f"{name}.html"
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        one = Opened(context.new_page())
        found.append(one)
        one.page.on("console", lambda message: one.errors.append(message.text) if message.type != "log" else None)
        one.page.on("pageerror", lambda error: one.errors.append(str(error)))
        address = path.resolve().as_uri()

        def refuse(route):
            if route.request.url == address:
                route.continue_()
            else:
                one.requests.append(route.request.url)
                route.abort()

        context.route(lambda url: not url.startswith("data:"), refuse)
        one.page.goto(address)
        return one

    yield open_page
    for each in found:
        each.page.context.close()

"""Pictures of a report page: `python -m page.screenshots PAGE FOLDER`."""

import sys
from pathlib import Path

from playwright.sync_api import Browser
from support.browser import HOW_TO_GET_ONE, browser_program, launched

# Name, width, height, colour scheme, and the element at the top.
PICTURES = (
    ("report-light", 1400, 1500, "light", "header"),
    ("report-dark", 1400, 1500, "dark", "#shop"),
    ("report-phone-light", 360, 1500, "light", "#shop"),
    ("report-phone-dark", 360, 1500, "dark", "header"),
)


def take(
    browser: Browser, page: Path, out: Path, width: int, height: int, scheme: str, top: str
) -> None:
    """Take one picture."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    opened = context.new_page()
    opened.goto(page.resolve().as_uri())
    opened.wait_for_selector("html[data-charts=drawn]")
    opened.evaluate("top => window.scrollTo(0, document.querySelector(top).offsetTop - 32)", top)
    opened.screenshot(path=out)
    context.close()


if __name__ == "__main__":
    program = browser_program()
    if program is None:
        sys.exit(HOW_TO_GET_ONE)
    source, folder = map(Path, sys.argv[1:])
    with launched(program) as chromium:
        for name, *how in PICTURES:
            take(chromium, source, folder / f"{name}.png", *how)

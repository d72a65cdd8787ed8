"""The machine's own Chromium or Chrome, driven by Playwright; nothing is downloaded."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ON_A_MAC = "/Applications/{0}.app/Contents/MacOS/{0}"
_PLACES = (_ON_A_MAC.format("Chromium"), _ON_A_MAC.format("Google Chrome"))
HOW_TO_GET_ONE = (
    "This machine has no Chromium and no Chrome. Install one (Debian: apt-get install chromium;"
    " macOS: brew install --cask chromium), or name its program by CHROMIUM=/path/to/it."
)


def browser_program() -> str | None:
    """Path of the browser; None where there is none."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen
    found = (shutil.which(name) for name in (*_NAMES, *_PLACES))
    return next(filter(None, found), None)


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """The browser, headless."""
    # As root, as in the containers of CI, Chromium cannot set up its own sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=arguments) as browser,
    ):
        yield browser

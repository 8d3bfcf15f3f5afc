"""Where a Chromium is, for the tests in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
PLAYWRIGHTS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/*/*headless*shell",
)


def find(environ: Mapping[str, str] = os.environ) -> str | None:
    """The program CHROMIUM names, else the system's, else one that Playwright installed; None if there is none."""
    if environ.get("CHROMIUM"):
        return shutil.which(environ["CHROMIUM"])
    named = (shutil.which(name, path=environ.get("PATH")) for name in NAMES)
    return next((found for found in (*named, shutil.which(MAC), *_playwrights(environ)) if found), None)


def _playwrights(environ: Mapping[str, str]) -> list[str]:
    caches = [environ["PLAYWRIGHT_BROWSERS_PATH"]] if environ.get("PLAYWRIGHT_BROWSERS_PATH") else CACHES
    directories = [Path(cache).expanduser() for cache in caches]
    return [str(path) for each in directories for pattern in PLAYWRIGHTS for path in sorted(each.glob(pattern))]

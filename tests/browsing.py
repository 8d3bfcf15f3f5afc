"""Tests in a real browser: `page` of pytest-playwright, with our Chromium and our idea of a clean page.

A test that asks for `page` is marked `browser`, and all of them go to one worker of pytest-xdist (`--dist loadgroup`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from dev import chromium

FIXTURES = {"page", "context", "browser", "playwright"}
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    # Pages may ask for nothing outside of this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser, before `-m` and pytest-xdist look."""
    for item in items:
        if FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Hide Playwright's loop from the other tests of this worker.

    Playwright's sync API leaves its event loop "running" in this thread from the first browser test on; no test of
    pytest-asyncio could run a loop of its own after that, and Django would refuse every query as made in async code.
    """
    loop = asyncio._get_running_loop()
    if loop is None or item.get_closest_marker("browser"):
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        if not loop.is_closed():
            asyncio._set_running_loop(loop)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Our Chromium. Where there is none: skipped, or failed if CI=true."""
    program = chromium.find()
    if program is None:
        missing = "no Chromium was found: install one, or name it in CHROMIUM"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    return {**browser_type_launch_args, "executable_path": program, "args": list(QUIET)}


@pytest.fixture(scope="session")
def browser_with_loop(browser: Browser) -> Iterator[Browser]:
    """The browser, closed in its own loop even when the session ends with a test that had it hidden."""
    loop = asyncio._get_running_loop()
    # The loop that Django sees is Playwright's, and no query of a test runs inside of it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield browser
    asyncio._set_running_loop(loop)


@pytest.fixture
def expected_complaints() -> list[str]:
    """What the browser's console may say in this test, in part: append to it where a page must answer 404, say."""
    return []


@pytest.fixture
def page(browser_with_loop: Browser, page: Page, expected_complaints: list[str]) -> Iterator[Page]:
    """A fresh page; the test fails if its console shows an error, a broken script or a breach of the CSP."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    unexpected = [text for text in complaints if not any(part in text for part in expected_complaints)]
    assert not unexpected, "the browser complained: " + "; ".join(unexpected)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Pictures are for people to look at, and cost a tenth of the suite's time: only when asked for."""
    parser.addoption("--screenshots", action="store_true", help="keep pictures of pages in test-results/screenshots")


@pytest.fixture
def screenshots(pytestconfig: pytest.Config) -> Callable[[Page, str], None]:
    """Take pictures of the whole page, light and dark, if the tests were asked for them."""
    directory: Path = pytestconfig.rootpath / "test-results" / "screenshots"

    def take(page: Page, name: str) -> None:
        for mode in ("light", "dark") if pytestconfig.getoption("screenshots") else ():
            page.emulate_media(color_scheme=mode)
            page.screenshot(path=directory / f"{name}-{mode}.png", full_page=True)

    return take

"""Browser tests and asynchronous tests get along in one worker, and a page that complains fails its test."""

import asyncio

import pytest

from dev import chromium

SITE = """
import asyncio, pytest

pytest_plugins = ["tests.browsing"]

def test_first_page(page):
    page.set_content("<h1>one</h1>")

@pytest.mark.asyncio
async def test_loop_between_pages():
    await asyncio.sleep(0)

def test_second_page(page):
    page.set_content("<h1>two</h1>")
    assert page.inner_text("h1") == "two"

def test_page_with_a_broken_script(page):
    page.set_content("<script>throw new Error('broken')</script>")

def test_page_with_an_expected_complaint(page, expected_complaints):
    expected_complaints.append("as we know")
    page.set_content("<script>console.error('as we know')</script>")

@pytest.mark.asyncio
async def test_loop_at_the_end():
    await asyncio.sleep(0)
"""


@pytest.fixture
def tests_of_their_own(pytester):
    pytester.makepyfile(SITE)
    return pytester


@pytest.mark.slow
@pytest.mark.skipif(not chromium.find(), reason="no Chromium")
def test_pages_and_loops_take_turns_in_one_worker(tests_of_their_own):
    options = ("-p", "no:randomly", "-p", "no:django", "-p", "no:cacheprovider", "-W", "ignore")
    result = tests_of_their_own.runpytest_subprocess(*options)
    result.assert_outcomes(passed=6, errors=1)
    result.stdout.fnmatch_lines(["*the browser complained: *broken*"])


async def test_asynchronous_tests_run():
    await asyncio.sleep(0)


def test_a_page_runs_here_too(page):
    page.set_content("<h1>here</h1>")
    assert page.inner_text("h1") == "here"


def test_chromium_of_the_environment_wins(tmp_path):
    program = tmp_path / "my-chromium"
    program.touch(mode=0o755)
    assert chromium.find({"CHROMIUM": str(program), "PATH": "/usr/bin"}) == str(program)


def test_chromium_is_found_where_playwright_puts_it(tmp_path):
    program = tmp_path / "chromium-1234" / "chrome-linux64" / "chrome"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    assert chromium.find({"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path), "PATH": ""}) == str(program)


def test_no_chromium_is_no_error(tmp_path):
    assert chromium.find({"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path), "PATH": ""}) is None

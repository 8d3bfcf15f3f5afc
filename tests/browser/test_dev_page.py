"""The development page in a real browser: a click breaks a hub, and the redirector sends nobody there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SMALL, overflow, redirected, violations, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_click_breaks_a_hub_and_the_redirector_sends_nobody_there(redirector, portal, demo_hubs, page: Page):
    paths = [f"/build/gh/someone/repository-{number}/HEAD" for number in range(40)]

    def sent_to_otter() -> int:
        return sum(redirected(redirector, path).startswith(demo_hubs.hubs["otter"].url) for path in paths)

    assert sent_to_otter() > 0
    page.goto(f"{portal}/dev/hubs/")
    otter = page.locator("#hub-otter")
    expect(otter.get_by_text("sends launches there")).to_be_visible()

    otter.get_by_role("button", name="dead").click()

    expect(otter.get_by_text("skips it")).to_be_visible(timeout=15_000)
    expect(otter.get_by_role("button", name="dead")).to_have_attribute("aria-pressed", "true")
    assert sent_to_otter() == 0
    otter.get_by_role("button", name="well", exact=True).click()
    expect(otter.get_by_text("sends launches there")).to_be_visible(timeout=15_000)
    wait_until(lambda: sent_to_otter() > 0)


def test_it_works_without_javascript(portal, demo_hubs, browser_with_loop):
    context = browser_with_loop.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal}/dev/hubs/")

    page.locator("#hub-marten").get_by_role("button", name="slow").click()

    expect(page.locator("#hub-marten")).to_contain_text("takes 3 seconds for every answer")
    assert demo_hubs.hubs["marten"].position.mode == "slow"
    context.close()


def test_axe_finds_nothing_and_it_fits_a_small_phone(portal, page: Page, screenshots):
    page.set_viewport_size(SMALL)

    page.goto(f"{portal}/dev/hubs/")

    assert violations(page) == []
    assert overflow(page) <= 0
    screenshots(page, "dev-hubs")

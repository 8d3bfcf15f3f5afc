"""The first page in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from routing.models import Hub
from tests.browser.conftest import SMALL, overflow, redirected, violations

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_shows_the_federation(portal, page: Page, count, screenshots):
    count(heron=512, otter=301, marten=187)

    page.goto(portal)

    expect(page.get_by_role("heading", level=1)).to_have_text("Many hubs, one Binder")
    expect(page.get_by_text("All 3 hubs are serving.")).to_be_visible()
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator("[data-received=heron]")).to_have_text("51.2%")
    screenshots(page, "home")


def test_the_numbers_move_without_a_reload(portal, page: Page, count):
    count(heron=1)
    page.clock.install()
    page.goto(portal)
    expect(page.locator("#launches")).to_have_text("1")
    page.evaluate("window.sameDocument = true")

    count(heron=1, otter=1)
    page.clock.fast_forward("00:06")

    expect(page.locator("#launches")).to_have_text("2")
    expect(page.locator("[data-received=otter]")).to_have_text("50%")
    assert page.evaluate("window.sameDocument")


def test_the_keyboard_stays_where_it_was_when_the_numbers_move(portal, page: Page, count):
    count(heron=1)
    page.clock.install()
    page.goto(portal)
    page.locator("#hub-otter").focus()

    count(heron=2)
    page.clock.fast_forward("00:06")

    expect(page.locator("#launches")).to_have_text("2")
    expect(page.locator("#hub-otter")).to_be_focused()


def test_it_can_be_read_without_javascript(portal, browser_with_loop, count):
    count(heron=7)
    context = browser_with_loop.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(portal)

    expect(page.locator("#launches")).to_have_text("7")
    context.close()


def test_axe_finds_nothing(portal, page: Page, count, screenshots):
    count(heron=5)
    Hub.objects.filter(key="otter").update(state=Hub.State.DRAINED)
    Hub.objects.filter(key="marten").update(weight=0)

    page.goto(portal)

    assert violations(page) == []
    screenshots(page, "home")


def test_axe_finds_nothing_before_the_first_hub(live_server, redis_url, page: Page, screenshots):

    page.goto(live_server.url)

    expect(page.get_by_role("heading", name="No hub yet")).to_be_visible()
    assert violations(page) == []
    screenshots(page, "home-empty")


def test_it_fits_a_small_phone_whatever_the_names(portal, page: Page, count, screenshots):
    Hub.objects.filter(key="heron").update(name="W" * 100)
    Hub.objects.filter(key="otter").update(name="مركز الحوسبة المفتوحة")
    page.set_viewport_size(SMALL)

    page.goto(portal)

    assert overflow(page) <= 0
    assert violations(page) == []
    screenshots(page, "home-phone")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(portal, page: Page, count):
    page.goto(portal)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("#hub-heron")).to_be_focused()
    for _ in range(page.locator("main a, footer a").count()):
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Tab")


def test_it_is_light_and_asks_nobody_else_for_anything(portal, page: Page, count):
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))

    page.goto(portal, wait_until="networkidle")

    assert 1000 < sum(sizes.values()) < 100_000
    assert all(url.startswith(portal) for url in sizes)


def test_axe_finds_nothing_on_an_error_page(live_server, page: Page, expected_complaints, screenshots):
    expected_complaints.append("404")
    page.set_viewport_size(SMALL)

    page.goto(f"{live_server.url}/no/such/page")

    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
    assert violations(page) == []
    assert overflow(page) <= 0
    screenshots(page, "404")


def test_real_launches_through_the_redirector_are_counted_on_the_page(redirector, portal, page: Page):
    hubs = {redirected(redirector, f"/build/gh/someone/repository-{n}/HEAD").split("/build/")[0] for n in range(30)}
    assert len(hubs) == 3

    page.goto(portal)

    # The redirector hands its counts over every two seconds, the page asks every five.
    expect(page.locator("#launches")).to_have_text("30", timeout=15_000)
    expect(page.locator("[data-received=heron]")).to_have_text(re.compile(r"\d%"))

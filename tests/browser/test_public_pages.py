"""The pages for everybody in a real browser: light, still, readable for all, on a phone and on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from members.models import Member
from tests.browser.conftest import SMALL, overflow, violations

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "home": "/",
    "members": "/members/",
    "member": "/members/driftglass/",
    "past-member": "/members/saltmarsh/",
    "how": "/how-it-works/",
    "join": "/join/",
    "status": "/status",
    "hub": "/hubs/heron/",
}
MOST_BYTES = 150_000
SHIFT = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) sum += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""


def test_every_public_page_is_light_still_and_readable(portal, page: Page, count, screenshots):
    count(heron=512, otter=301, marten=187)
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    faults = {}
    for name, path in PAGES.items():
        sizes.clear()
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(portal + path, wait_until="networkidle")
        found = [f"from elsewhere: {url}" for url in sizes if not url.startswith(portal)]
        found += [f"{sum(sizes.values())} bytes"] if not 1000 < sum(sizes.values()) < MOST_BYTES else []
        found += ["it shifts"] if page.evaluate(SHIFT) > 0.01 else []
        found += violations(page)
        page.set_viewport_size(SMALL)
        found += ["too wide for a phone"] if overflow(page) > 0 else []
        screenshots(page, f"public-{name}-phone")
        faults[name] = found
    assert {name: found for name, found in faults.items() if found} == {}


def test_long_names_and_other_scripts_fit_and_paper_has_no_buttons(portal, page: Page, count):
    Member.objects.filter(slug="driftglass").update(
        name="W" * 100, summary="ש" * 200, website=f"https://{'a' * 60}.example.org/{'b' * 100}", funded_by="𝔉" * 200
    )
    page.set_viewport_size(SMALL)
    for path in ("/", "/members/", "/members/driftglass/"):
        page.goto(portal + path)
        assert overflow(page) <= 0, path

    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_join_can_be_read_and_opened_by_keyboard_alone(portal, page: Page):
    page.goto(f"{portal}/join/")
    question = page.locator("summary", has_text="What will it cost us?")
    expect(page.get_by_text("What your provider asks for the machines")).to_be_hidden()

    question.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("What your provider asks for the machines")).to_be_visible()
    expect(page.get_by_role("link", name="Offer compute").first).to_be_visible()

"""The status page and a hub's page in a real browser, in good times and bad."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from routing.models import Hub, HubHealth
from tests.browser.conftest import SMALL, overflow, violations
from tests.factories import change_weights, make_downtime, make_flips, make_health, make_incident, make_samples

pytestmark = pytest.mark.django_db(transaction=True)

FULL = {
    "serving": False,
    "reason": "full: 95 of 100 pods, and 10 are kept free",
    "checks": {"versions": True, "Docker registry": True, "JupyterHub API": True, "Pod quota": False},
}
SAID = "Builds take **twice as long** as they should.\n\n- the registry is slow\n- we have asked for help"


def lived_in() -> list[Hub]:
    """The demo's hubs with a past: outages, planned work, times in which nobody checked, pods."""
    now = timezone.now()
    found = list(Hub.objects.order_by("key"))
    for number, hub in enumerate(found):
        checks = {"versions": True, "Docker registry": True, "JupyterHub API": True, "Pod quota": True}
        versions = {"binderhub": "1.0.0-0.dev.git.3575", "builder": "quay.io/jupyterhub/repo2docker:2024.07.0"}
        pods = {"user_pods": 62 - 20 * number, "build_pods": 5, "total_pods": 67 - 20 * number, "quota": 100}
        make_health(hub, checks=checks, versions=versions, certificate_expires=now + timedelta(days=40), **pods)
        begun = [(now - timedelta(days=80 - 20 * number), "serving")]
        hours = [
            (now - timedelta(days=day), now - timedelta(days=day) + timedelta(hours=2 + day % 7)) for day in (31, 17, 4)
        ]
        flips = [each for out, back in hours for each in ((out, "out"), (back, "serving"))]
        make_flips(hub, *begun, *flips, reason="refuses connections")
        make_downtime(hub, starts=-24 * (9 + number), ends=-24 * (9 + number) + 7, text="New disks in all machines")
        make_samples(hub, *[0.1 + 0.01 * (n % 17) for n in range(600)], every=140)
    return found


def break_hubs(*hubs: Hub, **values: object) -> None:
    since = timezone.now() - timedelta(minutes=25)
    out = {"serving": False, "reason": "refuses connections", "since": since, "checks": {}, "answer_seconds": None}
    HubHealth.objects.filter(hub__in=hubs).update(**{**out, **values})


def test_axe_finds_nothing_before_the_first_hub(live_server, redis_url, page: Page, screenshots):

    page.goto(f"{live_server.url}/status")

    expect(page.get_by_role("heading", name="No hub yet")).to_be_visible()
    assert violations(page) == []
    screenshots(page, "status-empty")


def test_axe_finds_nothing_in_good_times(portal, page: Page, screenshots):
    lived_in()

    page.goto(f"{portal}/status")

    expect(page.get_by_text("All 3 hubs are serving.")).to_be_visible()
    assert violations(page) == []
    screenshots(page, "status-well")


def test_axe_finds_nothing_when_a_hub_is_down(portal, page: Page, screenshots):
    heron, marten, otter = lived_in()
    break_hubs(otter)
    HubHealth.objects.filter(hub=marten).update(returned_at=timezone.now() - timedelta(minutes=4))
    make_incident(otter, said=SAID, opened_at=timezone.now() - timedelta(minutes=20))
    make_downtime(heron, starts=50, ends=54, text="A new network switch. Running notebooks are stopped.")
    past = timezone.now() - timedelta(days=3)
    make_incident(heron, title="A certificate ran out", opened_at=past, resolved_at=past + timedelta(hours=2))

    page.goto(f"{portal}/status")

    expect(page.get_by_text("2 of 3 hubs are serving; Otter is out: not answering since")).to_be_visible()
    assert violations(page) == []
    screenshots(page, "status-one-down")


def test_it_is_plain_when_all_hubs_are_down(portal, page: Page, screenshots):
    break_hubs(*lived_in())

    page.goto(f"{portal}/status")

    expect(page.get_by_text("No hub answers right now.")).to_be_visible()
    assert violations(page) == []
    screenshots(page, "status-all-down")


def test_it_fits_a_small_phone_whatever_the_names(portal, page: Page, screenshots):
    heron, marten, otter = lived_in()
    Hub.objects.filter(pk=heron.pk).update(name="W" * 100)
    Hub.objects.filter(pk=otter.pk).update(name="مركز الحوسبة المفتوحة")
    break_hubs(otter, **FULL)
    make_incident(marten, otter, title="L" * 200, said=f"{SAID} {'x' * 300}")
    make_downtime(heron, starts=5, ends=6, text="y" * 300)
    page.set_viewport_size(SMALL)

    for path, name in (
        ("/status", "status"),
        (f"/hubs/{heron.key}/", "hub-long-name"),
        (f"/hubs/{otter.key}/", "hub-full"),
    ):
        page.goto(portal + path)
        assert overflow(page) <= 0
        assert violations(page) == []
        screenshots(page, f"{name}-phone")


def test_axe_finds_nothing_on_a_hubs_page(portal, page: Page, screenshots):
    heron, *_, otter = lived_in()
    make_health(
        heron, versions={"binderhub": "1.0.0-0.dev.git.3580", "builder": "quay.io/jupyterhub/repo2docker:2024.07.0"}
    )
    HubHealth.objects.filter(hub=otter).update(
        returned_at=timezone.now() - timedelta(minutes=4), user_pods=80, total_pods=85
    )
    HubHealth.objects.filter(hub=otter).update(skew="binderhub", skew_since=timezone.now() - timedelta(hours=9))
    change_weights(otter=40, reason="They have new machines")
    make_downtime(otter, starts=50, ends=54, text="A new network switch. Running notebooks are stopped.")

    page.goto(f"{portal}/hubs/otter/")

    expect(page.get_by_role("heading", level=1)).to_have_text("Otter")
    screenshots(page, "hub")
    for summary in page.locator("summary").all():
        summary.click()
    assert violations(page) == []


def test_a_hub_that_goes_down_shows_without_a_reload(portal, page: Page):
    *_, otter = lived_in()
    page.clock.install()
    page.goto(f"{portal}/status")
    expect(page.get_by_text("All 3 hubs are serving.")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    page.locator("#hub-otter").focus()

    break_hubs(otter)
    page.clock.fast_forward("00:11")

    expect(page.get_by_text("2 of 3 hubs are serving; Otter is out")).to_be_visible()
    expect(page.locator("#hub-otter")).to_be_focused()
    assert page.evaluate("window.sameDocument")


def test_times_are_in_the_readers_zone_and_stay_so(portal, browser_with_loop):
    otter = Hub.objects.get(key="otter")
    break_hubs(otter, since=timezone.now().replace(month=1, day=15, hour=14, minute=2))
    context = browser_with_loop.new_context(timezone_id="Asia/Kolkata", locale="en-GB")
    page = context.new_page()
    page.clock.install()
    page.goto(f"{portal}/status")
    when = page.locator(".overall time")
    expect(when).to_have_text("15 Jan, 19:32 GMT+5:30")
    assert "14:02 UTC" in (when.get_attribute("title") or "")

    with page.expect_response("**/status"):
        page.clock.fast_forward("00:11")

    expect(page.locator("time[data-local]")).to_have_count(0)
    expect(when).to_have_text("15 Jan, 19:32 GMT+5:30")
    context.close()


def test_it_can_be_read_without_javascript(portal, browser_with_loop):
    *_, otter = lived_in()
    break_hubs(otter)
    context = browser_with_loop.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{portal}/status")

    expect(page.get_by_text("2 of 3 hubs are serving; Otter is out: not answering since")).to_contain_text("UTC")
    page.locator("#hub-otter").click()
    expect(page.get_by_role("heading", name="Why this much traffic")).to_be_visible()
    page.get_by_text("The days as a table").click()
    expect(page.get_by_role("columnheader", name="Planned")).to_be_visible()
    context.close()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(portal, page: Page):
    lived_in()
    for path in ("/status", "/hubs/otter/"):
        page.goto(portal + path)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        for _ in range(page.locator("main :is(a, summary), footer a").count()):
            page.keyboard.press("Tab")
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

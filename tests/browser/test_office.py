"""The maintainers' office in a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from members.models import Member, Text, User
from members.services import texts
from routing.models import Hub, SnapshotVersion
from routing.services import weight_history
from tests.browser.conftest import SMALL, log_in, overflow, violations, wait_until
from tests.factories import change_weights, make_hub, make_ramp, make_timed_change

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office(portal, page: Page) -> str:
    """The office's address; the browser is logged in as the demo's maintainer."""
    log_in(page, portal, User.objects.get(username="maintainer"))
    page.goto(f"{portal}/admin/")
    expect(page.get_by_role("heading", name="Who is promised how much")).to_be_visible()
    return f"{portal}/admin"


def active_hosts(redirector: str) -> dict:
    with urllib.request.urlopen(f"{redirector}/active_hosts", timeout=5) as answer:
        return json.load(answer)["active_hosts"]


def test_a_weight_is_changed_with_a_reason_the_redirector_follows_within_two_seconds_and_back_again(
    redirector, office, page: Page
):
    before = active_hosts(redirector)["otter"]["weight"]
    page.get_by_role("link", name="Change the weights").click()
    page.get_by_label("Weight of Otter").fill("77")
    page.get_by_label("Reason").fill("More nodes since Monday")
    page.get_by_role("button", name="Save the weights").click()
    expect(page.get_by_text("The weights are changed.")).to_be_visible()
    wait_until(lambda: active_hosts(redirector)["otter"]["weight"] == 77, seconds=2)

    page.get_by_role("link", name="History").first.click()
    page.get_by_role("listitem").filter(has_text="More nodes since Monday").get_by_role(
        "link", name="Roll back"
    ).click()
    page.get_by_label("Reason").fill("They are broken")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Rolled back.")).to_be_visible()
    wait_until(lambda: active_hosts(redirector)["otter"]["weight"] == before, seconds=2)


def test_the_shares_follow_the_typing_and_the_last_weight_asks_twice(office, page: Page):
    page.goto(f"{office}/routing/weightchange/add/")
    for hub in Hub.objects.in_rotation():
        page.get_by_label(f"Weight of {hub.name}").fill("25")
    otter = page.get_by_role("row", name=re.compile("Otter"))
    expect(otter.locator("[data-then]")).to_contain_text("33.3 %")
    page.get_by_label("Weight of Otter").fill("50")
    expect(otter.locator("[data-then]")).to_contain_text("50.0 %")

    for hub in Hub.objects.in_rotation():
        page.get_by_label(f"Weight of {hub.name}").fill("0")
    expect(otter.locator("[data-then]")).to_contain_text("0.0 %")
    page.get_by_label("Reason").fill("Power cut everywhere")
    page.get_by_role("button", name="Save the weights").click()
    expect(page.get_by_text("all visitors would be sent to the prime")).to_be_visible()
    assert Hub.objects.in_rotation().exists()
    page.get_by_role("button", name="Yes, change the weights").click()
    expect(page.get_by_text("The weights are changed.")).to_be_visible()
    assert not Hub.objects.in_rotation().exists()


def pages_of_the_office(office: str) -> dict[str, str]:
    batch = weight_history.page(1)[0].object_list[0].id
    hub, version = Hub.objects.get(key="otter").pk, SnapshotVersion.objects.last().version
    return {
        "first": f"{office}/",
        "weights": f"{office}/routing/weightchange/add/",
        "history": f"{office}/routing/weightchange/",
        "undo": f"{office}/routing/weightchange/{batch}/undo/",
        "timed": f"{office}/routing/weightchange/{make_timed_change(make_hub()).batch}/timed/",
        "ramps": f"{office}/routing/ramp/",
        "ramp": f"{office}/routing/ramp/{make_ramp(make_hub()).pk}/change/",
        "hubs": f"{office}/routing/hub/",
        "hub": f"{office}/routing/hub/{hub}/change/",
        "new-hub": f"{office}/routing/hub/add/",
        "prime": f"{office}/routing/hub/{hub}/make-prime/",
        "state": f"{office}/routing/hub/{hub}/state/",
        "versions": f"{office}/routing/snapshotversion/",
        "version": f"{office}/routing/snapshotversion/{version}/change/",
        "roll-back": f"{office}/routing/snapshotversion/{version}/roll-back/",
        "policy": f"{office}/routing/policy/1/change/",
        "members": f"{office}/members/member/",
    }


def test_every_page_fits_a_phone_and_ours_are_readable_for_everybody(office, page: Page, screenshots):
    change_weights(reason="more nodes than ever before, which nobody would have thought possible", otter=99)
    page.set_viewport_size(SMALL)
    faults = {}
    for name, url in pages_of_the_office(office).items():
        page.goto(url, wait_until="domcontentloaded")
        faults[name] = [f"{overflow(page)} pixels too wide"] if overflow(page) > 0 else []
        # What is ours is looked at; the frame around it is the theme's.
        if name in {"first", "weights", "undo", "version", "ramp", "timed"}:
            screenshots(page, f"office-{name}")
            faults[name] += violations(page, ".office")
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.fixture
def words(office) -> Iterator[Text]:
    """The words of a page; they outlive the tests, and are put back."""
    text = Text.objects.get(key="join")
    yield text
    texts.restore(text)


def bring(page: Page, office: str, model: str, table: str) -> None:
    """Choose a table and look at what it would do."""
    page.goto(f"{office}/members/{model}/import/")
    file = {"name": "table.csv", "mimeType": "text/csv", "buffer": table.encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Submit").click()


def test_the_offices_pages_about_people_are_looked_at(office, words, page: Page, screenshots):
    def look(name: str, part: str = "") -> None:
        for suffix, size in (("-phone", SMALL), ("", {"width": 1280, "height": 800})):
            page.set_viewport_size(size)
            assert overflow(page) <= 0, name
            screenshots(page, f"office-{name}{suffix}")
        assert not part or violations(page, part) == [], name

    page.goto(f"{office}/members/text/{words.pk}/change/")
    look("words", ".office-said")
    page.get_by_label("Title").fill("Come in")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{office}/members/text/{words.pk}/history/")
    expect(page.locator("#change-history")).to_contain_text("maintainer")
    look("history", "#change-history")

    bring(page, office, "member", "slug,name,nope\nmoss,Moss Library,1\n")
    expect(page.get_by_text("No such column: nope.")).to_be_visible()
    look("import-refused")
    bring(page, office, "member", f"slug,name,summary\nmoss-library,{'Bibliothek ' * 8},We read.\ndriftglass,Drift,\n")
    look("import-preview")
    page.get_by_role("button", name="Confirm").click()
    assert Member.objects.get(slug="driftglass").name == "Drift"

    page.goto(f"{office}/members/contact/")
    look("contacts")
    page.get_by_role("link", name="Ada Lindqvist").click()
    look("contact")


def test_the_weights_can_be_changed_without_javascript(portal, office, page: Page, browser_with_loop):
    context = browser_with_loop.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{office}/routing/weightchange/add/")
    plain.locator(f"[name=weight-{Hub.objects.get(key='otter').pk}]").fill("88")
    plain.locator("[name=reason]").fill("No scripts here")
    plain.locator("[name=save]").click()
    expect(plain.get_by_text("The weights are changed.")).to_be_visible()
    context.close()
    assert Hub.objects.get(key="otter").weight == 88

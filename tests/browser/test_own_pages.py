"""A member keeps its record in a real browser: edits a contact, goes on maintenance, takes a break, leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from members.models import Contact, Member, User
from routing.models import Downtime, Hub
from tests.browser.conftest import SMALL, log_in, overflow, violations

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ("", "record/", "contacts/", "offers/", "maintenance/plan/", "history/")
WIDE = {"width": 1280, "height": 800}


def look(page: Page, address: str, screenshots) -> None:
    """As axe and a small phone see it."""
    page.goto(address)
    assert violations(page) == [], address
    page.set_viewport_size(SMALL)
    assert overflow(page) <= 0, address
    screenshots(page, "own-" + address.partition("/my/")[2].strip("/").replace("/", "-"))
    page.set_viewport_size(WIDE)


def change_phone(page: Page, own: str, contact: Contact) -> None:
    """By keyboard alone."""
    page.goto(f"{own}/contacts/{contact.pk}/")
    page.get_by_label("Phone").focus()
    page.keyboard.type("+47 555 0100")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("is saved")


def plan_maintenance(page: Page, own: str) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    page.goto(f"{own}/maintenance/plan/")
    page.get_by_label("Starts").fill(f"{tomorrow:%Y-%m-%dT10:00}")
    page.get_by_label("Ends").fill(f"{tomorrow:%Y-%m-%dT12:00}")
    page.get_by_label("What happens").fill("New disks")
    page.get_by_role("button", name="Announce it").click()
    expect(page.get_by_role("status")).to_contain_text("Announced")


def step(page: Page, own: str, button: str) -> None:
    page.goto(f"{own}/state/")
    page.get_by_label("Why").fill("Because")
    page.get_by_role("button", name=button).click()
    if button == "Leave":
        page.get_by_label("to show that you mean it").fill("mossgate")
        page.get_by_role("button", name=button).click()
    expect(page.get_by_role("status")).to_contain_text("from now on")


def test_a_member_keeps_its_record_true_and_leaves(page: Page, portal: str, screenshots):
    member = Member.objects.get(slug="mossgate")
    hub, own = Hub.objects.get(member=member), f"{portal}/my/mossgate"
    Hub.objects.filter(pk=hub.pk).update(prime=False)
    Member.objects.filter(pk=member.pk).update(name=7 * "Très-long-nom ")
    log_in(page, portal, User.objects.get(access__member=member))
    for path in (*PAGES, f"hubs/{hub.key}/"):
        look(page, f"{own}/{path}", screenshots)
    look(page, f"{portal}/my/data/", screenshots)

    contact = member.contacts.earliest("pk")
    change_phone(page, own, contact)
    assert Contact.objects.get(pk=contact.pk).phone == "+47 555 0100"
    plan_maintenance(page, own)
    assert Downtime.objects.get().hub == hub
    for button, state in (("Take a break", "drained"), ("Take part again", "active"), ("Leave", "retired")):
        step(page, own, button)
        hub.refresh_from_db()
        assert hub.state == state
    expect(page.get_by_text("Thank you for what you gave.")).to_be_visible()

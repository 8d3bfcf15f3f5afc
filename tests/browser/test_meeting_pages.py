"""Meetings in a real browser: seen by the public and by a member, small and dark, and planned in the office."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from members.models import AvoidDate, Meeting, User
from members.services import rsvps
from tests.browser.conftest import SMALL, log_in, overflow, violations

pytestmark = pytest.mark.django_db(transaction=True)
WIDE = {"width": 1280, "height": 900}


def look(page: Page, address: str, name: str, screenshots, *, part: str = "html") -> None:
    """As axe and a small phone see it."""
    page.goto(address)
    screenshots(page, f"{name}-wide")
    assert violations(page, part) == [], address
    page.set_viewport_size(SMALL)
    assert overflow(page) <= 0, address
    screenshots(page, name)
    page.set_viewport_size(WIDE)


def test_meetings_are_read_prepared_and_written_down(page: Page, portal: str, screenshots):
    past, coming = Meeting.objects.past(timezone.now())[0], Meeting.objects.coming(timezone.now())[0]
    page.set_viewport_size(WIDE)
    Meeting.objects.filter(pk=coming.pk).update(title=4 * "Très-long-titre-de-réunion ")
    look(page, f"{portal}/meetings/", "meetings-public", screenshots)
    expect(page.locator("time[data-local]")).to_have_count(0)  # All are in the reader's zone.
    secret = rsvps.link(coming, "ada@driftglass.example").rpartition("/answer/")[2]
    look(page, f"{portal}/meetings/answer/{secret}", "meeting-answer", screenshots)
    page.get_by_role("button", name="I'll come").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")

    log_in(page, portal, User.objects.get(username="ada"))
    look(page, f"{portal}/meetings/", "meetings-member", screenshots)
    look(page, f"{portal}/meetings/{coming.pk}/", "meeting-coming", screenshots)
    page.get_by_text("Propose something to talk about").click()
    page.get_by_label("What about").fill("Names of hubs")
    page.get_by_role("button", name="Put it on the agenda").click()
    expect(page.get_by_role("heading", name="Names of hubs")).to_be_visible()
    look(page, f"{portal}/meetings/rota/", "meeting-rota", screenshots)

    log_in(page, portal, User.objects.get(username="bo"))
    look(page, f"{portal}/meetings/{past.pk}/", "meeting-past", screenshots)
    for path in ("notes", "attendance"):
        look(page, f"{portal}/meetings/{past.pk}/{path}/", f"meeting-{path}", screenshots)


def test_a_series_is_planned_in_the_office(page: Page, portal: str, screenshots):
    page.set_viewport_size(WIDE)
    log_in(page, portal, User.objects.get(username="maintainer"))
    first = Meeting.objects.coming(timezone.now())[0]
    AvoidDate.objects.create(title="JupyterCon", kind="conference", starts_on=first.starts_at, ends_on=first.starts_at)
    page.goto(f"{portal}/admin/members/meetingseries/{first.series_id}/change/")
    page.get_by_role("button", name="Show the next 12").click()
    expect(page.get_by_role("heading", name="The next 12 meetings")).to_be_visible()
    expect(page.get_by_text("JupyterCon")).to_be_visible()
    screenshots(page, "office-series-wide")
    assert violations(page, ".office") == []
    page.set_viewport_size(SMALL)
    assert overflow(page) <= 0
    screenshots(page, "office-series")
    page.set_viewport_size(WIDE)
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("is saved, with its next 12 meetings")).to_be_visible()
    for path in ("", f"{first.pk}/change/", f"{first.pk}/move/", "add/"):
        page.goto(f"{portal}/admin/members/meeting/{path}")
        screenshots(page, f"office-meeting-{path.strip('/').replace('/', '-')}")

"""Calendars and letters in a real browser: one's own address, one's choices, and a letter as mail programs show it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from members.models import LetterChoice
from members.services import meeting_letters, notices
from tests.browser.conftest import SMALL, log_in, overflow, violations
from tests.factories import make_meeting, make_member, make_person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_somebody_subscribes_chooses_their_letters_and_reads_one(
    page: Page, live_server, redis_url, screenshots: Callable[[Page, str], None]
):
    ada = make_person(make_member("heron", name="Driftglass Observatory"), name="ada")
    page.set_viewport_size(SMALL)
    log_in(page, live_server.url, ada)
    faults = {}

    def look(name: str) -> None:
        screenshots(page, f"letters-{name}")
        if found := [*violations(page), *(["too wide"] if overflow(page) > 0 else [])]:
            faults[name] = found

    page.goto(f"{live_server.url}/calendar/")
    page.get_by_role("button", name="Make my address").click()
    expect(page.get_by_label("Address of your calendar")).to_have_value(re.compile(r"/calendar/[0-9a-f]{32}~.+\.ics$"))
    look("calendar")

    page.goto(f"{live_server.url}/letters/")
    page.get_by_role("group", name="Meetings").get_by_label("together, once a week").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is what you get from now on")).to_be_visible()
    look("choices")
    assert LetterChoice.objects.get().topic == "meetings"

    LetterChoice.objects.all().delete()
    make_meeting(title="Team meeting", pad="https://pad.example.org/" + "long-" * 30)
    meeting_letters.remind()
    notices.drain()
    page.goto("about:blank")  # Away from the portal, whose pages allow no styles of their own.
    page.set_content(mail.outbox[0].alternatives[0].content)
    expect(page.get_by_role("link", name="Say whether you come")).to_be_visible()
    look("letter")
    assert faults == {}

"""Calendars to subscribe to: read by independent programs, cheap to ask again, and with links for members only."""

from __future__ import annotations

from datetime import timedelta

import icalendar
import pytest
import recurring_ical_events
from django.urls import reverse
from django.utils import timezone

from members.models import Access, CalendarAddress
from members.services import calendar_addresses, meetings
from tests.factories import make_downtime, make_hub, make_meeting, make_member, make_person, make_user

pytestmark = pytest.mark.django_db

LINK = "https://video.example.org/secret-room"


@pytest.fixture
def ada():
    return make_person(make_member("heron"), name="ada")


def address(user) -> str:
    return calendar_addresses.link(calendar_addresses.make(user)).removeprefix("http://127.0.0.1:8000")


def read(client, url: str) -> tuple[bytes, dict[str, icalendar.Event]]:
    """The document, held to the letter of RFC 5545, and its events by what they are called."""
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    lines = answer.content.split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\n" in line or b"\r" in line or len(line) > 75 for line in lines)
    for name in (b"BEGIN:VCALENDAR", b"VERSION:2.0", b"END:VCALENDAR"):
        assert lines.count(name) == 1
    for unfolded in answer.content.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]:
        assert unfolded.partition(":")[1]
    parsed = icalendar.Calendar.from_ical(answer.content)
    assert not [error for each in parsed.walk() for error in each.errors]
    now = timezone.now()
    found = recurring_ical_events.of(parsed).between(now - timedelta(days=120), now + timedelta(days=400))
    assert len(found) == len(parsed.events)
    return answer.content, {str(event["SUMMARY"]): event for event in found}


def test_everybody_reads_meetings_without_links_and_maintenance(client):
    meeting = make_meeting(title="Zürich, 東京; and more " * 5, place=LINK, pad="https://pad.example.org/x")
    make_downtime(make_hub("heron"), starts=2, ends=4)
    make_downtime(make_hub("otter"), ends=None, emergency=True)
    body, events = read(client, reverse("public-calendar"))
    assert len(events) == 2
    assert b"secret-room" not in body.replace(b"\r\n ", b"")
    assert b"pad.example.org" not in body.replace(b"\r\n ", b"")
    event = events[meeting.title]
    assert (event.start, event.end, event["UID"]) == (meeting.starts_at, meeting.ends_at, str(meeting.uid))


def test_a_members_own_calendar_has_the_links_and_another_ones_has_not(client, ada):
    make_meeting(title="Team meeting", place=LINK)
    body, events = read(client, address(ada))
    assert events["Team meeting"]["LOCATION"] == LINK
    assert "secret-room" not in read(client, address(make_user("bob")))[0].decode().replace("\r\n ", "")
    Access.objects.all().delete()
    assert "secret-room" not in read(client, calendar_addresses.link(CalendarAddress.objects.get(user=ada)))[0].decode()
    assert body


def test_what_was_moved_or_called_off_says_so(client):
    meeting = make_meeting(title="Team meeting")
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(days=1), reason="a holiday", by=None)
    _, events = read(client, reverse("public-calendar"))
    assert (events["Team meeting"]["SEQUENCE"], events["Team meeting"].start) == (1, meeting.starts_at)
    meetings.cancel(meeting, reason="nobody can", by=None)
    _, events = read(client, reverse("public-calendar"))
    assert (events["Team meeting"]["SEQUENCE"], events["Team meeting"]["STATUS"]) == (2, "CANCELLED")


@pytest.mark.parametrize("own", [False, True])
def test_who_asks_again_is_told_that_nothing_is_new(client, ada, own):
    meeting = make_meeting()
    url = address(ada) if own else reverse("public-calendar")
    first = client.get(url)
    assert first["Cache-Control"] == ("private, max-age=60" if own else "public, max-age=60")
    again = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    meetings.cancel(meeting, reason="nobody can", by=None)
    assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_an_address_can_be_changed_and_taken_back_and_ends_with_the_account(client, ada):
    first = address(ada)
    second = address(ada)
    assert [client.get(each).status_code for each in (first, second)] == [404, 200]
    assert CalendarAddress.objects.get().read_on == timezone.now().date()
    ada.is_active = False
    ada.save()
    assert client.get(second).status_code == 404
    ada.is_active = True
    ada.save()
    assert calendar_addresses.take_back(ada)
    assert client.get(second).status_code == 404


@pytest.mark.parametrize("secret", ["x", "0" * 32, "0" * 32 + "~x", "é~é"])
def test_a_guessed_address_is_nobodys(client, secret):
    assert client.get(reverse("personal-calendar", args=[secret])).status_code == 404


def test_whoever_reads_the_database_reads_no_calendar(client, ada):
    calendar_addresses.make(ada)
    row = CalendarAddress.objects.get()
    for secret in (row.number.hex, str(row.number)):
        assert client.get(reverse("personal-calendar", args=[secret])).status_code == 404


def test_the_page_makes_changes_and_takes_back_ones_own_address(client, ada):
    page = reverse("calendars")
    assert "Log in" in client.get(page).content.decode()
    client.force_login(ada)
    assert "Make my address" in client.get(page).content.decode()
    shown = client.post(reverse("calendar-act"), {"do": "make"}, follow=True).content.decode()
    assert calendar_addresses.link(CalendarAddress.objects.get()) in shown
    client.post(reverse("calendar-act"), {"do": "take-back"})
    assert not CalendarAddress.objects.exists()
    assert client.get(reverse("calendar-act")).status_code == 405


def test_a_longer_calendar_takes_no_more_queries(client, ada, django_assert_max_num_queries):
    for days in range(1, 15):
        make_meeting(starts=24 * days)
        make_downtime(make_hub(), starts=24 * days, ends=24 * days + 1)
    with django_assert_max_num_queries(2):
        client.get(reverse("public-calendar"))
    url = address(ada)
    client.get(url)
    with django_assert_max_num_queries(6):
        client.get(url)

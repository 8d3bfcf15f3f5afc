"""The office plans meetings: a series is looked at before it is saved, single ones are moved and called off."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import AvoidDate, Meeting, MeetingSeries
from members.services import meeting_series, meetings, rota
from tests.factories import make_maintainer, make_meeting, make_series, make_slot

pytestmark = pytest.mark.django_db

SERIES = {"title": "Team meeting", "about": "", "place": "video.example.org/room", "pad": ""}
FRAME = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0"}
THIRD_TUESDAY = {
    "form-0-week": "3",
    "form-0-day": "TU",
    "form-0-interval": "2",
    "form-0-first_on": "2026-01-01",
    "form-0-local_time": "09:00",
    "form-0-time_zone": "Europe/London",
    "form-0-minutes": "60",
    "form-0-rule": "",
}
TURN_ABOUT = {
    **{name.replace("form-0", "form-1"): value for name, value in THIRD_TUESDAY.items()},
    "form-1-first_on": "2026-02-01",
    "form-1-local_time": "17:00",
    "form-1-time_zone": "UTC",
}
EMPTY = {
    name.replace("form-0", "form-1"): value
    for name, value in {**THIRD_TUESDAY, "form-0-first_on": "", "form-0-local_time": ""}.items()
    if name not in {"form-0-interval"}
} | {"form-1-interval": "1", "form-1-time_zone": "UTC", "form-1-minutes": "60"}
ADD_ONE = "/admin/members/meeting/add/"
ADD = "/admin/members/meetingseries/add/"


@pytest.fixture
def max_(client):
    """The client is a maintainer."""
    person = make_maintainer("max")
    client.force_login(person)
    return person


def token(html: str) -> str:
    return re.search(r'name="looked_at" value="(\w+)"', html)[1]


def test_a_series_is_looked_at_before_it_is_saved(client, max_):
    typed = {**SERIES, **FRAME, **THIRD_TUESDAY, **TURN_ABOUT}
    day = meeting_series.preview([make_slot("FREQ=MONTHLY;INTERVAL=2;BYDAY=3TU")])[0].at.day
    AvoidDate.objects.create(title="JupyterCon", kind="conference", starts_on=day, ends_on=day)
    html = client.post(ADD, typed).content.decode()
    assert not MeetingSeries.objects.exists()
    assert ("The next 12 meetings" in html, "JupyterCon (conference)" in html) == (True, True)
    # Who changed the slots after looking looks once more.
    changed = {**typed, "form-1-local_time": "18:00", "save": "yes", "looked_at": token(html)}
    again = client.post(ADD, changed).content.decode()
    assert ("The slots changed since you looked" in again, MeetingSeries.objects.count()) == (True, 0)
    client.post(ADD, {**changed, "looked_at": token(again)})
    series = MeetingSeries.objects.get()
    assert (series.place, series.slots.count(), series.meetings.count()) == ("https://video.example.org/room", 2, 12)
    assert {each.starts_at.hour for each in series.meetings.filter(time_zone="UTC")} == {18}


def test_the_form_shows_a_series_as_it_is_and_a_rule_that_words_do_not_reach(client, max_):
    series = make_series(make_slot("FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR"), make_slot("FREQ=MONTHLY;BYDAY=1TU,3TU"))
    html = client.get(f"/admin/members/meetingseries/{series.pk}/change/").content.decode()
    assert '<option value="-1" selected>the last' in html
    assert 'value="FREQ=MONTHLY;BYDAY=1TU,3TU"' in html


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"form-0-rule": "FREQ=DAILY"}, "WEEKLY, MONTHLY or YEARLY"),
        ({"form-0-rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "nobody would meet"),
        ({"form-0-minutes": "0"}, "greater than or equal to 5"),
        ({"form-0-time_zone": "Moon/Base"}, "Select a valid choice"),
        ({"form-0-DELETE": "on"}, "A series needs a slot"),
        ({"title": " "}, "This field is required"),
        ({"form-TOTAL_FORMS": "5"}, "at most 4"),
    ],
)
def test_what_can_not_be_is_said_and_nothing_is_lost(client, max_, values, said):
    answer = client.post(ADD, {**SERIES, **FRAME, **THIRD_TUESDAY, **EMPTY, "save": "yes", **values})
    html = answer.content.decode()
    assert (answer.status_code, said in html, "video.example.org/room" in html) == (200, True, True)
    assert not MeetingSeries.objects.exists()


def test_a_meeting_is_planned_moved_called_off_and_put_back(client, max_):
    at = timezone.now() + timedelta(days=3)
    typed = {"title": "Extra", "place": "", "pad": "", "starts": f"{at:%Y-%m-%dT09:00}", "zone": "Asia/Kolkata"}
    client.post("/admin/members/meeting/add/", {**typed, "minutes": "30"})
    row = Meeting.objects.get()
    assert (f"{row.local_start:%H:%M}", row.time_zone, row.minutes) == ("09:00", "Asia/Kolkata", 30)
    page = f"/admin/members/meeting/{row.pk}"
    shown = client.get(f"{page}/change/").content.decode()
    assert (f"{page}/move/" in shown, f"{page}/restore/" in shown) == (True, False)
    moved = {"starts": f"{at:%Y-%m-%dT10:30}", "zone": "Asia/Kolkata", "minutes": "30", "reason": "a strike"}
    client.post(f"{page}/move/", moved)
    client.post(f"{page}/cancel/", {"reason": "nobody can"})
    client.post(f"{page}/restore/", {"reason": "somebody can"})
    row.refresh_from_db()
    assert (f"{row.local_start:%H:%M}", row.sequence, row.cancelled_at) == ("10:30", 3, None)
    refused = client.post(f"{page}/restore/", {"reason": "again"}).content.decode()
    assert "changed meanwhile" in refused
    assert "What is needed" not in refused


def test_the_second_of_two_who_move_a_meeting_is_told_what_the_first_did(client, max_):
    row = make_meeting()
    page, at = f"/admin/members/meeting/{row.pk}/move/", timezone.now() + timedelta(days=3)
    moved = {"starts": f"{at:%Y-%m-%dT10:30}", "zone": "UTC", "minutes": "30", "reason": "a strike", "sequence": "0"}
    client.post(page, moved)
    late = client.post(page, {**moved, "starts": f"{at:%Y-%m-%dT12:30}"})
    assert "was here since you opened this: moved to" in late.content.decode()
    row.refresh_from_db()
    assert (f"{row.starts_at:%H:%M}", row.sequence) == ("10:30", 1)
    again = late.context["forms"][0].data["sequence"]
    client.post(page, {**moved, "starts": f"{at:%Y-%m-%dT12:30}", "sequence": again})
    row.refresh_from_db()
    assert f"{row.starts_at:%H:%M}" == "12:30"
    assert client.get("/admin/members/meeting/abc/move/").status_code == 404


def test_title_and_link_of_a_meeting_are_edited_and_a_stale_edit_is_told(client, max_):
    row = make_meeting()
    page, seen = f"/admin/members/meeting/{row.pk}/change/", row.fingerprint
    typed = {"title": "Board", "place": row.place, "pad": "", "seen": seen}
    client.post(page, typed)
    row.refresh_from_db()
    assert (row.title, row.sequence) == ("Board", 1)
    assert "changed this since you opened it" in client.post(page, {**typed, "title": "Bored"}).content.decode()


def test_days_to_avoid_are_kept_in_the_office(client, max_):
    typed = {"title": "JupyterCon", "kind": "conference", "starts_on": "2027-05-03", "ends_on": "2027-05-05", "url": ""}
    client.post("/admin/members/avoiddate/add/", typed)
    row = AvoidDate.objects.get()
    assert str(row) == "JupyterCon"
    wrong = client.post("/admin/members/avoiddate/add/", {**typed, "ends_on": "2027-05-01"}).content.decode()
    assert "end before it starts" in wrong
    client.post(f"/admin/members/avoiddate/{row.pk}/delete/", {"post": "yes"})
    assert not AvoidDate.objects.exists()


def test_a_series_ends_with_a_reason(client, max_):
    series = make_series()
    client.post(f"/admin/members/meetingseries/{series.pk}/end/", {"reason": "we write letters now"})
    series.refresh_from_db()
    assert series.ended_at is not None
    assert not Meeting.objects.coming(timezone.now()).filter(series=series).exists()
    assert "over" in client.get("/admin/members/meetingseries/").content.decode()
    assert rota.assign() == 0


def test_the_office_says_what_is_against_the_day_of_a_meeting_whichever_comes_first(client, max_):
    at = timezone.now() + timedelta(days=3)
    AvoidDate.objects.create(title="JupyterCon", kind="conference", starts_on=at.date(), ends_on=at.date())
    typed = {"title": "Extra", "place": "", "pad": "", "starts": f"{at:%Y-%m-%dT09:00}", "zone": "UTC", "minutes": "30"}
    assert "JupyterCon (conference)" in client.post(ADD_ONE, typed, follow=True).content.decode()
    page = f"/admin/members/meeting/{Meeting.objects.get().pk}"
    assert "JupyterCon (conference)" in client.get(f"{page}/change/").content.decode()
    later = at + timedelta(days=1)
    moved = {"starts": f"{later:%Y-%m-%dT09:00}", "zone": "UTC", "minutes": "30", "reason": "a strike"}
    asked = client.get(f"{page}/move/").content.decode()
    assert "on the public page" in asked
    assert "On that day:" not in client.post(f"{page}/move/", moved, follow=True).content.decode()
    moved["starts"] = f"{at:%Y-%m-%dT10:00}"
    assert "On that day: JupyterCon" in client.post(f"{page}/move/", moved, follow=True).content.decode()
    holiday = {"title": "Holiday", "kind": "holiday", "starts_on": f"{at:%Y-%m-%d}", "ends_on": f"{at:%Y-%m-%d}"}
    said = client.post("/admin/members/avoiddate/add/", {**holiday, "url": ""}, follow=True).content.decode()
    assert "Planned on these days already: Extra" in said


def test_the_office_says_what_becomes_of_meetings_before_a_series_is_changed(client, max_):
    series = make_series(make_slot("FREQ=MONTHLY;BYDAY=3TU", time_zone="Europe/London"))
    meetings.cancel(series.meetings.order_by("starts_at")[2], reason="holidays", by=None)
    typed = {**SERIES, **FRAME, **THIRD_TUESDAY, **EMPTY, "form-0-interval": "1", "form-0-local_time": "10:00"}
    html = client.post(f"/admin/members/meetingseries/{series.pk}/change/", typed).content.decode()
    assert ("What becomes of those planned already" in html, ": stays off" in html) == (True, True)

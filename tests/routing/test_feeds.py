"""The calendar of maintenance and the Atom feed: valid, cheap, cacheable, and nothing private in them."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone

from routing.models import Downtime, Hub, Incident
from routing.services import downtimes, incidents
from tests.factories import make_downtime, make_hub, make_incident, make_maintainer

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = ["maintenance-feed", "status-feed"]


@pytest.fixture
def calendar(client):
    """The events of the calendar as a calendar program reads them, by what they are called."""

    def read() -> dict[str, icalendar.Event]:
        response = client.get(reverse("maintenance-feed"))
        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        parsed = icalendar.Calendar.from_ical(response.content)
        assert (parsed["VERSION"], bool(parsed["PRODID"])) == ("2.0", True)
        assert not [error for event in parsed.walk() for error in event.errors]
        return {str(event["SUMMARY"]): event for event in parsed.events}

    return read


@pytest.fixture
def entries(client):
    """The entries of the Atom feed, the first one first."""

    def read() -> list[dict[str, str]]:
        response = client.get(reverse("status-feed"))
        assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
        feed = ET.fromstring(response.content)
        for needed in ("id", "title", "updated", "author"):
            assert feed.find(ATOM + needed) is not None
        return [{part.tag.removeprefix(ATOM): part.text or "" for part in entry} for entry in feed.iter(ATOM + "entry")]

    return read


# The calendar


def test_a_planned_downtime_is_an_event(calendar):
    row = make_downtime(make_hub("a", name="Heron"), starts=2, ends=4, text="new disks, and more; really")
    event = calendar()["Heron: outage"]
    assert event.start == row.starts_at.replace(microsecond=0)
    assert event.end == row.ends_at.replace(microsecond=0)
    assert event["DTSTART"].to_ical().endswith(b"Z")
    assert (event["STATUS"], event["SEQUENCE"], event["TRANSP"]) == ("CONFIRMED", 0, "TRANSPARENT")
    assert "new disks, and more; really" in event["DESCRIPTION"]
    assert event.stamp == row.changed_at.replace(microsecond=0)


def test_an_event_stays_the_same_one_when_it_is_changed(calendar):
    row = make_downtime(make_hub("a"), starts=2, ends=4)
    [before] = calendar().values()
    downtimes.extend(row, row.ends_at + timedelta(hours=1), by=None)
    [after] = calendar().values()
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] == 1
    assert after.end > before.end


def test_each_event_is_another_one(calendar):
    for key in "abc":
        make_downtime(make_hub(key), starts=2, ends=4)
    assert len({event["UID"] for event in calendar().values()}) == 3


def test_what_was_called_off_says_so_for_a_month(calendar):
    row = make_downtime(make_hub("a"), starts=2, ends=4)
    downtimes.cancel(row, reason="rain", by=None)
    event = calendar()["A: outage (called off)"]
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    assert "Called off: rain." in event["DESCRIPTION"]
    Downtime.objects.update(cancelled_at=timezone.now() - timedelta(days=31))
    assert not calendar()


def test_what_is_over_for_a_month_is_gone(calendar):
    hub = make_hub("a")
    make_downtime(hub, starts=-24 * 40, ends=-24 * 31)
    assert not calendar()
    make_downtime(hub, starts=-24 * 40, ends=-24 * 29)
    assert calendar()


def test_emergencies_and_retired_hubs_are_no_plans(calendar):
    make_downtime(make_hub("a"), ends=None, emergency=True)
    make_downtime(make_hub("b", state=Hub.State.RETIRED, weight=0), starts=2, ends=4)
    assert not calendar()


def test_a_long_text_in_any_script_survives(calendar):
    make_downtime(make_hub("a", name="Zürich 東京"), starts=2, ends=4, text='Ünïcödé 試験 \\ , ; : " 🚀 ' * 10)
    assert 'Ünïcödé 試験 \\ , ; : " 🚀 ' * 9 in calendar()["Zürich 東京: outage"]["DESCRIPTION"]


# Atom


def test_an_incident_is_an_entry_with_all_that_was_said(entries):
    incident = incidents.open_incident("Slow builds", [make_hub("a", name="Heron & Co")], "The **registry**.", by=None)
    incidents.update(incident, "identified", "It is <full>.", by=None)
    [entry] = entries()
    assert entry["title"] == "Slow builds (identified)"
    assert "<p>Hubs: Heron &amp; Co</p>" in entry["summary"]
    assert "<strong>registry</strong>" in entry["summary"]
    assert "&lt;full&gt;" in entry["summary"]
    assert entry["summary"].index("Identified") < entry["summary"].index("Investigating")


def test_an_entry_stays_the_same_one_and_is_newer_when_more_is_said(entries):
    incident = incidents.open_incident("Slow builds", [], "Hm.", by=None)
    [before] = entries()
    incident.updates.update(at=timezone.now() - timedelta(hours=1))
    Incident.objects.update(published_at=timezone.now() - timedelta(hours=1))
    [earlier] = entries()
    incidents.resolve(incident, "Done.", by=None)
    [after] = entries()
    assert before["id"] == earlier["id"] == after["id"]
    assert after["id"].startswith("urn:uuid:")
    assert datetime.fromisoformat(earlier["updated"]) < datetime.fromisoformat(after["updated"])


def test_downtimes_of_all_kinds_are_entries(entries):
    hub = make_hub("a")
    make_downtime(hub, starts=2, ends=4)
    make_downtime(hub, severity="at_risk")
    make_downtime(hub, ends=None, emergency=True)
    assert {entry["title"] for entry in entries()} == {"A: outage", "A: at risk", "A: emergency drain"}


def test_control_characters_are_taken_out_and_those_kept_before_take_no_feed_down(entries):
    hub, soon = make_hub("a"), timezone.now() + timedelta(days=1)
    times = {"starts": soon, "ends": soon + timedelta(hours=1)}
    (planned,) = downtimes.plan([hub], **times, severity="outage", text="esc \x1b[31mRED", by=None)
    opened = incidents.open_incident("bell\x07", [hub], "line\x00\x1b one\r\ntwo", by=None)
    assert (planned.text, opened.title, opened.updates.get().text) == ("esc [31mRED", "bell", "line one\ntwo")
    Downtime.objects.update(text="old \x1b", changed_at=timezone.now())
    Incident.objects.update(title="older \x07")
    assert {entry["title"] for entry in entries()} == {"A: outage", "older (investigating)"}


def test_the_newest_comes_first(entries):
    hub = make_hub("a")
    old = timezone.now() - timedelta(days=1)
    make_downtime(hub, changed_at=old)
    make_incident(hub, title="News")
    assert [entry["title"] for entry in entries()] == ["News (investigating)", "A: outage"]


def test_a_draft_is_no_entry_until_it_is_accepted(entries):
    draft = make_incident(draft=True, opened_at=timezone.now() - timedelta(hours=1))
    discarded = make_incident(draft=True)
    incidents.discard(discarded, by=None)
    assert not entries()
    incidents.accept(draft, by=None)
    [entry] = entries()
    assert datetime.now(UTC) - datetime.fromisoformat(entry["updated"]) < timedelta(minutes=1)


# Both


@pytest.mark.parametrize("feed", FEEDS)
def test_no_person_is_named(client, feed):
    person = make_maintainer("mara-secret")
    hub = make_hub("a")
    row = downtimes.plan(
        [hub],
        starts=timezone.now() + timedelta(hours=2),
        ends=timezone.now() + timedelta(hours=3),
        severity="outage",
        text="new disks",
        by=person,
    )[0]
    downtimes.cancel(row, reason="rain", by=person)
    incidents.open_incident("Slow builds", [hub], "Hm.", by=person)
    body = client.get(reverse(feed)).content.decode()
    assert "secret" not in body
    assert "@" not in body


@pytest.mark.parametrize("feed", FEEDS)
def test_an_empty_feed_is_valid_and_the_same_each_time(client, feed, calendar, entries):
    assert not calendar()
    assert not entries()
    assert client.get(reverse(feed))["ETag"] == client.get(reverse(feed))["ETag"]


@pytest.mark.parametrize("feed", FEEDS)
def test_who_has_it_already_gets_nothing_again(client, feed):
    row = make_downtime(make_hub("a"), starts=2, ends=4, changed_at=timezone.now() - timedelta(minutes=5))
    first = client.get(reverse(feed))
    by_etag = {"If-None-Match": first["ETag"]}
    by_date = {"If-Modified-Since": first["Last-Modified"]}
    for headers in (by_etag, by_date):
        again = client.get(reverse(feed), headers=headers)
        assert (again.status_code, again.content) == (304, b"")
    downtimes.extend(row, row.ends_at + timedelta(hours=1), by=None)
    for headers in (by_etag, by_date):
        assert client.get(reverse(feed), headers=headers).status_code == 200


@pytest.mark.parametrize("feed", FEEDS)
def test_it_costs_three_queries_at_most_and_no_cookie(client, feed, django_assert_max_num_queries):
    hubs = [make_hub(key) for key in "abc"]
    for hub in hubs:
        make_downtime(hub, starts=2, ends=4)
        make_incident(*hubs)
    with django_assert_max_num_queries(3):
        response = client.get(reverse(feed))
    assert response.status_code == 200
    assert not response.cookies


@pytest.mark.parametrize("feed", FEEDS)
def test_it_is_only_read(client, feed):
    assert client.post(reverse(feed)).status_code == 405


def test_what_a_feed_can_not_say_is_taken_out_when_it_is_typed_and_when_it_is_told(calendar, entries):
    hub, by = make_hub("a", name="Heron"), make_maintainer()
    now = timezone.now()
    downtimes.plan(
        [hub], starts=now, ends=now + timedelta(hours=1), severity="outage", text="esc \x1b[31mRED \ufffe", by=by
    )
    incidents.open_incident("Slow\x07ly", [hub], "It\x0b is\nslow", by=by)
    assert Downtime.objects.get().text == "esc [31mRED"
    assert Incident.objects.get().title == "Slowly"
    make_downtime(hub, starts=5, ends=6, text="written before \x1b[0m")
    make_incident(hub, said="so was this \x07")
    assert len(entries()) == 4
    assert len(calendar()) == 1

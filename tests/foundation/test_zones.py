"""Times as people type them, in the zone they name."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from foundation import zones


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("typed", "zone", "moment"),
    [
        ("2026-12-01T09:00", "UTC", "2026-12-01T09:00Z"),
        ("2026-12-01T09:00", "Europe/London", "2026-12-01T09:00Z"),
        ("2026-07-01T09:00", "Europe/London", "2026-07-01T08:00Z"),
        ("2026-12-01T09:00", "America/Los_Angeles", "2026-12-01T17:00Z"),
        ("2026-07-01T20:00", "America/Los_Angeles", "2026-07-02T03:00Z"),
        ("2026-07-01T09:00", "Asia/Kolkata", "2026-07-01T03:30Z"),
        ("2026-07-01T02:00", "Asia/Kolkata", "2026-06-30T20:30Z"),
    ],
)
def test_a_time_is_meant_in_its_zone(typed, zone, moment):
    assert zones.moment(at(typed), zone) == at(moment)


@pytest.mark.parametrize(
    ("typed", "zone"), [("2026-03-29T01:30", "Europe/London"), ("2026-03-08T02:30", "America/Los_Angeles")]
)
def test_a_time_that_clocks_skip_is_refused_in_words(typed, zone):
    with pytest.raises(zones.ZoneError, match=f"does not exist in {zone}: clocks are set forward"):
        zones.moment(at(typed), zone)


@pytest.mark.parametrize(
    ("typed", "zone", "moment"),
    [
        ("2026-10-25T01:30", "Europe/London", "2026-10-25T00:30Z"),
        ("2026-11-01T01:30", "America/Los_Angeles", "2026-11-01T08:30Z"),
    ],
)
def test_a_time_that_comes_twice_is_the_earlier_one(typed, zone, moment):
    assert zones.moment(at(typed), zone) == at(moment)
    assert zones.moment(at(typed).replace(fold=1), zone) == at(moment)


@pytest.mark.parametrize(
    ("typed", "zone"), [("0001-01-01T00:00", "Asia/Kolkata"), ("9999-12-31T23:59", "America/Los_Angeles")]
)
def test_a_time_beyond_the_calendar_is_refused(typed, zone):
    with pytest.raises(zones.ZoneError):
        zones.moment(at(typed), zone)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "EST5EDT", "localtime", "utc"])
def test_a_zone_that_nobody_can_choose_is_refused(name):
    with pytest.raises(zones.ZoneError, match="There is no time zone"):
        zones.moment(at("2026-12-01T09:00"), name)


def test_utc_is_the_first_zone_to_choose():
    assert zones.names()[0] == "UTC"
    assert {"Europe/London", "America/Los_Angeles", "Asia/Kolkata"} < set(zones.names())


def test_moments_are_said_in_utc():
    assert zones.said(datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("Asia/Kolkata"))) == "01 July 2026, 03:30 UTC"
    assert zones.said(datetime(2026, 7, 1, 9, tzinfo=UTC)) == "01 July 2026, 09:00 UTC"


def test_a_place_is_offered_once_under_its_name_of_today_and_understood_by_the_former():
    offered = dict(zones.choices("Asia/Calcutta"))

    assert {"UTC", "Asia/Kolkata", "Europe/Kyiv", "Asia/Calcutta"} <= set(offered)
    assert not {"America/Shiprock", "Asia/Calcutta"} & set(dict(zones.choices()))
    assert zones.moment(at("2026-12-01T09:00"), "Asia/Calcutta") == at("2026-12-01T03:30Z")

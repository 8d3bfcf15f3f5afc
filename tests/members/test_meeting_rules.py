"""When series meet: by RFC 5545 in their own zone, over daylight saving, and as two other libraries see it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from icalendar import Calendar, Event, vRecur

from members.services import recurrence
from members.services.recurrence import RuleError
from tests.factories import make_slot

ZONES = ("Europe/London", "America/Los_Angeles", "Australia/Sydney", "Asia/Kolkata")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
THIRD_TUESDAY = "FREQ=MONTHLY;BYDAY=3TU"


def two_years(slot):
    return recurrence.until([slot], NOW, NOW + timedelta(days=2 * 365))


def offsets(slot) -> set[float]:
    zone = ZoneInfo(slot.time_zone)
    return {each.starts_at.astimezone(zone).utcoffset().total_seconds() / 3600 for each in two_years(slot)}


def by_another_library(slot) -> list[datetime]:
    """The same from recurring-ical-events, which reads a calendar as programs do."""
    first = two_years(slot)[0].starts_at.astimezone(ZoneInfo(slot.time_zone))
    event = Event.new(start=first, end=first + timedelta(minutes=slot.minutes), uid="1", summary="Meeting")
    event.add("rrule", vRecur.from_ical(slot.rule))
    found = recurring_ical_events.of(Calendar.new(subcomponents=[event])).between(NOW, NOW + timedelta(days=2 * 365))
    return sorted(each.start.astimezone(UTC) for each in found)


@pytest.mark.parametrize("zone", ZONES)
def test_clocks_show_the_same_time_over_two_years_of_daylight_saving(zone):
    slot = make_slot(time_zone=zone)
    shown = {each.starts_at.astimezone(ZoneInfo(zone)).time() for each in two_years(slot)}
    days = {each.day.isoweekday() for each in two_years(slot)}
    assert (shown, days, len(two_years(slot))) == ({time(9)}, {2}, 24)
    expected = {"Europe/London": {0, 1}, "America/Los_Angeles": {-8, -7}, "Australia/Sydney": {11, 10}}
    assert offsets(slot) == expected.get(zone, {5.5})


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("rule", [THIRD_TUESDAY, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "FREQ=MONTHLY;BYDAY=-1FR"])
def test_another_library_finds_the_same_times(zone, rule):
    slot = make_slot(rule, time_zone=zone, local_time=time(17, 30))
    assert [each.starts_at for each in two_years(slot)] == by_another_library(slot)


def test_two_slots_take_turns():
    slots = [
        make_slot(f"{THIRD_TUESDAY};INTERVAL=2"),
        make_slot(f"{THIRD_TUESDAY};INTERVAL=2", first_on=date(2026, 2, 1), local_time=time(17), time_zone="UTC"),
    ]
    found = recurrence.upcoming(slots, datetime(2026, 1, 31, tzinfo=UTC), 6)
    assert [f"{each.starts_at:%m-%d %H:%M}" for each in found] == [
        *("02-17 17:00", "03-17 09:00", "04-21 17:00"),
        *("05-19 08:00", "06-16 17:00", "07-21 08:00"),  # Summer time in London.
    ]


def test_a_turn_is_not_lost_when_the_first_day_of_the_rule_is_over_by_the_day_it_begins():
    slot = make_slot(f"{THIRD_TUESDAY};INTERVAL=2", first_on=date(2026, 1, 25))
    assert [each.day.month for each in recurrence.upcoming([slot], NOW, 3)] == [3, 5, 7]


def test_a_time_that_clocks_skip_is_an_hour_later_and_one_that_comes_twice_the_first():
    skipped = make_slot("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", local_time=time(1, 30))
    twice = make_slot("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", local_time=time(1, 30))
    assert recurrence.upcoming([skipped], NOW, 1)[0].starts_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert recurrence.upcoming([twice], NOW, 1)[0].starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_count_and_until_end_a_series():
    ended = make_slot(f"{THIRD_TUESDAY};UNTIL=20260331")
    assert [each.day.month for each in recurrence.upcoming([ended], NOW, 12)] == [1, 2, 3]
    to_the_second = make_slot(f"{THIRD_TUESDAY};UNTIL=20260317T085900Z")
    assert [each.day.month for each in recurrence.upcoming([to_the_second], NOW, 12)] == [1, 2]
    assert len(recurrence.upcoming([make_slot(f"{THIRD_TUESDAY};COUNT=5")], NOW, 12)) == 5


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("rrule:freq=monthly;byday=3tu", THIRD_TUESDAY), (" FREQ=WEEKLY; BYDAY=MO ", "FREQ=WEEKLY;BYDAY=MO")],
)
def test_rules_are_tidied(typed, kept):
    assert recurrence.checked(typed) == kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "third Tuesday"),
        ("every third Tuesday", "third Tuesday"),
        ("FREQ=MONTHLY;BYDAY=9XX", "third Tuesday"),
        ("FREQ=DAILY", "WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=SECONDLY", "WEEKLY, MONTHLY or YEARLY"),
        ("BYDAY=3TU", "WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=MONTHLY;INTERVAL=0", "1 or more"),
        ("FREQ=MONTHLY;COUNT=0", "1 or more"),
        ("FREQ=MONTHLY;BYHOUR=3", "knows no BYHOUR"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=8", "BYSETPOS goes with"),
    ],
)
def test_what_is_no_rule_is_refused_in_words(typed, said):
    with pytest.raises(RuleError, match=said):
        recurrence.checked(typed)


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYDAY=60TU", "FREQ=MONTHLY;BYDAY=0TU"])
def test_what_the_library_chokes_on_is_refused_as_well(rule):
    with pytest.raises(RuleError, match="can't be followed"):
        recurrence.upcoming([make_slot(recurrence.checked(rule))], NOW, 3)

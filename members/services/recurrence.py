"""When a series meets, by rules of RFC 5545 in their own time zone: icalendar reads them, dateutil works them out.

Clocks decide: a rule says what they show in its zone, so a meeting at nine stays at nine when they are set forward.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import vRecur

from foundation import zones

# A year has fewer weeks than this has days: no rule needs to be followed further to find twelve meetings.
HORIZON: Final = timedelta(days=3 * 366)
FREQUENCIES: Final = frozenset(["WEEKLY", "MONTHLY", "YEARLY"])
PARTS: Final = frozenset(["FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST", "COUNT", "UNTIL"])


class RuleError(ValueError):
    """This rule can't be followed; the text says why."""


@dataclass(frozen=True)
class Slot:
    """A rule, from which day on, what clocks show in which zone, and for how long."""

    rule: str
    first_on: date
    local_time: time
    time_zone: str
    minutes: int


@dataclass(frozen=True, order=True)
class Occurrence:
    """One time at which a series meets."""

    starts_at: datetime
    ends_at: datetime
    time_zone: str

    @property
    def day(self) -> date:
        """The day it is then in its zone."""
        return self.starts_at.astimezone(ZoneInfo(self.time_zone)).date()


def checked(rule: str) -> str:
    """The rule as it is kept; RuleError if it is none, or one that nobody meets by."""
    text = "".join(rule.split()).upper().removeprefix("RRULE:")
    parts = _read(text)
    unknown = set(parts) - PARTS
    if unknown:
        raise RuleError(f"A rule of meetings knows no {', '.join(sorted(unknown))}.")
    if parts.get("FREQ") not in ([each] for each in FREQUENCIES):
        raise RuleError("FREQ says how often: WEEKLY, MONTHLY or YEARLY.")
    if min(*parts.get("INTERVAL", [1]), *parts.get("COUNT", [1]), 1) < 1:
        raise RuleError("INTERVAL and COUNT are 1 or more.")
    if parts["FREQ"] == ["WEEKLY"] and "BYSETPOS" in parts:
        raise RuleError("BYSETPOS goes with MONTHLY and YEARLY.")
    return text


def upcoming(slots: Iterable[Slot], after: datetime, count: int) -> list[Occurrence]:
    """The next so many times after a moment, of all slots together; at most three years ahead, each time once."""
    found: list[Occurrence] = []
    for each in heapq.merge(*(_times(slot, after) for slot in slots)):
        if not found or each.starts_at != found[-1].starts_at:
            found.append(each)
        if len(found) == count:
            break
    return found


def until(slots: Iterable[Slot], after: datetime, last: datetime) -> list[Occurrence]:
    """All times after a moment and not after another."""
    found = heapq.merge(*(_times(slot, after) for slot in slots))
    return list(dict.fromkeys(each for each in found if each.starts_at <= last))


def _times(slot: Slot, after: datetime) -> Iterator[Occurrence]:
    """The times of one slot after a moment, each in UTC. A time that clocks skip is as much later as they are set."""
    zone, horizon = ZoneInfo(slot.time_zone), max(after, _moment(slot, slot.first_on)) + HORIZON
    for local in _days(slot):
        starts_at = local.replace(tzinfo=zone).astimezone(UTC)
        if starts_at > horizon:
            return
        if starts_at > after:
            yield Occurrence(starts_at, starts_at + timedelta(minutes=slot.minutes), slot.time_zone)


def _days(slot: Slot) -> Iterator[datetime]:
    """What clocks show at each time of the rule. COUNT and UNTIL are ours to mind: dateutil takes only one of them."""
    parts = _read(slot.rule)
    most, last = parts.pop("COUNT", [None])[0], parts.pop("UNTIL", [None])[0]
    try:
        rule = rrulestr(_written(parts), dtstart=datetime.combine(slot.first_on, slot.local_time))
        for local in islice(rule, most):
            if last is not None and _is_past(local, last, slot):
                return
            yield local
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        raise RuleError(f"This rule can't be followed: {error}.") from error


def _is_past(local: datetime, last: date, slot: Slot) -> bool:
    if not isinstance(last, datetime):
        return local.date() > last
    if last.tzinfo is None:
        return local > last
    return local.replace(tzinfo=ZoneInfo(slot.time_zone)) > last


def _written(parts: vRecur) -> str:
    text: bytes = vRecur(parts).to_ical()  # type: ignore[no-untyped-call]
    return text.decode()


def _read(text: str) -> vRecur:
    try:
        parts: vRecur = vRecur.from_ical(text)
    except (ValueError, KeyError, TypeError) as error:
        raise RuleError(
            "This is no rule of RFC 5545. The third Tuesday of each month is FREQ=MONTHLY;BYDAY=3TU."
        ) from error
    if not parts:
        raise RuleError("Say on which days: FREQ=MONTHLY;BYDAY=3TU is the third Tuesday of each month.")
    return parts


def _moment(slot: Slot, day: date) -> datetime:
    if slot.time_zone not in zones.names():
        raise RuleError(f"There is no time zone {slot.time_zone!r}.")
    return datetime.combine(day, slot.local_time, ZoneInfo(slot.time_zone)).astimezone(UTC)

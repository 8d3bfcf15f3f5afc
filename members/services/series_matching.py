"""Which of a series' meetings goes along with which of its new times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from members.models import Meeting, MeetingSeries
from members.services import recurrence
from members.services.recurrence import Occurrence, Slot

CHANGED: Final = "the series meets at other times now"


def is_off_by_rule(row: Meeting) -> bool:
    """Whether it was called off because its series met at other times, and by nobody's hand."""
    return row.cancelled_at is not None and row.change.endswith(CHANGED)


def pairs(
    series: MeetingSeries, rows: Sequence[Meeting], slots: Sequence[Slot], now: datetime
) -> list[tuple[Meeting, Occurrence | None]]:
    """For each meeting the time that is now planned for it: the same, else another on its day, else none."""
    last = max((row.planned_at for row in rows if row.planned_at), default=now) + timedelta(days=1)
    times = {each.starts_at: each for each in recurrence.until(slots, now, last)}
    there = Meeting.objects.filter(series=series, planned_at__in=list(times))
    taken = set(there.values_list("planned_at", flat=True))
    free = {each.day: each for each in reversed(times.values()) if each.starts_at not in taken}
    found: list[tuple[Meeting, Occurrence | None]] = []
    for row in rows:
        at = times.get(row.planned_at) if row.planned_at else None
        if at is None and row.planned_at and not is_off_by_rule(row):
            at = free.pop(row.planned_at.astimezone(ZoneInfo(row.time_zone)).date(), None)
        found.append((row, at))
    return found

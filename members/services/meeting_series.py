"""Series of meetings: looked at before they are saved, and their next meetings made ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from foundation import reasons, zones
from members.models import AvoidDate, Meeting, MeetingSeries, MeetingSlot
from members.services import access, edits, history, meetings, recurrence, series_matching
from members.services.recurrence import Occurrence, Slot
from members.services.series_matching import CHANGED

if TYPE_CHECKING:
    from members.models import User
    from members.models.meetings import MeetingQuerySet

# So many meetings are made ahead.
AHEAD: Final = 12
# One further away, of which nobody took notice yet, vanishes with its rule; others are called off, so that people hear.
NEAR: Final = timedelta(days=30)


@dataclass(frozen=True)
class Planned:
    """One time of a series, and what speaks against it."""

    at: Occurrence
    clashes: tuple[str, ...] = ()


def preview(
    slots: Sequence[Slot], *, series: MeetingSeries | None = None, after: datetime | None = None, count: int = AHEAD
) -> list[Planned]:
    """The next meetings that these slots would make, each with what is on that day; RuleError if there are none."""
    found = recurrence.upcoming(slots, after or timezone.now(), count)
    if not found:
        raise recurrence.RuleError("By this rule nobody would meet in the next three years.")
    return [Planned(each, tuple(said)) for each, said in zip(found, clashes(found, series=series), strict=True)]


def clashes(
    times: Sequence[Occurrence], *, series: MeetingSeries | None = None, but: Meeting | None = None
) -> list[list[str]]:
    """For each of these times, in words: days to avoid, and other meetings at the same time. Two queries."""
    if not times:
        return []
    days = [each.day for each in times]
    avoid = list(AvoidDate.objects.filter(ends_on__gte=min(days), starts_on__lte=max(days)))
    first, last = min(each.starts_at for each in times), max(each.ends_at for each in times)
    others = Meeting.objects.standing().filter(ends_at__gt=first, starts_at__lt=last)
    if series is not None:
        others = others.exclude(series=series)
    if but is not None:
        others = others.exclude(pk=but.pk)
    met = list(others)
    return [
        [
            *(f"{row} ({row.get_kind_display()})" for row in avoid if row.starts_on <= each.day <= row.ends_on),
            *(f"another meeting: {row.title}" for row in met if _overlap(row, each)),
        ]
        for each in times
    ]


def consequences(series: MeetingSeries, slots: Sequence[Slot], *, now: datetime | None = None) -> list[str]:
    """What would become of meetings that are planned already and that somebody noticed, in words."""
    now = now or timezone.now()
    if slots_of(series) == list(slots):
        return []
    pairs = series_matching.pairs(series, list(_ahead(series, now).order_by("starts_at", "id")), slots, now)
    said = ((row, _consequence(row, at, now)) for row, at in pairs)
    return [f"{row.local_start:%a %-d %b %Y, %H:%M}: {words}" for row, words in said if words]


def _consequence(row: Meeting, at: Occurrence | None, now: datetime) -> str:
    """Empty for one that nobody would miss."""
    answers = row.rsvps.count()
    counted = f", with {answers} answer{'' if answers == 1 else 's'}" if answers else ""
    if row.cancelled_at is not None:
        comes_back = at is not None and at.starts_at == row.planned_at and row.change.endswith(CHANGED)
        return "takes place again" if comes_back else "stays off" if at is not None else ""
    if at is None:
        return f"called off{counted}" if _is_noticed(row, now) else ""
    if row.starts_at != row.planned_at:
        return "stays as it was moved"
    if at.starts_at != row.planned_at:
        there = at.starts_at.astimezone(ZoneInfo(at.time_zone))
        return f"moves to {there:%H:%M} {at.time_zone}{counted}" if _is_noticed(row, now) else ""
    return ""


def against(meeting: Meeting) -> list[str]:
    """What is on the day of a meeting, in words: days to avoid, and other meetings at the same time."""
    return clashes([Occurrence(meeting.starts_at, meeting.ends_at, meeting.time_zone)], but=meeting)[0]


def slots_of(series: MeetingSeries) -> list[Slot]:
    """Its slots."""
    return [
        Slot(each.rule, each.first_on, each.local_time, each.time_zone, each.minutes) for each in series.slots.all()
    ]


@transaction.atomic
def create(values: Mapping[str, Any], slots: Sequence[Slot], *, by: User | None) -> MeetingSeries:
    """A new series, with its next meetings."""
    _require_maintainer(by)
    row = MeetingSeries()
    for name, value in edits.different(row, values).items():
        setattr(row, name, value)
    edits.check(row, MeetingSeries.RECORD)
    history.save(row, by=by)
    _set_slots(row, slots, by)
    keep_ahead(row, timezone.now())
    return row


@transaction.atomic
def edit(
    series: MeetingSeries, values: Mapping[str, Any], slots: Sequence[Slot], *, by: User | None, seen: str | None = None
) -> MeetingSeries:
    """Change a series and the meetings to come: what was moved or called off by hand stays so."""
    _require_maintainer(by)
    row, now = edits.locked(series), timezone.now()
    if row.ended_at is not None:
        raise edits.EditError("This series is over.")
    before = {name: getattr(row, name) for name in MeetingSeries.RECORD}
    edits.write(row, values, by=by, seen=seen)
    for name in ("title", "place", "pad"):
        if getattr(row, name) != before[name]:
            _pass_on(row, name, before[name], by, now)
    if slots_of(row) != list(slots):
        _set_slots(row, slots, by)
        _follow(row, by, now)
    keep_ahead(row, now)
    return row


@transaction.atomic
def end(series: MeetingSeries, *, reason: str, by: User | None) -> None:
    """No more meetings: those to come are called off, or vanish if they are far away."""
    _require_maintainer(by)
    reason, now = reasons.checked(reason), timezone.now()
    if not MeetingSeries.objects.filter(pk=series.pk, ended_at=None).update(ended_at=now):
        raise edits.EditError("It is over already.")
    series.refresh_from_db()
    history.note([series], by=by, reason=reason)
    for meeting in series.meetings.coming(now).filter(starts_at__gt=now):
        _drop(meeting, reason, by, now)


def keep_all_ahead(now: datetime | None = None) -> int:
    """Make the next meetings of every series; how many were made. Safe to run any time, any number of times."""
    moment = now or timezone.now()
    return sum(keep_ahead(each, moment) for each in MeetingSeries.objects.filter(ended_at=None))


@transaction.atomic
def keep_ahead(series: MeetingSeries, now: datetime) -> int:
    """Make the next meetings of a series; those that are there stay as they are."""
    row = MeetingSeries.objects.select_for_update().get(pk=series.pk)
    if row.ended_at is not None:
        return 0
    times = recurrence.upcoming(slots_of(row), now, AHEAD)
    there = row.meetings.filter(planned_at__in=[each.starts_at for each in times])
    known = set(there.values_list("planned_at", flat=True))
    made = [_made(row, each) for each in times if each.starts_at not in known]
    for meeting in made:
        history.save(meeting, by=None, reason="by the rule of its series")
    return len(made)


def _overlap(meeting: Meeting, at: Occurrence) -> bool:
    return meeting.starts_at < at.ends_at and at.starts_at < meeting.ends_at


def _made(series: MeetingSeries, at: Occurrence) -> Meeting:
    return Meeting(
        series=series,
        title=series.title,
        place=series.place,
        pad=_pad(series.pad, at.day.isoformat()),
        time_zone=at.time_zone,
        planned_at=at.starts_at,
        starts_at=at.starts_at,
        ends_at=at.ends_at,
    )


def _pad(pattern: str, day: str) -> str:
    return pattern.replace("YYYY-MM-DD", day)


def _set_slots(series: MeetingSeries, slots: Sequence[Slot], by: User | None) -> None:
    preview(slots, series=series)  # RuleError for what can't be followed.
    for row in series.slots.all():
        history.delete(row, by=by)
    for each in slots:
        slot = MeetingSlot(
            series=series,
            rule=recurrence.checked(each.rule),
            first_on=each.first_on,
            local_time=each.local_time,
            time_zone=each.time_zone,
            minutes=each.minutes,
        )
        slot.full_clean()
        history.save(slot, by=by)


def _ahead(series: MeetingSeries, now: datetime) -> MeetingQuerySet:
    """Meetings of the series' rules that have not begun, called off or not."""
    return Meeting.objects.filter(series=series, planned_at__gt=now, starts_at__gt=now)


def _follow(series: MeetingSeries, by: User | None, now: datetime) -> None:
    """Let the meetings to come be those of the new rules."""
    rows = list(_ahead(series, now).select_for_update())
    for row, at in series_matching.pairs(series, rows, slots_of(series), now):
        if at is None:
            if row.cancelled_at is None:
                _drop(row, CHANGED, by, now)
        elif at.starts_at != row.planned_at:
            _replan(row, at, by)
        elif series_matching.is_off_by_rule(row):
            meetings.restore(row, reason="the series meets then again", by=None)
        elif row.starts_at == row.planned_at:
            _follow_length(row, at, by)


def _replan(row: Meeting, at: Occurrence, by: User | None) -> None:
    """Give a meeting the new time of its day. What was decided by hand stays: it is off, or is when it was moved to."""
    times = {"starts_at": at.starts_at, "ends_at": at.ends_at, "time_zone": at.time_zone}
    if row.starts_at == row.planned_at and row.cancelled_at is None:
        change = f"moved to {zones.said(at.starts_at)}: {CHANGED}"
        meetings.reschedule([row], by=by, change=change, planned_at=at.starts_at, **times)
        return
    values = {"planned_at": at.starts_at, **(times if row.starts_at == row.planned_at else {})}
    for name, value in values.items():
        setattr(row, name, value)
    history.save(row, by=by, reason=CHANGED, fields=list(values))


def _follow_length(row: Meeting, at: Occurrence, by: User | None) -> None:
    if (row.ends_at, row.time_zone) != (at.ends_at, at.time_zone):
        change = "its series was changed"
        meetings.reschedule([row], by=by, change=change, ends_at=at.ends_at, time_zone=at.time_zone)


def _drop(meeting: Meeting, reason: str, by: User | None, now: datetime) -> None:
    if _is_noticed(meeting, now):
        meetings.cancel(meeting, reason=reason, by=by)
    else:
        history.delete(meeting, by=by, reason=reason)


def _is_noticed(meeting: Meeting, now: datetime) -> bool:
    used = meeting.rsvps.exists() or meeting.items.filter(source="").exists() or meeting.actions.exists()
    return used or meeting.starts_at < now + NEAR or meeting.sequence > 0


def _pass_on(series: MeetingSeries, name: str, before: str, by: User | None, now: datetime) -> None:
    """A new title, place or pad goes to the meetings to come that still have the old one."""
    rows: list[Meeting] = []
    for row in _ahead(series, now).select_for_update():
        day = row.local_start.date().isoformat()
        old, new = (_pad(each, day) for each in (before, getattr(series, name)))
        if getattr(row, name) == old:
            setattr(row, name, new)
            rows.append(row)
    for row in rows:
        meetings.reschedule([row], by=by, change=f"another {row.label(name)}", **{name: getattr(row, name)})


def _require_maintainer(by: User | None) -> None:
    if by is not None and not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers plan series of meetings.")


__all__ = [
    "AHEAD",
    "Planned",
    "Slot",
    "against",
    "clashes",
    "consequences",
    "create",
    "edit",
    "end",
    "keep_ahead",
    "keep_all_ahead",
    "preview",
]

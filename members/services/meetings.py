"""Meetings: plan one, move it, call it off, write down what was said; also those that series make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from foundation import reasons, zones
from foundation.zones import said
from members.models import Meeting
from members.services import access, edits, history, visibility

if TYPE_CHECKING:
    from members.models import User
    from members.models.meetings import MeetingQuerySet

LONGEST: Final = 24 * 60
SHORTEST: Final = 5
FARTHEST: Final = timedelta(days=3 * 366)
# What maintainers edit of a meeting, and what those edit who lead it and take its notes.
FACTS: Final = ("title", "place", "pad")
NOTES: Final = ("notes", "notes_url", "notes_public")


class Settled(edits.EditError):
    """It is over, was called off, or somebody else changed it first."""


def next_one(now: datetime | None = None) -> Meeting | None:
    """The one that is on, or the next to come."""
    return Meeting.objects.coming(now or timezone.now()).first()


def takes_part(user: User | AnonymousUser) -> bool:
    """Whether this person is of the federation: sees links, proposes, answers."""
    who = visibility.viewer(user)
    return who.maintainer or who.takes_part


def runs(user: User | AnonymousUser, meeting: Meeting) -> bool:
    """Whether this person leads the meeting or takes its notes; maintainers may do so of each."""
    own = user.pk is not None and user.is_active and user.pk in (meeting.facilitator_id, meeting.note_taker_id)
    return own or access.is_maintainer(user)


def require_to_run(user: User | None, meeting: Meeting) -> None:
    """Refuse with NotAllowed who does not run the meeting."""
    if user is not None and not runs(user, meeting):
        raise access.NotAllowed("Those who lead this meeting and take its notes may do that, and maintainers.")


def require_to_take_part(user: User | None) -> None:
    """Refuse with NotAllowed who is not of the federation."""
    if user is not None and not takes_part(user):
        raise access.NotAllowed("People of members may do that, and maintainers.")


@transaction.atomic
def plan(values: Mapping[str, Any], *, starts_at: datetime, minutes: int, time_zone: str, by: User | None) -> Meeting:
    """A meeting of its own, outside of any series."""
    _require_maintainer(by)
    _refuse_times(starts_at, minutes)
    _refuse_zone(time_zone)
    row = Meeting(starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes), time_zone=time_zone)
    _only(values, FACTS)
    for name, value in edits.different(row, values).items():
        setattr(row, name, value)
    edits.check(row, Meeting.RECORD)
    row.changed_by = by
    history.save(row, by=by)
    return row


@transaction.atomic
def edit(meeting: Meeting, values: Mapping[str, Any], *, by: User | None, seen: str | None = None) -> Meeting:
    """Change title, video link or pad. Invitations go out anew where they say something else now."""
    _require_maintainer(by)
    _only(values, FACTS)
    row = edits.locked(meeting)
    changed = edits.apply(row, values, seen=seen)
    if changed:
        what = " and ".join(row.label(name) for name in changed)
        reschedule([row], by=by, change=f"another {what}", **{name: getattr(row, name) for name in changed})
    return row


@transaction.atomic
def move(meeting: Meeting, *, starts_at: datetime, reason: str, by: User | None, minutes: int | None = None) -> Meeting:
    """Let it be at another time. Of two who do this at once one gets Settled."""
    _require_maintainer(by)
    reason, length = reasons.checked(reason), minutes or meeting.minutes
    _refuse_times(starts_at, length)
    ends_at = starts_at + timedelta(minutes=length)
    if (starts_at, ends_at) == (meeting.starts_at, meeting.ends_at):
        raise edits.EditError("That is when it is already.")
    rows = Meeting.objects.coming(timezone.now()).filter(pk=meeting.pk, sequence=meeting.sequence)
    what = f"moved to {said(starts_at)}" if starts_at != meeting.starts_at else f"lasts {length} minutes now"
    return _changed(rows, meeting, by, f"{what}: {reason}", starts_at=starts_at, ends_at=ends_at)


@transaction.atomic
def cancel(meeting: Meeting, *, reason: str, by: User | None) -> Meeting:
    """Call it off. Exactly one caller wins; the others get Settled."""
    _require_maintainer(by)
    reason, now = reasons.checked(reason), timezone.now()
    rows = Meeting.objects.coming(now).filter(pk=meeting.pk)
    return _changed(rows, meeting, by, f"called off: {reason}", cancelled_at=now)


@transaction.atomic
def restore(meeting: Meeting, *, reason: str, by: User | None) -> Meeting:
    """It takes place after all."""
    _require_maintainer(by)
    rows = Meeting.objects.ahead(timezone.now()).filter(pk=meeting.pk).exclude(cancelled_at=None)
    return _changed(rows, meeting, by, f"takes place after all: {reasons.checked(reason)}", cancelled_at=None)


@transaction.atomic
def write_notes(meeting: Meeting, values: Mapping[str, Any], *, by: User | None, seen: str | None = None) -> Meeting:
    """Keep what was said: markdown, or a link to where it stands. By those who run the meeting, once it has begun."""
    require_to_run(by, meeting)
    _only(values, NOTES)
    row = edits.locked(meeting)
    if row.cancelled_at is not None or row.starts_at > timezone.now():
        raise edits.EditError("There are no notes before it has begun. What is to be talked about goes on the agenda.")
    changed = edits.apply(row, values, seen=seen)
    if changed:
        # The day of the first notes stays, unless all of them are taken away again.
        row.noted_at = (row.noted_at or timezone.now()) if row.has_notes else None
        history.save(row, by=by, fields=[*changed, "noted_at"])
    return row


def reschedule(rows: Iterable[Meeting], *, by: User | None, change: str, **values: Any) -> None:  # noqa: ANN401
    """Write something that calendars hold a copy of: its sequence counts up."""
    for row in rows:
        found = Meeting.objects.filter(pk=row.pk)
        found.update(sequence=F("sequence") + 1, change=change, changed_at=timezone.now(), changed_by=by, **values)
        row.refresh_from_db()
        history.note([row], by=by, reason=change)


def _changed(rows: MeetingQuerySet, meeting: Meeting, by: User | None, change: str, **values: Any) -> Meeting:  # noqa: ANN401
    """Write the change if the row is among those that may have it, else say how it stands by now."""
    now = timezone.now()
    if not rows.order_by().update(sequence=F("sequence") + 1, changed_at=now, changed_by=by, change=change, **values):
        raise Settled(_standing(Meeting.objects.get(pk=meeting.pk), now))
    meeting.refresh_from_db()
    history.note([meeting], by=by, reason=change)
    return meeting


def _standing(meeting: Meeting, now: datetime) -> str:
    last = f" {meeting.changed_by or 'Somebody'} changed it last: {meeting.change}." if meeting.change else ""
    match meeting.phase(now):
        case "over":
            return "It is over."
        case "cancelled":
            return f"It does not take place.{last}"
        case _:
            return f"It was changed meanwhile: look at it again.{last}"


def _refuse_times(starts_at: datetime, minutes: int) -> None:
    now = timezone.now()
    if not SHORTEST <= minutes <= LONGEST:
        raise edits.EditError(f"A meeting lasts from {SHORTEST} minutes to a day.")
    if starts_at + timedelta(minutes=minutes) <= now:
        raise edits.EditError(f"It would be over already: {said(starts_at)} is in the past.")
    if starts_at > now + FARTHEST:
        raise edits.EditError(f"{said(starts_at)} is more than three years ahead.")


def _refuse_zone(name: str) -> None:
    if name not in zones.names():
        raise edits.EditError(f"There is no time zone {name!r}.")


def _only(values: Mapping[str, Any], names: Iterable[str]) -> None:
    if not set(values) <= set(names):
        raise edits.EditError(f"{', '.join(sorted(set(values) - set(names)))} can't be edited here.")


def _require_maintainer(by: User | None) -> None:
    if by is not None and not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers plan, move and call off meetings.")

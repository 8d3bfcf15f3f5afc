"""Who was at a meeting: ticked by those who run it, or said by oneself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from foundation import texts
from members.models import Attendance, Meeting, Member
from members.services import edits, guests, meetings

if TYPE_CHECKING:
    from members.models import User


class AttendanceError(edits.EditError):
    """Nothing was changed; the text says why."""


def expected(meeting: Meeting) -> list[guests.Guest]:
    """Whom to tick: all who were invited, answered or were there, by name."""
    asked = {each.address for each in guests.invited(meeting)}
    asked |= set(meeting.rsvps.values_list("address", flat=True))
    asked |= set(meeting.attendance.exclude(address="").values_list("address", flat=True))
    found = guests.known(asked).values()
    return sorted(found, key=lambda each: ((each.name or each.address).lower(), each.address))


@transaction.atomic
def keep(meeting: Meeting, addresses: Iterable[str], names: Iterable[str] = (), *, by: User | None) -> int:
    """Keep just these as those who were there: people by address, guests by name; how many there were."""
    meetings.require_to_run(by, meeting)
    held = _begun(meeting)
    there = {each.lower().strip() for each in addresses} - {""}
    said = dict.fromkeys(filter(None, (texts.line(each)[:200] for each in names)))
    held.attendance.exclude(address__in=there).exclude(address="", name__in=said).delete()
    known = set(held.attendance.values_list("address", flat=True))
    for guest in guests.known(there - known).values():
        _add(held, guest)
    guests_there = set(held.attendance.filter(address="").values_list("name", flat=True))
    for name in said:
        if name not in guests_there:
            Attendance.objects.create(meeting=held, name=name)
    return held.attendance.count()


@transaction.atomic
def was_there(meeting: Meeting, *, by: User) -> Attendance:
    """Say of oneself that one was there."""
    meetings.require_to_take_part(by)
    if not by.email:
        raise AttendanceError("Your account has no e-mail address: enter one first.")
    return _add(_begun(meeting), guests.guest(by.email))


def meetings_of(member: Member, since: datetime, until: datetime) -> tuple[int, int]:
    """At how many of the meetings in this time somebody of a member was, and how many there were."""
    held = Meeting.objects.past(until).filter(starts_at__gte=since)
    return held.filter(attendance__member=member).distinct().count(), held.count()


def _add(meeting: Meeting, guest: guests.Guest) -> Attendance:
    row, _ = Attendance.objects.get_or_create(
        meeting=meeting, address=guest.address, defaults={"name": guest.name or guest.address, "member": guest.member}
    )
    return row


def _begun(meeting: Meeting) -> Meeting:
    row = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    if row.cancelled_at is not None or row.starts_at > timezone.now():
        raise AttendanceError("It has not begun: nobody was there yet.")
    return row

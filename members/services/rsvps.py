"""Answers to the invitation, without logging in: a signed link that expires, and records nothing by being opened."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from members.models import Meeting, Rsvp
from members.services import edits, guests, meetings

if TYPE_CHECKING:
    from members.models import User

SALT: Final = "meeting-answer"
WITHIN: Final = timedelta(days=60)
ANSWERS: Final = Rsvp.Answer


class RsvpError(edits.EditError):
    """Nothing was recorded; the text says why."""


class BadLink(RsvpError):
    """The link was cut off or changed, or is about something that is no more."""


class OldLink(BadLink):
    """The link is older than it may be."""


@dataclass(frozen=True)
class Invitation:
    """What a link stands for: a meeting, and the address that it was sent to."""

    meeting: Meeting
    address: str


def link(meeting: Meeting, address: str) -> str:
    """The address where the reader at `address` answers; whoever has it reads that mail."""
    secret = signing.dumps({"meeting": meeting.pk, "address": address.lower()}, salt=SALT)
    return settings.PORTAL_URL + reverse("meeting-answer", args=[secret])


def opened(secret: str) -> Invitation:
    """What a link stands for; BadLink or OldLink."""
    try:
        found = signing.loads(secret, salt=SALT, max_age=WITHIN)
    except signing.SignatureExpired:
        raise OldLink("This link is too old.") from None
    except signing.BadSignature:
        raise BadLink("This link is not complete.") from None
    meeting = Meeting.objects.filter(pk=found["meeting"]).first()
    if meeting is None:
        raise BadLink("This meeting is not on the calendar any more.")
    if found["address"] not in {each.address for each in guests.invited(meeting)}:
        raise BadLink("This address is not among those who are invited any more.")
    return Invitation(meeting, found["address"])


@transaction.atomic
def answer(meeting: Meeting, address: str, wanted: str) -> Rsvp:
    """Record what the reader at an address answers; a later answer takes the place of the one before."""
    if wanted not in ANSWERS.values:
        raise RsvpError(f"One answers {', '.join(ANSWERS.values)}; not {wanted!r}.")
    meeting.refresh_from_db()
    phase = meeting.phase(timezone.now())
    if phase in {"over", "cancelled"}:
        raise RsvpError("This meeting is over." if phase == "over" else "This meeting does not take place.")
    who = guests.guest(address)
    row, _ = Rsvp.objects.update_or_create(
        meeting=meeting,
        address=who.address,
        defaults={"name": who.name, "member": who.member, "answer": wanted, "at": timezone.now()},
    )
    return row


def answer_as(user: User, meeting: Meeting, wanted: str) -> Rsvp:
    """As `answer`, by somebody who is logged in."""
    meetings.require_to_take_part(user)
    if not user.email:
        raise RsvpError("Your account has no e-mail address: enter one first.")
    return answer(meeting, user.email, wanted)


def counted(rows: Collection[Meeting]) -> dict[int, list[Rsvp]]:
    """The answers to these meetings, by primary key; before a meeting only of those who are still of the federation.

    Two queries, besides those that read the answers.
    """
    now = timezone.now()
    found = {row.pk: list(row.rsvps.all()) for row in rows}
    ahead = {row.pk for row in rows if row.phase(now) in {"coming", "on"}}
    asked = {each.address for pk in ahead for each in found[pk]}
    here = guests.still_here(asked) if asked else {}
    return {pk: [each for each in theirs if pk not in ahead or each.address in here] for pk, theirs in found.items()}


def answer_of(user: User, meeting: Meeting) -> str:
    """What somebody answered; empty if nothing yet."""
    row = Rsvp.objects.filter(meeting=meeting, address=user.email.lower()).first() if user.email else None
    return row.answer if row else ""

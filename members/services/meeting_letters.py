"""What is written about meetings: invitations a week and a day before, changes at once, notes and nudges afterwards.

Each reader has their own letter, with the time by their own clocks. Nothing here is told by whoever changes a meeting:
beat tasks look at the rows, and a notice's key (kind, recipient, occasion) keeps each letter single.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from members.models import Meeting, Notice, Rsvp
from members.services import guests, ladders, meeting_words, notices, recipients
from members.services.ladders import Rung
from members.services.meeting_words import Letter
from members.services.recipients import Recipient

REMINDER: Final = "meeting-reminder"
CHANGE: Final = "meeting-change"
NOTES: Final = "meeting-notes"
NUDGE: Final = "meeting-nudge"
# Days after a meeting on which whoever leads it is asked for its notes; from the fourth on maintainers are, too.
NUDGES: Final = (1, 3, 7, 14, 21, 28)
MAINTAINERS_FROM: Final = 14
# Notes rest for so long before they are sent, for they are not written in one go.
REST: Final = timedelta(hours=2)
# After that nobody asks for notes any more, nor sends them.
LATE: Final = timedelta(days=60)
# So many letters are written in one go, while nobody changes the meeting.
BATCH: Final = 100


def remind(now: datetime | None = None) -> None:
    """Queue what is to be said now. Safe to run any time, any number of times."""
    now = now or timezone.now()
    # First, for who was told of a change needs no other letter about the same time.
    tell_changes(now)
    invite(now)
    send_notes(now)
    nudge(now)


def days() -> Sequence[int]:
    """The rungs before a meeting, the first one first."""
    return sorted(-each for each in settings.MEETING_REMINDER_DAYS)


def invite(now: datetime) -> None:
    """Invite everybody whose role asks for it, and remind them: on each of the days before a meeting."""
    soon = Meeting.objects.coming(now).filter(starts_at__gt=now, starts_at__lte=now - timedelta(days=days()[0]))
    for meeting in soon.select_related("facilitator", "note_taker"):
        rung = ladders.rung(meeting.starts_at, days(), now, last=timedelta(days=-days()[-1]))
        if rung is not None:
            _invite(meeting, rung, now)


def _invite(meeting: Meeting, rung: Rung, now: datetime) -> None:
    """Who has this reminder of any version has it: what was changed since is told in a letter of its own.

    One that was held back because the meeting was changed before it went out is written again, as it is now.
    """
    first = f"{_name(meeting)}, {meeting.starts_at:%Y-%m-%d %H:%M}, {rung.day}"
    occasion = _version(first, meeting)
    rows = Notice.objects.filter(Q(occasion=first) | Q(occasion__startswith=f"{first}, "), kind=REMINDER)
    told = set(rows.exclude(~Q(occasion=occasion), state=Notice.State.DROPPED).values_list("recipient", flat=True))
    if meeting.sequence and meeting.changed_at >= meeting.starts_at + timedelta(days=rung.day):
        # The letter about the change came instead.
        told |= _told(CHANGE, _version(_name(meeting), meeting))
    whom = [each for each in guests.invited(meeting) if each.address not in told]

    def write(row: Meeting, some: Sequence[Recipient]) -> None:
        for letter in meeting_words.invitations(row, some):
            _queue(letter, REMINDER, occasion, now, rung.useful_until)

    _while_it_stands(meeting, whom, write)


def tell_changes(now: datetime | None = None) -> None:
    """Tell those who have an older invitation, or said that they come, what has become of a meeting."""
    now = now or timezone.now()
    for meeting in Meeting.objects.ahead(now).filter(sequence__gt=0):
        _tell_change(meeting, now)


def _tell_change(meeting: Meeting, now: datetime) -> None:
    occasion = _version(_name(meeting), meeting)

    def write(row: Meeting, some: Sequence[Recipient]) -> None:
        for letter in meeting_words.changes(row, some):
            _queue(letter, CHANGE, occasion, now, row.ends_at)

    _while_it_stands(meeting, _unaware(meeting, _told(CHANGE, occasion)), write)


@transaction.atomic
def _unaware(meeting: Meeting, told: set[str]) -> list[Recipient]:
    """Who knows just an older version. What waits to tell one of those is held back for good."""
    if _locked(meeting) is None:
        return []
    about = Notice.objects.filter(kind__in=[REMINDER, CHANGE], occasion__startswith=f"{_name(meeting)}, ")
    older = about.exclude(occasion__endswith=_version("", meeting))
    unsent = older.filter(state__in=[Notice.State.WAITING, Notice.State.HELD])
    unsent.update(state=Notice.State.DROPPED, error="The meeting was changed before this went out.")
    sent = older.filter(state__in=[Notice.State.SENDING, Notice.State.SENT])
    heard = set(sent.values_list("recipient", flat=True)) - told
    return _concerned(meeting, heard, told)


def _while_it_stands(
    meeting: Meeting, whom: Sequence[Recipient], write: Callable[[Meeting, Sequence[Recipient]], None]
) -> None:
    """Write to some after the other, as long as the meeting is as it was when they were chosen.

    Whoever changes it meanwhile waits for a few letters, not for thousands; then the next beat has what follows.
    """
    for start in range(0, len(whom), BATCH):
        with transaction.atomic():
            row = _locked(meeting)
            if row is None:
                return
            write(row, whom[start : start + BATCH])


def _locked(meeting: Meeting) -> Meeting | None:
    """The meeting, which nobody changes before this transaction ends; None if somebody did already."""
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("facilitator", "note_taker")
    return rows.filter(pk=meeting.pk, sequence=meeting.sequence).first()


def _concerned(meeting: Meeting, heard: set[str], told: set[str]) -> list[Recipient]:
    """Who has heard of it and is still invited, and who answered that they may come, before it was changed.

    Who left since does not hear of it: a new link is often made because somebody left.
    """
    answers = meeting.rsvps.filter(answer__in=[Rsvp.Answer.YES, Rsvp.Answer.MAYBE], at__lt=meeting.changed_at)
    said = set(answers.values_list("address", flat=True)) - told
    if not heard and not said:
        return []
    here = guests.still_here(said)
    coming = {each: Recipient(each, "you said that you may come", None, here[each]) for each in sorted(here)}
    invited = {each.address: each for each in guests.invited(meeting) if each.address in heard}
    return list({**coming, **invited}.values())


def send_notes(now: datetime) -> None:
    """Send the notes to those who were asked and were not there."""
    noted = Meeting.objects.past(now).filter(noted_at__lte=now - REST, ends_at__gte=now - LATE)
    for meeting in noted.select_related("facilitator", "note_taker"):
        if not _told(NOTES, _name(meeting)):
            _send_notes(meeting, now)


@transaction.atomic
def _send_notes(meeting: Meeting, now: datetime) -> None:
    """All at once, so that those who are asked later get no notes of what was before their time."""
    for letter in meeting_words.notes(meeting, guests.absent(meeting)):
        _queue(letter, NOTES, _name(meeting), now, meeting.ends_at + LATE)


def nudge(now: datetime) -> None:
    """Ask whoever leads a meeting for its notes, until there are some."""
    bare = Meeting.objects.past(now).filter(noted_at=None, ends_at__gte=now - LATE, ends_at__lte=now)
    for meeting in bare.select_related("facilitator", "note_taker"):
        rung = ladders.rung(meeting.ends_at, NUDGES, now)
        if rung is None:
            continue
        occasion = f"{_name(meeting)}, {rung.day}"
        for letter in meeting_words.nudges(_nudged(meeting, rung), meeting, rung.day):
            _queue(letter, NUDGE, occasion, now, rung.useful_until)


def _nudged(meeting: Meeting, rung: Rung) -> list[Recipient]:
    found = guests.running(meeting, over=True)
    if rung.day >= MAINTAINERS_FROM or not found:
        found += recipients.maintainers()
    return recipients.each_once(found)


def _queue(letter: Letter, kind: str, occasion: str, now: datetime, useful_until: datetime) -> None:
    notices.queue(
        kind=kind,
        recipient=letter.reader.address,
        channel=letter.reader.channel,
        occasion=occasion,
        subject=letter.subject,
        body=letter.body,
        why=letter.reader.why,
        standing=letter.reader.standing,
        link=letter.link,
        calendar=letter.calendar,
        due_at=now,
        useful_until=useful_until,
    )


def _told(kind: str, occasion: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind, occasion=occasion).values_list("recipient", flat=True))


def _name(meeting: Meeting) -> str:
    return f"meeting {meeting.pk}"


def _version(occasion: str, meeting: Meeting) -> str:
    """As what the letters about a meeting as it is now are known. Not by the clock: letters are written one by one."""
    return f"{occasion}, change {meeting.sequence}" if meeting.sequence else occasion

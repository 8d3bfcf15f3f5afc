"""The words of letters about meetings, for each reader by their own clocks, with the invitation for their calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, vCalAddress

from foundation import zones
from members.models import ActionItem, Meeting
from members.services import action_items, agendas, guests, meeting_calendar, rsvps
from members.services.recipients import Recipient

# Longer notes are read on the meeting's page.
NOTES: Final = 4_000


@dataclass(frozen=True)
class Letter:
    """One letter to one reader."""

    reader: Recipient
    subject: str
    body: str
    link: tuple[str, str]
    calendar: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Clock:
    """A reader's clock. Without a zone of their own: that in which the meeting was planned."""

    zone: str
    own: bool

    def shows(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    @property
    def said(self) -> str:
        return f"{self.zone} time" if self.own else f"{self.zone}, for we don't know your time zone"


def invitations(meeting: Meeting, whom: Sequence[Recipient]) -> Iterator[Letter]:
    """When and where, what about, and a button to answer."""
    agenda = _agenda(meeting)
    for reader, clock, answer in _readers(meeting, whom):
        here = clock.shows(meeting.starts_at)
        yield Letter(
            reader,
            f"{_day(here)}, {here:%H:%M} {clock.zone}: {meeting.title}",
            _paragraphs(
                _when(meeting, clock),
                _where(meeting),
                _duty(meeting, reader.address),
                agenda,
                answer and f"You answered: {answer}. The button changes it.",
            ),
            ("Change your answer" if answer else "Say whether you come", rsvps.link(meeting, reader.address)),
            calendar(meeting, reader.address),
        )


def changes(meeting: Meeting, whom: Sequence[Recipient]) -> Iterator[Letter]:
    """What was changed, or that it does not take place."""
    called_off = meeting.cancelled_at is not None
    change = meeting.change[:1].upper() + meeting.change[1:]
    for reader, clock, answer in _readers(meeting, whom):
        here = clock.shows(meeting.starts_at)
        if called_off:
            subject = f"Called off: {meeting.title}, {_day(here)}"
            body = _paragraphs(f"{change}.", "Your calendar takes it off if it shows invitations.")
            link = ("The meeting's page", _page(meeting))
        else:
            subject = f"Changed: {meeting.title} is {_day(here)}, {here:%H:%M} {clock.zone}"
            asks = "Do you still come? The button says so." if answer else "The button says whether you come."
            body = _paragraphs(f"{change}.", _when(meeting, clock), _where(meeting), asks)
            link = ("Say whether you come", rsvps.link(meeting, reader.address))
        yield Letter(reader, subject, body, link, calendar(meeting, reader.address))


def notes(meeting: Meeting, whom: Sequence[Recipient]) -> Iterator[Letter]:
    """What was said, to those who were not there, as far as anybody noted who was."""
    actions = _promised(meeting.actions.filter(done_at=None).select_related("owner"))
    day = f"{meeting.title} on {meeting.local_start:%d %B}"
    # Where nobody said who was there, we do not know that the reader was not.
    ticked = meeting.attendance.exists()
    body = _paragraphs(
        f"You were missed at {day}. This is what was said." if ticked else f"This is what was said at {day}.",
        meeting.notes if len(meeting.notes) <= NOTES else f"{meeting.notes[:NOTES].rpartition(' ')[0]} …",
        meeting.notes_url and f"The notes are here:\n{meeting.notes_url}",
        actions and "\n".join(["What somebody will do:", *actions]),
    )
    for reader in whom:
        subject = f"Notes of {meeting.title}, {meeting.local_start:%d %B}"
        yield Letter(reader, subject, body, ("Read them on the meeting's page", _page(meeting)))


def nudges(whom: Iterable[Recipient], meeting: Meeting, day: int) -> Iterator[Letter]:
    """That there are no notes yet."""
    body = _paragraphs(
        f"{meeting.title} was {'yesterday' if day == 1 else f'{day} days ago'}, and has no notes yet.",
        "Three lines are enough, or a link to the pad. Those who could not come wait for them.",
    )
    for reader in whom:
        subject = f"Still without notes: {meeting.title}, {meeting.local_start:%d %B}"
        yield Letter(reader, subject, body, ("Write the notes", _page(meeting)))


def calendar(meeting: Meeting, address: str) -> tuple[str, str]:
    """The iCalendar object for this reader's calendar, and its method (RFC 5546): a request, or that it is cancelled.

    Nobody reads what mail programs answer by themselves; the letter's button is the answer.
    """
    method = "CANCEL" if meeting.cancelled_at else "REQUEST"
    event = meeting_calendar.event(meeting, links=True)
    event.add("organizer", _address(parseaddr(settings.DEFAULT_FROM_EMAIL)[1], CN="BinderHub federation"))
    event.add("attendee", _address(address, PARTSTAT="NEEDS-ACTION", ROLE="OPT-PARTICIPANT", RSVP="FALSE"))
    made = Calendar.new(prodid=meeting_calendar.PRODUCT, method=method, subcomponents=[event])
    return made.to_ical().decode(), method


def _address(address: str, **parameters: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{address}")
    for name, value in parameters.items():
        found.params[name] = value
    return found


def _readers(meeting: Meeting, whom: Sequence[Recipient]) -> Iterator[tuple[Recipient, _Clock, str]]:
    """Each with their clock and what they answered so far."""
    known = guests.known(each.address for each in whom)
    answers = {each.address: each.get_answer_display() for each in meeting.rsvps.all()} if whom else {}
    for reader in whom:
        zone = known[reader.address].time_zone if reader.address in known else ""
        own = zone in zones.names()
        yield reader, _Clock(zone if own else meeting.time_zone, own), answers.get(reader.address, "")


def _when(meeting: Meeting, clock: _Clock) -> str:
    here = clock.shows(meeting.starts_at)
    utc = "" if clock.zone == "UTC" else f" That is {meeting.starts_at.astimezone(UTC):%H:%M} UTC."
    length = f"It lasts {meeting.minutes} minutes."
    return f"{meeting.title} is on {here:%A, %d %B %Y} at {here:%H:%M} ({clock.said}).{utc} {length}"


def _where(meeting: Meeting) -> str:
    places = (("Video", meeting.place), ("Agenda pad", meeting.pad), ("Its page", _page(meeting)))
    return "\n".join(f"{word}: {url}" for word, url in places if url)


def _agenda(meeting: Meeting) -> str:
    items = agendas.items(meeting, None)
    lines = [f"- {each.title} ({each.minutes} min{f', {each.member}' if each.member else ''})" for each in items]
    said = ["On the agenda:", *lines] if lines else ["Nothing is on the agenda yet. Propose something on its page."]
    promised = _promised(action_items.open_before(meeting))
    return _paragraphs("\n".join(said), promised and "\n".join(["Still open from earlier meetings:", *promised]))


def _promised(found: Iterable[ActionItem]) -> list[str]:
    return [
        f"- {each.text} ({each.owner or 'nobody yet'}{f', by {each.due_on:%d %B}' if each.due_on else ''})"
        for each in found
    ]


def _duty(meeting: Meeting, address: str) -> str:
    duties = [
        what
        for user, what in ((meeting.facilitator, "lead it"), (meeting.note_taker, "take the notes"))
        if user is not None and user.email.lower() == address
    ]
    return f"You {' and '.join(duties)}. If you can't, hand it on in time on its page." if duties else ""


def _day(here: datetime) -> str:
    """A day by its name: right whenever the letter is read, and wherever."""
    return f"{here:%a %d %B}"


def _page(meeting: Meeting) -> str:
    return settings.PORTAL_URL + reverse("meeting", args=[meeting.pk])


def _paragraphs(*parts: str | list[str] | None) -> str:
    return "\n\n".join(str(each) for each in parts if each)

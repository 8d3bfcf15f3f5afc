"""When the demo federation meets: two slots that take turns, a meeting with notes, the next one with an agenda."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Final

from django.utils import timezone

from members.models import (
    ActionItem,
    AgendaItem,
    Attendance,
    AvoidDate,
    Meeting,
    MeetingSeries,
    Member,
    RotaPerson,
    Rsvp,
    User,
)
from members.services import meeting_series, recurrence, rota
from members.services.recurrence import Slot
from routing.services import agenda

TURNS: Final = "FREQ=MONTHLY;INTERVAL=2;BYDAY=3TU"
NOTES: Final = """\
**Capacity.** Driftglass has room for 100 more users by day. Heron goes up to half of the traffic by a ramp.

**Certificates.** That of Marten ran out on a Saturday, and nobody was called. Cleo renews it by a timer from now on.

**Reports.** We write two sentences each month instead of two pages each year.

- The next meeting is in the evening, for those in the west.
- Thanks to Bo for the notes.
"""


def add(members: dict[str, Member]) -> None:
    """Make it all. Days are counted from today, so that the demo does not grow old."""
    year = timezone.now().year
    slots = [
        Slot(TURNS, date(year - 1, 1, 1), time(9), "Europe/London", 60),
        Slot(TURNS, date(year - 1, 2, 1), time(17), "UTC", 60),
    ]
    values = {
        "title": "Team meeting",
        "about": "Everybody who runs a hub, or thinks of it, is welcome.",
        "place": "https://video.federation.example/team",
        "pad": "https://pad.federation.example/team-YYYY-MM-DD",
    }
    AvoidDate.objects.create(title="Winter holidays", starts_on=date(year, 12, 21), ends_on=date(year + 1, 1, 3))
    series = meeting_series.create(values, slots, by=None)
    people = {user.username: user for user in User.objects.filter(access__member__in=members.values())}
    for name, leads, writes in (("ada", True, True), ("bo", False, True), ("cleo", True, False)):
        RotaPerson.objects.create(user=people[name], facilitates=leads, takes_notes=writes)
    _past(series, slots, people, members)
    coming = series.meetings.coming(timezone.now())[0]
    _proposals(coming, people, members)
    rota.assign()
    agenda.fill_due()


def _past(series: MeetingSeries, slots: list[Slot], people: dict[str, User], members: dict[str, Member]) -> None:
    """The last one, with who was there, what was said and what was promised."""
    now = timezone.now()
    at = recurrence.until(slots, now - timedelta(days=70), now - timedelta(hours=2))[-1]
    row = Meeting.objects.create(
        series=series,
        planned_at=at.starts_at,
        starts_at=at.starts_at,
        ends_at=at.ends_at,
        time_zone=at.time_zone,
        title=series.title,
        facilitator=people["cleo"],
        note_taker=people["bo"],
        notes=NOTES,
        noted_at=at.ends_at + timedelta(hours=3),
    )
    for name, slug in (("ada", "driftglass"), ("bo", "mossgate"), ("cleo", "high-meadow")):
        Attendance.objects.create(meeting=row, address=people[name].email, name=name.title(), member=members[slug])
    AgendaItem.objects.create(
        meeting=row, title="Room for more users by day", minutes=20, by=people["ada"], member=members["driftglass"]
    )
    AgendaItem.objects.create(meeting=row, title="Why did nobody hear of the certificate?", minutes=15)
    promised = {"meeting": row, "created_at": at.ends_at}
    due = at.day + timedelta(days=35)
    ActionItem.objects.create(text="Renew certificates by a timer", owner=people["cleo"], due_on=due, **promised)
    ActionItem.objects.create(
        text="Ask the Fernhill Foundation for next year", owner=people["bo"], done_at=at.ends_at, **promised
    )


def _proposals(row: Meeting, people: dict[str, User], members: dict[str, Member]) -> None:
    """What people would like to talk about next, and who comes."""
    ada, bo = (
        {"by": people["ada"], "member": members["driftglass"]},
        {"by": people["bo"], "member": members["mossgate"]},
    )
    AgendaItem.objects.create(
        meeting=row,
        title="Courses in January",
        text="Three universities teach with notebooks in the same week. Who can take **200 more users** on a Monday?",
        minutes=15,
        position=100,
        **ada,
    )
    AgendaItem.objects.create(
        meeting=row, title="Who pays from spring on", minutes=10, position=110, seen_by="members", **bo
    )
    Rsvp.objects.create(
        meeting=row, address=people["ada"].email, name="Ada", member=members["driftglass"], answer="yes"
    )
    Rsvp.objects.create(
        meeting=row, address=people["cleo"].email, name="Cleo", member=members["high-meadow"], answer="maybe"
    )

"""Meetings and published reports as files: what everybody may know of them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.utils import timezone
from icalendar import Calendar

from members.models import FederationReport, Meeting
from members.services import meeting_calendar
from routing.services import federation_reports
from routing.services.exports.facts import Facts
from routing.services.exports.tables import table
from routing.services.feeds import SPACE

# Those that were lately stay in calendars that follow.
KEPT: Final = timedelta(days=31)
FIGURES: Final = ("redirects", "hubs", "uptime", "user_hours")


def calendar(_facts: Facts) -> str:
    """The meetings of the last month and all that come (RFC 5545), without links; what was called off says so."""
    rows = Meeting.objects.filter(ends_at__gt=timezone.now() - KEPT).order_by("starts_at", "id")
    found = Calendar.new(
        uid=str(uuid.uuid5(SPACE, "meetings")),
        prodid=meeting_calendar.PRODUCT,
        name="Meetings of the BinderHub federation",
        refresh_interval=timedelta(hours=1),
        subcomponents=[meeting_calendar.event(row, links=False) for row in rows],
    )
    return str(found.to_ical().decode())


def meetings(_facts: Facts) -> str:
    """Every meeting, the first one first."""
    now = timezone.now()
    head = ("id", "title", "starts at", "minutes", "time zone", "phase", "notes")
    return table(
        head,
        (
            (
                str(row.pk),
                row.title,
                row.starts_at.isoformat(),
                str(row.minutes),
                row.time_zone,
                row.phase(now),
                row.notes_url if row.notes_public else "",
            )
            for row in Meeting.objects.order_by("starts_at", "id")
        ),
    )


def reports(_facts: Facts) -> str:
    """The figures of every published month, the first one first."""
    rows = FederationReport.objects.published().order_by("month")
    told = ((row, federation_reports.figures(row)) for row in rows)
    return table(
        ("month", *(name.replace("_", " ") for name in FIGURES), "incidents", "maintenance"),
        (
            (
                str(row.period),
                *("" if figures.get(name) is None else str(figures[name]) for name in FIGURES),
                *(str(len(figures.get(name, ()))) for name in ("incidents", "maintenance")),
            )
            for row, figures in told
        ),
    )

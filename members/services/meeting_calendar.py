"""A meeting as calendars hold it (RFC 5545). The public reads no links."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event

from members.models import Meeting

PRODUCT = "-//BinderHub federation//Meetings//EN"


def event(meeting: Meeting, *, links: bool) -> Event:
    """One meeting; with `links`, where it takes place as well. What was called off says so."""
    page = settings.PORTAL_URL + reverse("meeting", args=[meeting.pk])
    said = [f"Agenda and notes: {page}"]
    if links:
        said += [f"{word}: {url}" for word, url in (("Video", meeting.place), ("Pad", meeting.pad)) if url]
    found = Event.new(
        uid=str(meeting.uid),
        sequence=meeting.sequence,
        stamp=meeting.changed_at.replace(microsecond=0),
        created=meeting.created_at.replace(microsecond=0),
        last_modified=meeting.changed_at.replace(microsecond=0),
        start=meeting.starts_at,
        end=meeting.ends_at,
        summary=meeting.title,
        description="\n".join(said),
        location=meeting.place if links and meeting.place else None,
        url=page,
    )
    found.add("status", "CANCELLED" if meeting.cancelled_at else "CONFIRMED")
    return found


def single(meeting: Meeting, *, links: bool) -> bytes:
    """A calendar of one meeting, for "add to calendar"."""
    calendar = Calendar.new(prodid=PRODUCT, subcomponents=[event(meeting, links=links)], refresh_interval=timedelta(1))
    body: bytes = calendar.to_ical()
    return body

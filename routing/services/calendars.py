"""Calendars to subscribe to: the federation's, for everybody, and each person's own, with what only members read."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from members.models import Meeting
from members.services import meeting_calendar, meetings
from routing.services import feeds
from routing.services.feeds import SPACE, Feed

if TYPE_CHECKING:
    from members.models import User

KEPT: Final = timedelta(days=90)
MOST: Final = 200


def public() -> Feed:
    """Meetings, without links, and maintenance. Two queries."""
    return _calendar("public", "BinderHub federation", links=False)


def public_link() -> str:
    """Where everybody subscribes to it."""
    return settings.PORTAL_URL + reverse("public-calendar")


def personal(user: User) -> Feed:
    """The same for one person: with links, as long as they are of the federation."""
    return _calendar(f"person {user.pk}", "My BinderHub federation", links=meetings.takes_part(user))


def _calendar(name: str, title: str, *, links: bool) -> Feed:
    met, work = _meetings(), feeds.planned()
    changed = [each.changed_at for each in met] + [each.changed_at for each in work]
    calendar = Calendar.new(
        uid=str(uuid.uuid5(SPACE, f"calendar/{name}")),
        prodid="-//BinderHub federation//Calendar//EN",
        name=title,
        refresh_interval=timedelta(hours=1),
        subcomponents=[
            *(meeting_calendar.event(each, links=links) for each in met),
            *(feeds.event(each, settings.PORTAL_URL) for each in work),
        ],
    )
    return Feed(calendar.to_ical(), max(changed, default=None))


def _meetings() -> list[Meeting]:
    """Those to come and of the last months. One that was called off stays, for calendars keep what only vanishes."""
    since = timezone.now() - KEPT
    return list(Meeting.objects.filter(ends_at__gt=since).order_by("starts_at", "pk")[:MOST])

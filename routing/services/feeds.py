"""What subscribers read: maintenance as a calendar, incidents and downtimes as an Atom feed. All of it is public."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from icalendar import Calendar, Event

from foundation import texts
from foundation.markdown import render_markdown
from foundation.zones import said
from routing.models import Downtime, Hub, Incident
from routing.models.downtimes import DowntimeQuerySet
from routing.services import subscribers

KEPT: Final = timedelta(days=30)
MOST: Final = 200
NEWEST: Final = 50
# So that the same number never stands for the same thing in two portals.
SPACE: Final = uuid.UUID("5b1f0a54-7f0f-5a0e-9a43-2f3f8f6f6f1b")
EPOCH: Final = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True)
class Feed:
    """A document and when something in it last changed."""

    body: bytes
    changed_at: datetime | None


def maintenance(portal: str) -> Feed:
    """Planned maintenance as a calendar (RFC 5545): what comes, what is on, and the last month. One query.

    What was called off stays for a month, marked so, because calendars keep what only vanishes.
    """
    rows = planned()
    calendar = Calendar.new(
        uid=str(uuid.uuid5(SPACE, "maintenance")),
        prodid="-//BinderHub federation//Maintenance//EN",
        name="Maintenance of the BinderHub federation",
        refresh_interval=timedelta(hours=1),
        subcomponents=[event(row, portal) for row in rows],
    )
    return Feed(calendar.to_ical(), max((row.changed_at for row in rows), default=None))


def planned() -> list[Downtime]:
    """What calendars show of maintenance."""
    now = timezone.now()
    recent = Q(cancelled_at=None, ends_at__gt=now - KEPT) | Q(cancelled_at__gt=now - KEPT)
    return list(_public().filter(recent, emergency=False).order_by("starts_at", "pk")[:MOST])


def status(portal: str) -> Feed:
    """The newest incidents and downtimes, as Atom (RFC 4287). Three queries."""
    incidents = (
        Incident.objects.public()
        .annotate(hub_names=ArrayAgg("hubs__name", filter=Q(hubs__isnull=False), order_by="hubs__name", default=[]))
        .prefetch_related("updates")
        .order_by("-opened_at", "-pk")[:NEWEST]
    )
    downtimes = _public().filter(changed_at__lte=timezone.now()).order_by("-changed_at", "-pk")[:NEWEST]
    entries = [*(_of_incident(each) for each in incidents), *(_of_downtime(each) for each in downtimes)]
    entries.sort(key=lambda entry: entry.updated, reverse=True)
    feed = Atom(
        title="Status of the BinderHub federation",
        link=f"{portal}/status",
        feed_url=f"{portal}/status.atom",
        description=None,
        feed_guid=f"urn:uuid:{uuid.uuid5(SPACE, 'status')}",
        author_name="The federation's maintainers",
        language="en",
    )
    for entry in entries:
        feed.add_item(
            title=texts.line(entry.title),
            link=f"{portal}/status",
            # XML knows no control characters, and whatever is in one entry, the others must come through.
            description=texts.clean(entry.html),
            unique_id=f"urn:uuid:{entry.id}",
            pubdate=entry.published,
            updateddate=entry.updated,
            categories=entry.categories,
        )
    return Feed(feed.writeString("utf-8").encode(), max((entry.updated for entry in entries), default=None))


class Atom(Atom1Feed):
    """A feed that is as new as its newest entry."""

    def add_item(self, title: str, link: str, description: str, **kwargs: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        """Without what XML can't say: one such character, however it came into a row, would end the whole feed."""
        names = [texts.line(each) for each in kwargs.pop("categories", None) or ()]
        super().add_item(texts.line(title), link, texts.clean(description), categories=names, **kwargs)

    def latest_post_date(self) -> datetime:
        """An empty feed is as old as feeds can be, so that it is the same each time it is asked for."""
        return max((item["updateddate"] for item in self.items), default=EPOCH)


@dataclass(frozen=True)
class _Entry:
    id: uuid.UUID
    title: str
    html: str
    published: datetime
    updated: datetime
    categories: Sequence[str]


def _public() -> DowntimeQuerySet:
    return Downtime.objects.exclude(hub__state=Hub.State.RETIRED).select_related("hub")


def event(downtime: Downtime, portal: str) -> Event:
    """One of them as calendars hold it."""
    cancelled = downtime.cancelled_at is not None
    found = Event.new(
        uid=str(_id("downtime", downtime.pk, downtime.created_at)),
        sequence=downtime.sequence,
        stamp=downtime.changed_at.replace(microsecond=0),
        created=downtime.created_at.replace(microsecond=0),
        last_modified=downtime.changed_at.replace(microsecond=0),
        start=downtime.starts_at.replace(microsecond=0),
        end=(downtime.ends_at or downtime.starts_at).replace(microsecond=0),
        summary=_title(downtime),
        description=subscribers.body(downtime),
        url=f"{portal}/status",
        categories=[downtime.severity.replace("_", " ")],
    )
    found.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    # It takes nobody's time.
    found.add("transp", "TRANSPARENT")
    return found


def _of_downtime(downtime: Downtime) -> _Entry:
    return _Entry(
        _id("downtime", downtime.pk, downtime.created_at),
        _title(downtime),
        "".join(f"<p>{escape(line)}</p>" for line in subscribers.body(downtime).split("\n")),
        downtime.created_at,
        downtime.changed_at,
        ["emergency" if downtime.emergency else "maintenance", downtime.hub.key],
    )


def _title(downtime: Downtime) -> str:
    if downtime.emergency:
        return f"{downtime.hub}: emergency drain"
    title = f"{downtime.hub}: " + ("outage" if downtime.severity == Downtime.Severity.OUTAGE else "at risk")
    return f"{title} (called off)" if downtime.cancelled_at else title


def _of_incident(incident: Incident) -> _Entry:
    updates = list(incident.updates.all())
    names: Sequence[str] = incident.hub_names  # type: ignore[attr-defined]
    touched = f"<p>Hubs: {escape(', '.join(names))}</p>" if names else ""
    said_so = "".join(
        f"<p><strong>{each.phase.capitalize()}</strong>, {said(each.at)}</p>{render_markdown(each.text)}"
        for each in updates
    )
    phase = updates[0].phase if updates else "open"
    return _Entry(
        _id("incident", incident.pk, incident.opened_at),
        f"{incident.title} ({phase})",
        touched + said_so,
        incident.published_at,
        max([incident.published_at, *(each.at for each in updates)]),
        ["incident", phase],
    )


def _id(kind: str, number: int, since: datetime) -> uuid.UUID:
    return uuid.uuid5(SPACE, f"{kind}/{number}/{since.timestamp():.6f}")

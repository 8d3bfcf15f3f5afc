"""What the portal puts on the agenda by itself, so that a meeting never begins with an empty page.

Each source is one function; what it finds stands on the agenda as long as it is so. What somebody took off stays off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, F
from django.urls import reverse
from django.utils import timezone

from foundation.zones import said
from members.models import AgendaItem, Application, ComputeOffer, Meeting, Report
from members.services import contacts, history
from members.services.agendas import OWN_BEGIN
from routing.models import Downtime, Hub, Incident

EVERYBODY, MEMBERS = AgendaItem.SeenBy.EVERYBODY, AgendaItem.SeenBy.MEMBERS
# An agenda is filled so long before its meeting, that of the very next meeting at any time.
FILLED: Final = timedelta(days=14)
# How far after the meeting one looks ahead: the next one is about what comes later.
MAINTENANCE: Final = timedelta(days=35)
OFFERS: Final = timedelta(days=60)
# Of one kind; more would leave no time for anything else.
MOST: Final = 8


@dataclass(frozen=True)
class Item:
    """Something to talk about: what it was made of, in words, and who may read it."""

    source: str
    title: str
    link: str
    minutes: int = 2
    seen_by: str = MEMBERS


Source = Callable[[Meeting, datetime], Iterator[Item]]


def of_incidents(_meeting: Meeting, _now: datetime) -> Iterator[Item]:
    """What is wrong now."""
    for each in Incident.objects.public().open().order_by("opened_at")[:MOST]:
        yield Item(f"incident {each.pk}", f"Open incident: {each.title}", reverse("status"), 5, EVERYBODY)


def of_maintenance(meeting: Meeting, now: datetime) -> Iterator[Item]:
    """What is planned until about the meeting after."""
    found = Downtime.objects.coming(now).filter(starts_at__lt=meeting.starts_at + MAINTENANCE)
    shown = found.exclude(hub__state=Hub.State.RETIRED).select_related("hub").order_by("starts_at", "pk")
    for each in shown[:MOST]:
        title = f"Maintenance of {each.hub} from {said(each.starts_at)}: {each.text}"
        yield Item(f"downtime {each.pk}", title, reverse("status"), 2, EVERYBODY)


def of_offers(meeting: Meeting, now: datetime) -> Iterator[Item]:
    """Compute that ends soon."""
    today, last = now.date(), (meeting.starts_at + OFFERS).date()
    ending = ComputeOffer.objects.filter(state=ComputeOffer.State.ACTIVE, ends__gte=today, ends__lte=last)
    for each in ending.filter(member__state="active").select_related("member").order_by("ends", "pk")[:MOST]:
        title = f"“{each}” of {each.member} ends on {each.ends:%-d %B %Y}: what comes then?"
        yield Item(f"offer {each.pk}", title, reverse("my-offers", args=[each.member.slug]), 5)


def of_contacts(_meeting: Meeting, now: datetime) -> Iterator[Item]:
    """Members of which nobody may be reached any more. How many, not who: contacts choose who sees them."""
    stale = contacts.stale(now).values("member__slug", "member__name").annotate(count=Count("pk"))
    for each in stale.order_by("member__name")[:MOST]:
        many = each["count"] != 1
        title = f"{each['count']} contact{'s' if many else ''} of {each['member__name']}: still right?"
        link = reverse("my-contacts", args=[each["member__slug"]])
        yield Item(f"contacts of {each['member__slug']}", title, link)


def of_reports(_meeting: Meeting, now: datetime) -> Iterator[Item]:
    """Reports that are late."""
    for each in Report.objects.late(now.date()).select_related("member").order_by("month", "member__name")[:MOST]:
        title = f"The report of {each.member} for {each.month:%B %Y} is late: can somebody help?"
        yield Item(f"report {each.pk}", title, reverse("my-member", args=[each.member.slug]))


def of_applications(_meeting: Meeting, _now: datetime) -> Iterator[Item]:
    """Who would like to join. How many, not who: they have told maintainers only."""
    count = Application.objects.waiting().count()
    if count:
        title = f"{count} application{'s wait' if count != 1 else ' waits'} for an answer"
        yield Item("applications", title, reverse("applications"), 10)


SOURCES: Final[tuple[Source, ...]] = (
    of_incidents,
    of_maintenance,
    of_offers,
    of_applications,
    of_contacts,
    of_reports,
)


def fill_due(now: datetime | None = None) -> int:
    """Fill the agendas of the meetings to come; how many rows were written. Safe to run any time."""
    moment = now or timezone.now()
    coming = Meeting.objects.coming(moment).filter(starts_at__gt=moment)
    soon = list(coming.filter(starts_at__lte=moment + FILLED)) or list(coming[:1])
    return sum(fill(each, moment) for each in soon)


@transaction.atomic
def fill(meeting: Meeting, now: datetime) -> int:
    """Bring the portal's own items of a meeting up to date; how many rows were written."""
    Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    wanted = {item.source: item for source in SOURCES for item in source(meeting, now)}
    known = {row.source: row for row in meeting.items.exclude(source="")}
    written = sum(_write(known.get(name), item, meeting, place) for place, (name, item) in enumerate(wanted.items()))
    gone = [row for name, row in known.items() if name not in wanted and row.removed_at is None]
    for row in gone:
        history.delete(row, by=None, reason="it is no more so")
    if gone:
        # The trace of a meeting follows its own row where one of its items is gone.
        Meeting.objects.filter(pk=meeting.pk).update(title=F("title"))
    return written + len(gone)


def _write(row: AgendaItem | None, item: Item, meeting: Meeting, place: int) -> bool:
    values: dict[str, Any] = {"title": _short(item.title), "link": item.link, "seen_by": item.seen_by}
    if row is None:
        position = OWN_BEGIN + place
        row = AgendaItem(meeting=meeting, source=item.source, minutes=item.minutes, position=position, **values)
        history.save(row, by=None, reason="by the portal")
        return True
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed or row.removed_at is not None:
        return False
    for name in changed:
        setattr(row, name, values[name])
    history.save(row, by=None, reason="by the portal", fields=changed)
    return True


def _short(title: str) -> str:
    longest = AgendaItem._meta.get_field("title").max_length or 200
    return title if len(title) <= longest else f"{title[: longest - 1]}…"

"""What maintainers said to the public: incidents, open and past, with all that was said about each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Prefetch, Q

from routing.models import Hub, Incident

PAST_DAYS: Final = 90


@dataclass(frozen=True)
class Incidents:
    """The public ones, the newest first, with hubs and updates at hand."""

    open: tuple[Incident, ...]
    past: tuple[Incident, ...]


def incidents(now: datetime, hub: Hub | None = None) -> Incidents:
    """Open incidents and those of the last days (of one hub), in three queries."""
    since = now - timedelta(days=PAST_DAYS)
    rows = Incident.objects.public().filter(Q(resolved_at=None) | Q(opened_at__gte=since))
    hubs = Prefetch("hubs", Hub.objects.order_by("name").only("key", "name"))
    found = (rows.filter(hubs=hub) if hub else rows).prefetch_related("updates", hubs)
    both = list(found)
    return Incidents(
        tuple(each for each in both if each.resolved_at is None),
        tuple(each for each in both if each.resolved_at is not None),
    )


def open_of(hub: Hub) -> list[Incident]:
    """The open incidents that touch a hub, in one query, without what was said."""
    return list(Incident.objects.public().open().filter(hubs=hub))

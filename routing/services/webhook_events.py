"""Events: what webhooks are told, read from the rows that services leave anyway. No service queues anything."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F
from django.db.models.functions import Greatest

from members.models import Member, MemberChange
from members.models.members import known
from routing.models import Downtime, Flip, IncidentUpdate, WeightChange


@dataclass(frozen=True)
class Event:
    """One thing that happened; `occasion` is its name for ever, so that nobody is told twice."""

    kind: str
    occasion: str
    at: datetime
    data: dict[str, Any]


def between(since: datetime, until: datetime) -> list[Event]:
    """What happened from `since` up to `until`, the oldest first."""
    found = [event for source in SOURCES for event in source(since, until)]
    return sorted(found, key=lambda event: (event.at, event.occasion))


def _weights(since: datetime, until: datetime) -> Iterator[Event]:
    """An edit is one event, however many hubs it is about."""
    batches: dict[uuid.UUID, list[WeightChange]] = {}
    for row in WeightChange.objects.filter(at__gte=since, at__lt=until).select_related("hub").order_by("id"):
        batches.setdefault(row.batch, []).append(row)
    for batch, rows in batches.items():
        changes = [
            {"hub": row.hub.key, "from_weight": float(row.from_weight), "to_weight": float(row.to_weight)}
            for row in rows
        ]
        data = {"batch": str(batch), "reason": rows[0].reason, "changes": changes}
        yield Event("weight.changed", f"weight {batch}", rows[0].at, data)


def _flips(since: datetime, until: datetime) -> Iterator[Event]:
    for row in Flip.objects.filter(at__gte=since, at__lt=until).select_related("hub"):
        yield Event("hub.flipped", f"flip {row.pk}", row.at, {"hub": row.hub.key, "to": row.to, "reason": row.reason})


def _downtimes(since: datetime, until: datetime) -> Iterator[Event]:
    for row in Downtime.objects.filter(changed_at__gte=since, changed_at__lt=until).select_related("hub"):
        data = {
            "id": row.pk,
            "hub": row.hub.key,
            "severity": row.severity,
            "emergency": row.emergency,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "cancelled_at": row.cancelled_at,
            "text": row.text,
            "change": row.change,
        }
        yield Event("downtime.changed", f"downtime {row.pk} {row.sequence}", row.changed_at, data)


def _incidents(since: datetime, until: datetime) -> Iterator[Event]:
    """What was said in public: of a draft that was accepted, from then on."""
    rows = IncidentUpdate.objects.filter(incident__draft=False).annotate(
        told_at=Greatest(F("at"), F("incident__published_at"))
    )
    for row in rows.filter(told_at__gte=since, told_at__lt=until).select_related("incident"):
        data = {
            "id": row.incident_id,
            "title": row.incident.title,
            "phase": row.phase,
            "text": row.text,
            "hubs": sorted(row.incident.hubs.values_list("key", flat=True)),
        }
        yield Event("incident.updated", f"incident update {row.pk}", row.told_at, data)


def _members(since: datetime, until: datetime) -> Iterator[Event]:
    """A member is told of from the moment on that the public knows of it."""
    yield from _records(since, until)
    rows = MemberChange.objects.filter(at__gte=since, at__lt=until).select_related("member")
    for row in rows:
        if row.member.is_public:
            data = {"member": row.member.slug, "from_state": row.from_state, "to_state": row.to_state, "fields": []}
            yield Event("member.changed", f"member change {row.pk}", row.at, data)


def _records(since: datetime, until: datetime) -> Iterator[Event]:
    """What was changed in members' records: which fields, so that a copy knows to read again."""
    rows = Member.history.filter(history_date__gte=since, history_date__lt=until, history_type="~")
    for row in rows.filter(known()):
        before = Member.history.filter(id=row.id, history_id__lt=row.history_id).order_by("-history_id").first()
        fields = [name for name in Member.RECORD if before and getattr(row, name) != getattr(before, name)]
        if fields:
            data = {"member": row.slug, "from_state": row.state, "to_state": row.state, "fields": fields}
            yield Event("member.changed", f"member record {row.history_id}", row.history_date, data)


SOURCES: Final[tuple[Callable[[datetime, datetime], Iterator[Event]], ...]] = (
    _weights,
    _flips,
    _downtimes,
    _incidents,
    _members,
)

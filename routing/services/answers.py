"""How quickly a hub answered its checks over the last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Avg, Count, DateTimeField, DurationField, F, Func, Max, Q, Value

from routing.damping import Evidence
from routing.models import HealthSample, Hub

HOURS: Final = 24
SLOT: Final = timedelta(minutes=30)
EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Slot:
    """Half an hour of checks: how many, how many of them good, and how many seconds the answers took."""

    at: datetime
    checks: int
    good: int
    mean: float | None
    most: float | None


def last_day(hub: Hub, now: datetime) -> list[Slot]:
    """The half hours in which the hub was checked, the oldest first; one query."""
    start = now - timedelta(hours=HOURS)
    binned = Func(
        Value(SLOT, DurationField()), F("at"), Value(EPOCH), function="date_bin", output_field=DateTimeField()
    )
    rows = (
        HealthSample.objects.filter(hub=hub, at__gt=start, at__lte=now)
        .annotate(slot=binned)
        .values("slot")
        .annotate(
            checks=Count("pk"),
            good=Count("pk", filter=Q(evidence=Evidence.GOOD)),
            mean=Avg("answer_seconds"),
            most=Max("answer_seconds"),
        )
        .order_by("slot")
    )
    return [Slot(each["slot"], each["checks"], each["good"], each["mean"], each["most"]) for each in rows]

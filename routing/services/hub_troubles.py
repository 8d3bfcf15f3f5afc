"""How each hub stands, as alerts need to know it: its last flip, how often it flipped, whether it is in maintenance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery

from routing.models import Downtime, Flip, Hub, Policy

# A hub that went out more often than this within an hour is flapping.
FLAPS: Final = 3
CALM: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Standing:
    """One hub now: `to` is where its last flip went, at `since`; empty for a hub that never flipped."""

    hub: Hub
    to: str
    since: datetime
    reason: str
    outs: int
    last_flip: datetime | None
    quiet: bool

    @property
    def is_flapping(self) -> bool:
        """Whether it goes in and out too often to tell of each time."""
        return self.outs > FLAPS

    @property
    def is_calm(self) -> bool:
        """Whether it has not flipped for an hour."""
        return self.last_flip is None


def standings(now: datetime) -> dict[int, Standing]:
    """Every hub that is to get launches. Flips in maintenance count for nothing."""
    newest = Flip.objects.filter(hub=OuterRef("pk"), at__lte=now).order_by("-at", "-id")
    hubs = Hub.objects.filter(state=Hub.State.ACTIVE).order_by("name", "pk")
    hubs = hubs.annotate(
        flip_to=Subquery(newest.values("to")[:1]),
        flip_at=Subquery(newest.values("at")[:1]),
        flip_reason=Subquery(newest.values("reason")[:1]),
    )
    lead = timedelta(minutes=Policy.objects.current().drain_lead_minutes)
    quiet = set(Downtime.objects.excusing(now, lead).values_list("hub_id", flat=True))
    lately = _lately(now, lead)
    return {
        hub.pk: Standing(
            hub=hub,
            to=hub.flip_to or "",  # type: ignore[attr-defined]
            since=hub.flip_at or now,  # type: ignore[attr-defined]
            reason=hub.flip_reason or "",  # type: ignore[attr-defined]
            outs=lately.get(hub.pk, (0, None))[0],
            last_flip=lately.get(hub.pk, (0, None))[1],
            quiet=hub.pk in quiet,
        )
        for hub in hubs
    }


def _lately(now: datetime, lead: timedelta) -> dict[int, tuple[int, datetime]]:
    """For each hub that flipped in the last hour: how often it went out, and its last flip."""
    around = Downtime.objects.excusing(OuterRef("at"), lead).filter(hub=OuterRef("hub"))
    flips = Flip.objects.filter(at__gt=now - CALM, at__lte=now).exclude(to=Flip.To.UNKNOWN).exclude(Exists(around))
    rows = flips.order_by().values(pk=F("hub")).annotate(outs=Count("id", filter=Q(to=Flip.To.OUT)), last=Max("at"))
    return {row["pk"]: (row["outs"], row["last"]) for row in rows}

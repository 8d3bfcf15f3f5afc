"""What share of all launches each hub was promised, and when: noted when it changes, averaged over a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from routing.models import Hub, Promise
from routing.services import weights

# Shares are quotients: less than this is no change.
NOTEWORTHY: Final = 1e-9

Steps = list[tuple[datetime, float]]  # from when on it was how much, the oldest first


@transaction.atomic
def note(now: datetime | None = None) -> int:
    """Write down each hub's promise if it is another than was written last; how many are. Safe to run at any time."""
    now = now or timezone.now()
    hubs = list(Hub.objects.order_by("pk"))
    last = dict(Promise.objects.order_by("hub_id", "-at", "-id").distinct("hub_id").values_list("hub_id", "share"))
    shares = weights.shares(hubs)
    changed = [hub for hub in hubs if abs(shares[hub.key] - last.get(hub.pk, 0.0)) > NOTEWORTHY]
    for hub in changed:
        Promise.objects.update_or_create(hub=hub, at=now, defaults={"share": shares[hub.key]})
    return len(changed)


def steps(since: datetime, until: datetime) -> dict[int, Steps]:
    """The promises that held between two moments, by hub's primary key. Before its first one a hub had none."""
    before = Promise.objects.filter(hub=OuterRef("hub"), at__lte=since).order_by("-at", "-id").values("pk")[:1]
    rows = Promise.objects.filter(Q(at__gt=since) | Q(pk=Subquery(before)), at__lte=until).order_by("at", "id")
    found: dict[int, Steps] = defaultdict(list)
    for pk, at, share in rows.values_list("hub_id", "at", "share"):
        found[pk].append((max(at, since), share))
    return dict(found)


def known_since(found: Mapping[int, Steps]) -> datetime | None:
    """From when on it is known who was promised what; None if it never was."""
    return min((held[0][0] for held in found.values()), default=None)


def mean(held: Steps, since: datetime, until: datetime) -> float | None:
    """The promise on the average of a time that is over or is on; None where that has no length."""
    ends = [at for at, _ in held[1:]] + [until]
    area = sum(
        share * max(0.0, (min(end, until) - max(at, since)).total_seconds())
        for (at, share), end in zip(held, ends, strict=False)
    )
    length = (until - since).total_seconds()
    return area / length if length > 0 else None

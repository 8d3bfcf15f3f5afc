"""What share of all launches each hub was promised, and when: noted when it changes, averaged over a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Min
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


def first() -> datetime | None:
    """Since when promises are written down: of the time before nothing is known."""
    found: datetime | None = Promise.objects.aggregate(Min("at"))["at__min"]
    return found


def steps(hubs: Iterable[int], since: datetime, until: datetime) -> dict[int, Steps]:
    """The promises of hubs (by primary key) that held between two moments. Before the first one there was none."""
    found: dict[int, Steps] = {pk: [] for pk in hubs}
    held = Promise.objects.filter(hub__in=found, at__lte=since).order_by("hub_id", "-at", "-id").distinct("hub_id")
    for pk, share in held.values_list("hub_id", "share"):
        found[pk].append((since, share))
    rows = Promise.objects.filter(hub__in=found, at__gt=since, at__lt=until).order_by("at", "id")
    for pk, at, share in rows.values_list("hub_id", "at", "share"):
        found[pk].append((at, share))
    return found


def mean(held: Steps, since: datetime, until: datetime) -> float | None:
    """The promise on the average of a time that is over or is on; None where that has no length."""
    ends = [at for at, _ in held[1:]] + [until]
    area = sum(
        share * max(0.0, (min(end, until) - max(at, since)).total_seconds())
        for (at, share), end in zip(held, ends, strict=False)
    )
    length = (until - since).total_seconds()
    return area / length if length > 0 else None

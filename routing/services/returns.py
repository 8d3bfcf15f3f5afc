"""Hubs that come back from maintenance or a rest: what redirectors had tells which, and their slow start begins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from routing.models import Hub, HubHealth, LiveSnapshot
from routing.snapshot import Snapshot

# What keeps a hub out by decision; health has a slow start of its own.
DECIDED: Final = frozenset({"maintenance", "state"})


def note(before: LiveSnapshot | None, after: Snapshot) -> bool:
    """Let the slow start begin of each hub that maintenance or its state kept out of `before` and not of `after`.

    Called by whoever replaces the live snapshot, in the same transaction: so nobody ever sees such a hub with its full
    weight, however late the end of a downtime is noticed, and a hub whose drain no redirector saw starts no slow start.
    True if there is one; `after` must then be computed again.
    """
    if before is None or not any(f'"{name}"' in before.document for name in DECIDED):
        return False
    back = _kept_out(before.snapshot) & {hub.key for hub in after.hubs} - _kept_out(after)
    hubs = Hub.objects.filter(key__in=back).values_list("pk", flat=True)
    at = datetime.fromtimestamp(after.published_at, UTC)
    # One by one: a hub that was never asked has no row of health yet, and there are few.
    for hub in hubs:
        HubHealth.objects.update_or_create(hub_id=hub, defaults={"released_at": at})
    return bool(hubs)


def _kept_out(snapshot: Snapshot) -> set[str]:
    return {hub.key for hub in snapshot.hubs if any(factor.name in DECIDED for factor in hub.factors)}

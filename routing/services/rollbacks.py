"""Roll back: bring the facts to what an earlier version published, through the same services, as a new version."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from foundation import reasons
from routing import snapshot
from routing.models import Hub, SnapshotVersion
from routing.services import differences, hubs, policies, publishing, weights

if TYPE_CHECKING:
    from members.models import User


@dataclass(frozen=True)
class Preview:
    """What rolling back would change, in words and in weights; `later_hubs`, which came later, get weight 0."""

    sentences: list[str]
    rows: list[weights.Preview]
    later_hubs: list[Hub]


def preview(version: SnapshotVersion) -> Preview:
    """What a roll back to this version would do now."""
    old, now = version.snapshot, publishing.current(version=0)
    keys = {hub.key: hub for hub in old.hubs}
    hubs_now = list(Hub.objects.order_by("name"))
    states = {hub.pk: differences.state(keys[hub.key]) for hub in hubs_now if hub.key in keys}
    rows = weights.preview(hubs_now, _weights(old), states)
    return Preview(differences.between(now, _target(old, now)), rows, _later_hubs(old))


@transaction.atomic
def roll_back(version: SnapshotVersion, *, reason: str, by: User | None) -> None:
    """Restore weights, prime, headroom, addresses, names, states and policy of a version. Later hubs get weight 0.

    The old document is never published again: what it said becomes the facts, and those a new version.
    """
    why = f"roll back to version {version.version}: {reasons.checked(reason)}"[: reasons.MAX_LENGTH]
    publishing.publish_on_commit(why, by)
    known = {hub.key: hub for hub in Hub.objects.select_for_update().order_by("pk")}
    published = [(known[hub.key], hub) for hub in version.snapshot.hubs if hub.key in known]
    for hub, wanted in published:
        hubs.edit(hub, _record_changes(hub, wanted), reason=why, by=by)
        if hub.state != differences.state(wanted):
            hubs.change_state(hub, differences.state(wanted), reason=why, by=by)
    _restore_prime(published, why, by)
    weights.change(_weights(version.snapshot), reason=why, by=by)
    policies.edit(dataclasses.asdict(version.snapshot.policy), reason=why, by=by)


def _weights(old: snapshot.Snapshot) -> dict[int, Decimal]:
    published = {hub.key: Decimal(str(hub.weight)) for hub in old.hubs}
    found = dict(Hub.objects.filter(key__in=published).values_list("pk", "key"))
    return {pk: published[key] for pk, key in found.items()} | {hub.pk: Decimal(0) for hub in _later_hubs(old)}


def _record_changes(hub: Hub, wanted: snapshot.Hub) -> dict[str, object]:
    before = {
        "name": wanted.name or hub.name,
        "url": wanted.url,
        "health_url": wanted.health,
        "versions_url": wanted.versions,
        "pod_headroom": wanted.pod_headroom,
        "headroom_percent": wanted.headroom_percent,
        "user_limit": wanted.user_limit,
        "check_period": wanted.check_period,
        "ui_order": wanted.ui_order,
    }
    return {name: value for name, value in before.items() if getattr(hub, name) != value}


def _restore_prime(published: list[tuple[Hub, snapshot.Hub]], reason: str, by: User | None) -> None:
    prime = next((hub for hub, wanted in published if wanted.prime), None)
    if prime:
        hubs.make_prime(prime, reason=reason, by=by)
    else:
        hubs.unset_prime(reason=reason, by=by)


def _later_hubs(old: snapshot.Snapshot) -> list[Hub]:
    keys = [hub.key for hub in old.hubs]
    return list(Hub.objects.published().exclude(key__in=keys).order_by("name"))


def _target(old: snapshot.Snapshot, now: snapshot.Snapshot) -> snapshot.Snapshot:
    """What the roll back would publish: the old hubs, and the later ones with weight 0."""
    keys = {hub.key for hub in old.hubs}
    later = tuple(dataclasses.replace(hub, weight=0.0, prime=False) for hub in now.hubs if hub.key not in keys)
    return dataclasses.replace(old, hubs=old.hubs + later)

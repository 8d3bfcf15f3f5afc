"""What was offered for each hub against what is used of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Max, Prefetch
from django.utils import timezone

from members.models import ComputeOffer, Role
from members.services import access, edits, history
from routing.models import HealthHour, Hub
from routing.services import factors

if TYPE_CHECKING:
    from members.models import User

LOOKED_BACK: Final = timedelta(days=30)


class CapacityError(edits.EditError):
    """Nothing was changed; the text says why."""


@dataclass(frozen=True)
class Capacity:
    """One hub: what runs it, and how much of it was used. None for what nobody has said."""

    hub: Hub
    offers: Sequence[ComputeOffer]
    offered: int | None
    now: int | None
    most: int | None
    quota: int | None

    @property
    def share(self) -> float | None:
        """The part of what was offered that was used at the busiest time of the last month."""
        return min(1.0, self.most / self.offered) if self.offered and self.most is not None else None


def of(hubs: Iterable[Hub]) -> list[Capacity]:
    """Each of these hubs, in three queries."""
    today = timezone.now()
    running = Prefetch("offers", ComputeOffer.objects.running(today.date()), to_attr="running_offers")
    found = list(Hub.objects.filter(pk__in=[hub.pk for hub in hubs]).select_related("health").prefetch_related(running))
    hours = HealthHour.objects.filter(hub__in=found, hour__gte=today - LOOKED_BACK).order_by()
    most = dict(hours.values_list("hub").annotate(Max("pods_max")))
    return [_one(hub, most.get(hub.pk)) for hub in found]


def _one(hub: Hub, most: int | None) -> Capacity:
    offers: list[ComputeOffer] = hub.running_offers  # type: ignore[attr-defined]
    users = [each.concurrent_users for each in offers if each.concurrent_users is not None]
    health = factors.health_of(hub)
    used = health.total_pods
    return Capacity(
        hub=hub,
        offers=offers,
        offered=sum(users) if users else None,
        now=used,
        most=max((each for each in (most, used) if each is not None), default=None),
        quota=health.quota,
    )


@transaction.atomic
def assign(offer: ComputeOffer, hubs: Iterable[Hub], *, by: User) -> None:
    """Say which of the member's hubs run on this offer."""
    access.require(by, Role.EDITOR, offer.member)
    chosen = list(hubs)
    if any(hub.member_id != offer.member_id for hub in chosen):
        raise CapacityError("An offer runs hubs of its own member.")
    history.sign(offer, by=by)
    offer.hubs.set(chosen)

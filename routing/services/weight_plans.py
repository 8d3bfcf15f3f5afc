"""What goes on by itself with a hub's weight, and what becomes of it when the weight is edited meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils import timezone

from foundation.zones import said
from members.services import history
from routing.models import Hub, Ramp, RampEvent, TimedChange

if TYPE_CHECKING:
    from members.models import User


def supersede(hubs: Iterable[Hub], *, reason: str, by: User | None) -> None:
    """A new word on these hubs' weights: what was going on with them by itself is called off."""
    pks, now = [hub.pk for hub in hubs], timezone.now()
    TimedChange.objects.open().filter(hub__in=pks).update(
        ended_at=now, ended_by=by, outcome=TimedChange.Outcome.SUPERSEDED
    )
    for ramp in Ramp.objects.open().filter(hub__in=pks).select_for_update().order_by("pk"):
        end(ramp, Ramp.Outcome.SUPERSEDED, RampEvent.What.SUPERSEDED, reason=reason, by=by)


def end(ramp: Ramp, outcome: Ramp.Outcome, what: RampEvent.What, *, reason: str = "", by: User | None = None) -> None:
    """The ramp is over: the hub's whole weight counts. The caller holds its row."""
    ramp.ended_at, ramp.outcome = timezone.now(), outcome
    ramp.held, ramp.held_since, ramp.held_reason = "", None, ""
    history.save(ramp, by=by, reason=reason)
    RampEvent.objects.create(ramp=ramp, what=what, percent=ramp.percent, reason=reason, by=by)


def warnings(hubs: Iterable[int]) -> list[str]:
    """What an edit of these hubs' weights would call off, each in a sentence."""
    pks = list(hubs)
    timed = TimedChange.objects.open().filter(hub__in=pks).select_related("hub")
    ramps = Ramp.objects.open().filter(hub__in=pks).select_related("hub").order_by("hub__name")
    return [
        *(
            f"{each.hub.name} goes back to {each.back_to.normalize():f} by itself on {said(each.until)}: "
            "this edit calls that off."
            for each in timed
        ),
        *(
            f"{each.hub.name} is on a ramp, at {each.percent:g} % of its way to {each.to_weight.normalize():f}: "
            "this edit calls the ramp off, and the new weight counts at once."
            for each in ramps
        ),
    ]

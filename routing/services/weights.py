"""Weights: the share of launches the federation promises each hub. Changed together, with a reason, and never lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from foundation import reasons
from routing.models import MAX_WEIGHT, Hub, WeightChange
from routing.services import publishing, weight_plans

if TYPE_CHECKING:
    from members.models import User

STEP = Decimal("0.001")


class WeightsError(ValueError):
    """The weights were not changed; the text says why."""


class StaleEdit(WeightsError):
    """Somebody changed weights since the editor looked: `changes` says who changed what."""

    def __init__(self, changes: Sequence[str]) -> None:
        super().__init__("The weights changed since you opened the page: " + "; ".join(changes))
        self.changes = tuple(changes)


@transaction.atomic
def change(
    new: Mapping[int, Decimal],
    *,
    reason: str,
    by: User | None,
    seen: Mapping[int, Decimal] | None = None,
) -> uuid.UUID | None:
    """Give hubs (by primary key) new weights, all or none; the batch that records it, None if nothing changes.

    `seen` is what the editor saw, of any hubs: if one of them has another weight by now nothing changes and StaleEdit
    tells what happened meanwhile. What went on by itself with the hubs that change (a return, a ramp) is called off.
    """
    reason = reasons.checked(reason)
    # Locked in one order, so that two editors wait for each other instead of dead-locking.
    hubs = {hub.pk: hub for hub in Hub.objects.select_for_update().order_by("pk")}
    _refuse_stale(hubs, seen or {})
    changed = [(hubs[pk], weight) for pk, weight in _checked(hubs, new).items() if hubs[pk].weight != weight]
    if not changed:
        return None
    batch = uuid.uuid4()
    WeightChange.objects.bulk_create(
        WeightChange(hub=hub, by=by, from_weight=hub.weight, to_weight=weight, reason=reason, batch=batch)
        for hub, weight in changed
    )
    for hub, weight in changed:
        hub.weight = weight
    Hub.objects.bulk_update([hub for hub, _ in changed], ["weight"])
    weight_plans.supersede([hub for hub, _ in changed], reason=reason, by=by)
    publishing.publish_on_commit(reason, by)
    return batch


@transaction.atomic
def undo(
    batch: uuid.UUID, *, reason: str, by: User | None, seen: Mapping[int, Decimal] | None = None
) -> uuid.UUID | None:
    """Give the hubs of a batch the weights they had before it; a new batch, None if they have them already."""
    return change(before(batch), reason=reason, by=by, seen=seen)


def before(batch: uuid.UUID) -> dict[int, Decimal]:
    """The weights that a batch replaced, by hub; without the hubs that are retired by now, which keep weight 0."""
    rows = WeightChange.objects.filter(batch=batch).exclude(hub__state=Hub.State.RETIRED)
    return dict(rows.values_list("hub_id", "from_weight"))


def shares(hubs: Iterable[Hub]) -> dict[str, float]:
    """The share of launches (0..1) that the weights promise each of these hubs, by key; only active hubs have one."""
    weights = {hub.key: float(hub.weight) if hub.state == Hub.State.ACTIVE else 0.0 for hub in hubs}
    total = sum(weights.values())
    return {key: weight / total if total else 0.0 for key, weight in weights.items()}


@dataclass(frozen=True)
class Preview:
    """One hub's part of an edit that was not made yet."""

    hub: Hub
    weight: Decimal
    new_weight: Decimal
    share: float
    new_share: float

    @property
    def moves(self) -> bool:
        """Whether its weight would be another."""
        return self.weight != self.new_weight


def preview(hubs: Sequence[Hub], new: Mapping[int, Decimal], states: Mapping[int, str] | None = None) -> list[Preview]:
    """What weights and states (by primary key) would do to these hubs' promised shares; absent ones keep theirs."""
    now, then = shares(hubs), shares(_with(hubs, new, states or {}))
    return [Preview(hub, hub.weight, new.get(hub.pk, hub.weight), now[hub.key], then[hub.key]) for hub in hubs]


def consequences(rows: Sequence[Preview]) -> list[str]:
    """What a person must confirm before this edit is made, each in a sentence; empty for an everyday edit."""
    return [text for text in (_nobody_left(rows), _prime_left_out(rows), _much_moves(rows)) if text]


def _nobody_left(rows: Sequence[Preview]) -> str:
    if any(row.new_share for row in rows) or not any(row.share for row in rows):
        return ""
    prime = next((row.hub for row in rows if row.hub.prime), None)
    if prime is None:
        return "No hub is left with weight, and there is no prime: visitors would be sent to any hub that answers."
    return f"No hub is left with weight: all visitors would be sent to the prime, {prime.name}, whatever its quota."


def _prime_left_out(rows: Sequence[Preview]) -> str:
    for row in rows:
        if row.hub.prime and row.share and not row.new_share and any(each.new_share for each in rows):
            return (
                f"{row.hub.name} is the prime: it would get no new launches, but still serves the federation's pages."
            )
    return ""


def _much_moves(rows: Sequence[Preview]) -> str:
    moved = sum(max(row.new_share - row.share, 0) for row in rows)
    if moved <= 0.5:
        return ""
    return f"{moved:.0%} of all launches would move to other hubs, which must build what they don't have yet."


def _with(hubs: Iterable[Hub], new: Mapping[int, Decimal], states: Mapping[int, str]) -> list[Hub]:
    return [
        Hub(pk=hub.pk, key=hub.key, state=states.get(hub.pk, hub.state), weight=new.get(hub.pk, hub.weight))
        for hub in hubs
    ]


def _checked(hubs: Mapping[int, Hub], new: Mapping[int, Decimal]) -> dict[int, Decimal]:
    return {pk: _checked_weight(hubs.get(pk), weight) for pk, weight in new.items()}


def _checked_weight(hub: Hub | None, weight: Decimal) -> Decimal:
    if hub is None:
        raise WeightsError("One of the hubs does not exist any more.")
    if not weight.is_finite() or not 0 <= weight <= MAX_WEIGHT:
        raise WeightsError(f"{hub}: a weight is a number from 0 to {MAX_WEIGHT.to_integral_value():f}, not {weight}.")
    if weight != weight.quantize(STEP):
        raise WeightsError(f"{hub}: a weight has at most three decimals, not {weight}.")
    if hub.state == Hub.State.RETIRED and weight:
        raise WeightsError(f"{hub} is retired: it can't have weight.")
    return weight


def _refuse_stale(hubs: Mapping[int, Hub], seen: Mapping[int, Decimal]) -> None:
    moved = [hubs[pk] for pk, weight in seen.items() if pk in hubs and hubs[pk].weight != weight]
    if moved:
        raise StaleEdit([_what_happened(hub) for hub in moved])


def _what_happened(hub: Hub) -> str:
    last = hub.weight_changes.select_related("by").first()
    weight = shown(hub.weight)
    if last is None:
        return f"{hub} has weight {weight} now"
    return f"{last.by or 'Somebody'} set {hub} to {weight} at {last.at:%H:%M} UTC ({last.reason})"


def shown(weight: Decimal) -> str:
    """A weight as people write it: 30, not 30.000."""
    return f"{weight.normalize():f}"

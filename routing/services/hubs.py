"""Hubs: take one in, edit its record, make it the prime, drain it, retire it. Every change has a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from foundation import reasons, texts
from members.services import history
from routing.models import RECORD, Hub
from routing.services import publishing, ramps, weight_plans, weights

if TYPE_CHECKING:
    from members.models import User

EDITABLE: Final = frozenset(name.removesuffix("_id") for name in RECORD)


class HubsError(ValueError):
    """The hub was not changed; the text says why."""


class StaleHub(HubsError):
    """Somebody changed the hub's record since the editor opened it."""


@transaction.atomic
def add(hub: Hub, *, weight: Decimal, reason: str, by: User | None, steps: Sequence[ramps.Step] | None = None) -> Hub:
    """Take in a new hub with its first weight, which goes into the history like every later one.

    A hub that is to be prime takes over from the one that was. With `steps` an active one comes up to its weight by a
    ramp, unless it is the only one.
    """
    reason = reasons.checked(reason)
    publishing.publish_on_commit(reason, by)
    prime, hub.prime, hub.weight, hub.name = hub.prime, False, Decimal(0), texts.line(hub.name)
    hub.full_clean()
    history.sign(hub, by=by, reason=reason)
    hub.save(force_insert=True)
    if prime:
        make_prime(hub, reason=reason, by=by)
    weights.change({hub.pk: weight}, reason=reason, by=by)
    hub.refresh_from_db()
    _ramp(hub, steps, reason, by)
    return hub


@transaction.atomic
def edit(hub: Hub, changes: Mapping[str, Any], *, reason: str, by: User | None, seen: str | None = None) -> Hub:
    """Change fields of a hub's record. `seen` is the fingerprint the editor saw: StaleHub if it is another by now."""
    reason = reasons.checked(reason)
    unknown = set(changes) - EDITABLE
    if unknown:
        raise HubsError(f"{', '.join(sorted(unknown))} of a hub can't be edited here.")
    locked = _locked(hub)
    if seen is not None and locked.fingerprint != seen:
        raise StaleHub(f"Somebody changed {locked} since you opened this page. Look at it again; nothing was saved.")
    for name, value in changes.items():
        setattr(locked, name, texts.line(value) if isinstance(value, str) else value)
    # Only what was changed: a record from another mode (http in development) must not block other edits.
    locked.full_clean(exclude={field.name for field in Hub._meta.fields} - set(changes))
    if changes:
        history.save(locked, by=by, reason=reason, fields=changes)
        publishing.publish_on_commit(reason, by)
    return locked


@transaction.atomic
def make_prime(hub: Hub, *, reason: str, by: User | None) -> Hub:
    """Let a hub serve the federation's pages and set the reference version, in place of the one that did."""
    reason = reasons.checked(reason)
    # All primes are locked first, so that two that do this at once follow each other.
    list(Hub.objects.select_for_update().order_by("pk"))
    locked = _locked(hub)
    if locked.state == Hub.State.RETIRED:
        raise HubsError(f"{locked} is retired: it can't be the prime.")
    if not locked.prime:
        _unset_primes(by, reason)
        locked.prime = True
        history.save(locked, by=by, reason=reason, fields=["prime"])
        publishing.publish_on_commit(reason, by)
    return locked


@transaction.atomic
def unset_prime(*, reason: str, by: User | None) -> None:
    """Leave the federation without a prime: only a roll back to a version that had none needs this."""
    reason = reasons.checked(reason)
    if _unset_primes(by, reason):
        publishing.publish_on_commit(reason, by)


@transaction.atomic
def change_state(
    hub: Hub,
    state: str,
    *,
    reason: str,
    by: User | None,
    with_member: bool = False,
    steps: Sequence[ramps.Step] | None = None,
) -> Hub:
    """Put a hub into rotation, drain it, or retire it; a retired hub's weight becomes 0, in the history too.

    `with_member`: it is drained because its member takes a break, and comes back with it. A hub that comes into
    rotation begins with a slow start; with `steps` it comes up to its weight by a ramp.
    """
    reason = reasons.checked(reason)
    publishing.publish_on_commit(reason, by)
    list(Hub.objects.select_for_update().order_by("pk"))
    locked = _locked(hub)
    if state not in Hub.State.values:
        raise HubsError(f"A hub is {', '.join(Hub.State.values)}, not {state!r}.")
    if state == Hub.State.RETIRED:
        if locked.prime:
            raise HubsError(f"{locked} is the prime. Make another hub the prime, then retire this one.")
        weights.change({locked.pk: Decimal(0)}, reason=reason, by=by)
        weight_plans.supersede([locked], reason=reason, by=by)
        locked.weight = Decimal(0)
    comes_in = state == Hub.State.ACTIVE != locked.state
    locked.state, locked.rests_with_member = state, with_member
    history.save(locked, by=by, reason=reason, fields=["state", "rests_with_member"])
    if comes_in:
        _ramp(locked, steps, reason, by)
    return locked


def _unset_primes(by: User | None, reason: str) -> bool:
    primes = list(Hub.objects.filter(prime=True))
    for hub in primes:
        hub.prime = False
        history.save(hub, by=by, reason=reason, fields=["prime"])
    return bool(primes)


def said(error: ValidationError | ValueError) -> str:
    """What a service's or a model's error says, in one line for people."""
    if not isinstance(error, ValidationError):
        return str(error)
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())


def _ramp(hub: Hub, steps: Sequence[ramps.Step] | None, reason: str, by: User | None) -> None:
    if steps and hub.state == Hub.State.ACTIVE and Hub.objects.in_rotation().exclude(pk=hub.pk).exists():
        ramps.bring_in(hub, steps=steps, reason=reason, by=by)


def _locked(hub: Hub) -> Hub:
    return Hub.objects.select_for_update(of=("self",)).get(pk=hub.pk)

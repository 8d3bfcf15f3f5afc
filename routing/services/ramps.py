"""Ramps: a hub comes up to its weight step by step, guarded; it goes on, holds and goes back by itself.

Everything is in the hub's row: whoever looks next goes on from there, whatever was killed or restarted meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from foundation import reasons
from foundation.zones import said
from members.services import history
from routing.models import Hub, Policy, Ramp, RampEvent, TimedChange
from routing.services import publishing, ramp_guards, ramp_letters, weight_plans, weights
from routing.services.ramp_guards import Look, Sign

if TYPE_CHECKING:
    from members.models import User

Step = tuple[float, float]  # percent of the way up, and minutes

DEFAULT: Final[tuple[Step, ...]] = ((1, 60), (5, 60), (25, 120), (50, 240))
STEPS_MOST: Final = 12
MINUTES_MOST: Final = 7 * 24 * 60
# Time in which nobody looked is no good time: at most this much of it counts.
GAP_MOST: Final = timedelta(seconds=60)
# After this long a hold becomes a step back.
PATIENCE: Final = timedelta(minutes=10)
SETBACKS_MOST: Final = 3

_STEP: Final = re.compile(
    r"(\d{1,3}(?:\.\d{1,3})?) ?% ?(?:for)? ?(\d{1,5}(?:\.\d{1,2})?) ?(min|m|h|d)[a-z]*", re.IGNORECASE
)
_UNITS: Final = {"m": 1, "min": 1, "h": 60, "d": 24 * 60}


class RampsError(weights.WeightsError):
    """Nothing was changed; the text says why."""


class Settled(RampsError):
    """The ramp is over, or somebody else did it first."""


def read_steps(text: str) -> tuple[Step, ...]:
    """Steps as people write them: 1 % for 1 h, 5 % for 30 min."""
    found = []
    for part in re.split(r"[,;\n]", text):
        if not part.strip():
            continue
        match = _STEP.fullmatch(part.strip())
        if match is None:
            raise RampsError(f"“{part.strip()[:40]}” is no step: write steps like 1 % for 1 h, 5 % for 30 min.")
        found.append((float(match[1]), float(match[2]) * _UNITS[match[3].lower()]))
    return checked_steps(found)


def checked_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, if they lead up; RampsError says what is wrong."""
    if not 1 <= len(steps) <= STEPS_MOST:
        raise RampsError(f"A ramp has 1 to {STEPS_MOST} steps.")
    percents = [percent for percent, _ in steps]
    if not all(0 < percent < 100 for percent in percents):
        raise RampsError("A step is above 0 % and below 100 %, which comes after the last one.")
    if any(after <= before for before, after in pairwise(percents)):
        raise RampsError("Each step is higher than the one before it.")
    if not all(1 <= minutes <= MINUTES_MOST for _, minutes in steps):
        raise RampsError("A step lasts from one minute to seven days.")
    return tuple((float(percent), float(minutes)) for percent, minutes in steps)


def said_steps(steps: Sequence[Sequence[float]]) -> str:
    """The steps as people write them, to be read again."""
    return ", ".join(f"{percent:g} % for {said_minutes(minutes)}" for percent, minutes in steps)


def said_minutes(minutes: float) -> str:
    """A length of time in the largest unit that has no rest."""
    for size, unit in ((24 * 60, "d"), (60, "h")):
        if minutes >= size and minutes % size == 0:
            return f"{minutes / size:g} {unit}"
    return f"{minutes:g} min"


def start(hub: Hub, weight: Decimal, *, reason: str, by: User | None, steps: Sequence[Step] = DEFAULT) -> Ramp:
    """Promise the hub another weight, and let it come up to it step by step, from what it has now."""
    found = start_all({hub.pk: weight}, reason=reason, by=by, steps=steps)
    if not found:
        raise RampsError(f"{hub} has weight {weights.shown(weight)} already.")
    return found[0]


@transaction.atomic
def start_all(
    new: Mapping[int, Decimal],
    *,
    reason: str,
    by: User | None,
    steps: Sequence[Step] = DEFAULT,
    seen: Mapping[int, Decimal] | None = None,
) -> list[Ramp]:
    """The same for several hubs (by primary key), all or none; those whose weight does not change are left alone."""
    reason, steps = reasons.checked(reason), checked_steps(steps)
    hubs = {hub.pk: hub for hub in Hub.objects.select_for_update().order_by("pk")}
    changed = [(hubs[pk], weight) for pk, weight in new.items() if pk in hubs and hubs[pk].weight != weight]
    for hub, weight in changed:
        _refuse(hub, weight)
    weights.change(new, reason=reason, by=by, seen=seen)
    return [_begin(hub, _counts(hub), weight, steps, reason, by) for hub, weight in changed]


@transaction.atomic
def bring_in(hub: Hub, *, reason: str, by: User | None, steps: Sequence[Step] = DEFAULT) -> Ramp | None:
    """Let a hub that had no launches come up from nothing to the weight it has; None if that is 0."""
    reason, steps = reasons.checked(reason), checked_steps(steps)
    locked = Hub.objects.select_for_update().get(pk=hub.pk)
    if not locked.weight:
        return None
    weight_plans.supersede([locked], reason=reason, by=by)
    return _begin(locked, Decimal(0), locked.weight, steps, reason, by)


@transaction.atomic
def hold(ramp: Ramp, *, reason: str, by: User | None) -> Ramp:
    """Let it stay at this step until a person lets it go on."""
    reason, locked = reasons.checked(reason), _locked(ramp)
    if locked.held == Ramp.Held.PERSON:
        raise Settled("It is held already.")
    _hold(locked, Ramp.Held.PERSON, reason, timezone.now())
    return _note(locked, RampEvent.What.HELD, reason, by)


@transaction.atomic
def resume(ramp: Ramp, *, by: User | None) -> Ramp:
    """Let it go on. What was wrong is forgiven; the guards look again."""
    locked = _locked(ramp)
    if not locked.held:
        raise Settled("It is not held.")
    _release(locked)
    locked.setbacks = 0
    return _note(locked, RampEvent.What.RESUMED, "", by)


@transaction.atomic
def skip(ramp: Ramp, *, by: User | None, place: int | None = None) -> Ramp:
    """Go to the next step now, whatever the guards say; after the last one it is done. `place` is what was seen."""
    locked = _locked(ramp)
    if place is not None and place != locked.place:
        raise Settled(f"It has moved meanwhile: it is at {locked.percent:g} % now.")
    _release(locked)
    if locked.place + 1 >= len(locked.steps):
        weight_plans.end(locked, Ramp.Outcome.DONE, RampEvent.What.DONE, by=by)
        _follow()
        return locked
    _go_to(locked, locked.place + 1, timezone.now())
    return _note(locked, RampEvent.What.SKIPPED, "", by)


@transaction.atomic
def stop(ramp: Ramp, *, reason: str, by: User | None, stay: bool = False) -> Ramp:
    """End it: the hub gets the weight it had before, or with `stay` for good what it has come up to."""
    reason = reasons.checked(reason)
    list(Hub.objects.select_for_update().order_by("pk"))
    locked = _locked(ramp)
    weight = locked.from_weight
    if stay:
        weight = (locked.to_weight * Decimal(str(locked.part))).quantize(weights.STEP)
    weight_plans.end(locked, Ramp.Outcome.STOPPED, RampEvent.What.STOPPED, reason=reason, by=by)
    weights.change({locked.hub_id: weight}, reason=reason, by=by)
    _follow()
    return locked


def look_at_all(now: datetime | None = None) -> None:
    """Let every ramp go on, hold or go back, as its guards say. Safe to run twice at once, or late."""
    now = now or timezone.now()
    policy = Policy.objects.current()
    for pk in Ramp.objects.open().order_by("pk").values_list("pk", flat=True):
        _look_at(pk, policy, now)


@transaction.atomic
def _look_at(pk: int, policy: Policy, now: datetime) -> None:
    # Who finds the row locked has nothing to do: somebody is looking, or deciding.
    rows = Ramp.objects.open().select_for_update(skip_locked=True, of=("self",)).select_related("hub__health")
    ramp = rows.filter(pk=pk).first()
    if ramp is None or now <= ramp.looked_at:
        return
    passed, ramp.looked_at = min(now - ramp.looked_at, GAP_MOST), now
    if ramp.held == Ramp.Held.PERSON:
        ramp.save(update_fields=["looked_at"])
        return
    seen = ramp_guards.look(ramp, policy, now)
    if seen.sign == Sign.FINE:
        _fine(ramp, passed, now)
    else:
        _not_fine(ramp, seen, now)


def _fine(ramp: Ramp, passed: timedelta, now: datetime) -> None:
    if ramp.held:
        _release(ramp)
        _note(ramp, RampEvent.What.RESUMED)
        return
    ramp.good_seconds += passed.total_seconds()
    if ramp.good_seconds < 60 * ramp.minutes:
        ramp.save(update_fields=["good_seconds", "looked_at"])
    elif ramp.place + 1 < len(ramp.steps):
        _go_to(ramp, ramp.place + 1, now)
        _note(ramp, RampEvent.What.UP)
    else:
        weight_plans.end(ramp, Ramp.Outcome.DONE, RampEvent.What.DONE)
        ramp_letters.tell(ramp, RampEvent.What.DONE, "")
        _follow()


def _not_fine(ramp: Ramp, seen: Look, now: datetime) -> None:
    first = not ramp.held
    if first:
        _hold(ramp, Ramp.Held.GUARD, seen.reason, now)
    ramp.held_reason = seen.reason
    lasts = ramp.held_since is not None and now - ramp.held_since >= PATIENCE
    if (seen.sign == Sign.BAD and first) or (seen.sign in {Sign.BAD, Sign.POOR} and lasts):
        _step_back(ramp, seen.reason, now)
    elif first:
        _note(ramp, RampEvent.What.HELD, seen.reason)
    else:
        ramp.save(update_fields=["held_reason", "looked_at"])


def _step_back(ramp: Ramp, reason: str, now: datetime) -> None:
    """One step back, and again after a while; when that happened too often a person must look."""
    ramp.setbacks += 1
    _go_to(ramp, max(0, ramp.place - 1), now)
    if ramp.setbacks < SETBACKS_MOST:
        _hold(ramp, Ramp.Held.GUARD, reason, now)
        _note(ramp, RampEvent.What.BACK, reason)
    else:
        _hold(ramp, Ramp.Held.PERSON, reason, now)
        _note(ramp, RampEvent.What.GAVE_UP, reason)


def _begin(hub: Hub, was: Decimal, weight: Decimal, steps: Sequence[Step], reason: str, by: User | None) -> Ramp:
    ramp = Ramp(hub=hub, from_weight=was, to_weight=weight, steps=[list(step) for step in steps], reason=reason, by=by)
    return _note(ramp, RampEvent.What.BEGAN, reason, by)


def _note(ramp: Ramp, what: RampEvent.What, reason: str = "", by: User | None = None) -> Ramp:
    """Keep the row and what happened, tell the maintainers what no person did, let redirectors follow."""
    history.save(ramp, by=by, reason=reason)
    RampEvent.objects.create(ramp=ramp, what=what, percent=ramp.percent, reason=reason[: reasons.MAX_LENGTH], by=by)
    if what in ramp_letters.TOLD and by is None:
        ramp_letters.tell(ramp, what, reason)
    _follow()
    return ramp


def _go_to(ramp: Ramp, place: int, now: datetime) -> None:
    ramp.place, ramp.good_seconds, ramp.looked_at = place, 0.0, now


def _hold(ramp: Ramp, held: Ramp.Held, reason: str, now: datetime) -> None:
    ramp.held, ramp.held_since, ramp.held_reason = held, now, reason[: reasons.MAX_LENGTH]


def _release(ramp: Ramp) -> None:
    ramp.held, ramp.held_since, ramp.held_reason = "", None, ""
    # Nobody is to be thanked for the time in which it was held.
    ramp.looked_at = timezone.now()


def _locked(ramp: Ramp) -> Ramp:
    locked = Ramp.objects.select_for_update(of=("self",)).select_related("hub").get(pk=ramp.pk)
    if locked.ended_at is not None:
        raise Settled(f"This ramp is over: {locked.get_outcome_display()}.")
    return locked


def _counts(hub: Hub) -> Decimal:
    return hub.weight if hub.state == Hub.State.ACTIVE else Decimal(0)


def _refuse(hub: Hub, weight: Decimal) -> None:
    if hub.state == Hub.State.RETIRED:
        raise RampsError(f"{hub} is retired: it can't have weight.")
    if weight <= _counts(hub):
        raise RampsError(
            f"{hub} has weight {weights.shown(hub.weight)}: a ramp leads up. To lower it, save it at once."
        )
    ramp = Ramp.objects.open().filter(hub=hub).first()
    if ramp is not None:
        raise RampsError(f"{hub} is on a ramp to {weights.shown(ramp.to_weight)} already. Stop that one first.")
    timed = TimedChange.objects.open().filter(hub=hub).first()
    if timed is not None:
        raise RampsError(f"{hub} goes back to {weights.shown(timed.back_to)} on {said(timed.until)}. End that first.")


def _follow() -> None:
    transaction.on_commit(publishing.refresh, robust=True)

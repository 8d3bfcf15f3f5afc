"""Weight changes that return by themselves: for an evening, a course, a repair."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation import reasons
from foundation.zones import said
from members.services import notices, recipients
from routing.models import Hub, Ramp, TimedChange
from routing.services import weights, wording

if TYPE_CHECKING:
    from members.models import User

SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=90)
KIND: Final = "timed weight"


class TimedChangesError(weights.WeightsError):
    """Nothing was changed; the text says why."""


class Settled(TimedChangesError):
    """It returned already, or somebody else ended it first."""


@transaction.atomic
def change(
    new: Mapping[int, Decimal],
    *,
    until: datetime,
    reason: str,
    by: User | None,
    seen: Mapping[int, Decimal] | None = None,
) -> uuid.UUID | None:
    """Give hubs (by primary key) new weights until a moment; then they get back those of now. All or none."""
    now = timezone.now()
    _refuse_times(until, now)
    hubs = {hub.pk: hub for hub in Hub.objects.select_for_update().order_by("pk")}
    was = {pk: hub.weight for pk, hub in hubs.items()}
    changed = [pk for pk, weight in new.items() if was.get(pk) != weight]
    _refuse_overlaps(changed)
    batch = weights.change(new, reason=_until(reason, until), by=by, seen=seen)
    if batch is None:
        return None
    TimedChange.objects.bulk_create(
        TimedChange(
            hub_id=pk, batch=batch, weight=new[pk], back_to=was[pk], until=until, reason=reason, by=by, began_at=now
        )
        for pk in changed
    )
    return batch


@transaction.atomic
def extend(batch: uuid.UUID, until: datetime, *, by: User | None) -> None:
    """Let all of an edit that still lasts end at another time."""
    _refuse_times(until, timezone.now())
    if not TimedChange.objects.open().filter(batch=batch).update(until=until):
        raise Settled(_over(batch))


@transaction.atomic
def keep_for_good(batch: uuid.UUID, *, by: User | None) -> None:
    """Let the weights stay as they are: they don't return any more."""
    rows = TimedChange.objects.open().filter(batch=batch)
    if not rows.update(ended_at=timezone.now(), ended_by=by, outcome=TimedChange.Outcome.KEPT):
        raise Settled(_over(batch))


@transaction.atomic
def return_early(batch: uuid.UUID, *, reason: str, by: User | None) -> None:
    """Give the hubs their weights of before now instead of later."""
    reason = reasons.checked(reason)
    if not _return(batch, TimedChange.Outcome.EARLY, reason=reason, by=by):
        raise Settled(_over(batch))


def return_due(now: datetime | None = None) -> int:
    """Let what is due return, and tell the maintainers; how many edits. Safe to run twice, or late."""
    due = TimedChange.objects.open().filter(until__lte=now or timezone.now())
    batches = list(due.order_by().values_list("batch", flat=True).distinct())
    return sum(_return_and_tell(batch) for batch in batches)


def open_batches() -> dict[uuid.UUID, list[TimedChange]]:
    """What lasts, by edit, the next to return first."""
    found: dict[uuid.UUID, list[TimedChange]] = {}
    for row in TimedChange.objects.open().select_related("hub", "by"):
        found.setdefault(row.batch, []).append(row)
    return found


@transaction.atomic
def _return_and_tell(batch: uuid.UUID) -> bool:
    rows = _return(batch, TimedChange.Outcome.RETURNED, reason="", by=None)
    if rows:
        moves = [f"{row.hub.name}: {weights.shown(row.weight)} → {weights.shown(row.back_to)}" for row in rows]
        names = wording.listed([row.hub.name for row in rows])
        link = f"{settings.PORTAL_URL}{reverse('admin:routing_weightchange_changelist')}"
        notices.tell(
            recipients.maintainers(),
            kind=KIND,
            occasion=f"{batch} returned",
            subject=f"Back to the weight of before: {names}",
            body=f"The time of “{rows[0].reason}” is over ({said(rows[0].until)}).\n\n"
            + "\n".join(moves)
            + f"\n\nAll changes: {link}",
            useful_until=timezone.now() + timedelta(days=1),
        )
    return bool(rows)


def _return(batch: uuid.UUID, outcome: TimedChange.Outcome, *, reason: str, by: User | None) -> Sequence[TimedChange]:
    """Exactly one caller returns what still lasts of the edit; the others find nothing."""
    # Locked in the order of every edit of weights.
    list(Hub.objects.select_for_update().order_by("pk"))
    rows = list(TimedChange.objects.open().filter(batch=batch).select_related("hub"))
    TimedChange.objects.filter(pk__in=[row.pk for row in rows]).update(
        ended_at=timezone.now(), ended_by=by, outcome=outcome
    )
    back = {row.hub_id: row.back_to for row in rows if row.hub.state != Hub.State.RETIRED}
    if back:
        why = reason or f"the time is over: {rows[0].reason}"[: reasons.MAX_LENGTH]
        weights.change(back, reason=why, by=by)
    return rows


def _refuse_times(until: datetime, now: datetime) -> None:
    if until < now + SHORTEST:
        raise TimedChangesError(f"{said(until)} is in the past, or too near: give it at least five minutes.")
    if until > now + LONGEST:
        raise TimedChangesError(f"{said(until)} is over {LONGEST.days} days ahead: change the weight for good instead.")


def _refuse_overlaps(hubs: Sequence[int]) -> None:
    timed = TimedChange.objects.open().filter(hub__in=hubs).select_related("hub").first()
    if timed is not None:
        raise TimedChangesError(
            f"{timed.hub} already goes back to {weights.shown(timed.back_to)} on {said(timed.until)}. "
            "End that first, or give it another end."
        )
    ramp = Ramp.objects.open().filter(hub__in=hubs).select_related("hub").first()
    if ramp is not None:
        raise TimedChangesError(f"{ramp.hub} is on a ramp to {weights.shown(ramp.to_weight)}. Stop it first.")


def _until(reason: str, until: datetime) -> str:
    reason = reasons.checked(reason)
    return f"{reason} (until {said(until)})" if len(reason) < reasons.MAX_LENGTH - 50 else reason


def _over(batch: uuid.UUID) -> str:
    row = TimedChange.objects.filter(batch=batch).select_related("ended_by").order_by("-ended_at").first()
    if row is None or row.ended_at is None:
        return "There is no such change."
    who = row.ended_by or "the portal"
    return f"It is over: {who} ended it at {row.ended_at:%H:%M} UTC ({row.get_outcome_display()})."

"""Downtimes: plan maintenance, change it, call it off; drain a hub at once and let it come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from foundation import reasons
from foundation.zones import said
from members.models import Role
from members.services import access, history
from routing.models import Downtime, Hub, Policy
from routing.models.downtimes import DowntimeQuerySet
from routing.services import publishing, subscribers

if TYPE_CHECKING:
    from members.models import User

LONGEST: Final = timedelta(days=30)
FARTHEST: Final = timedelta(days=366)
# A form takes its time to fill in; beyond this an outage would be declared planned after the fact.
LATE: Final = timedelta(minutes=15)
# How long after an edge the quick task still looks at it; the sweep of the snapshots finds what is older.
RECENT: Final = timedelta(seconds=15)


class DowntimesError(ValueError):
    """Nothing was changed; the text says why."""


class NotAllowed(DowntimesError):
    """This person may not do that with this hub."""


class Settled(DowntimesError):
    """It is over, was called off, or somebody else changed it first."""


class AlreadyDrained(DowntimesError):
    """The hub is drained already."""


def may_plan(user: User, hub: Hub) -> bool:
    """Whether this person may enter, change and call off downtimes of this hub: its editors, and maintainers of all."""
    return user.has_perm("routing.change_downtime") or access.may(user, Role.EDITOR, hub.member)


def beside(rows: Iterable[Downtime]) -> list[Downtime]:
    """Other downtimes of the same hubs at the same time, which somebody may have entered already."""
    found: list[Downtime] = []
    mine = list(rows)
    for row in mine:
        others = Downtime.objects.standing().filter(hub=row.hub_id).exclude(pk__in=[each.pk for each in mine])
        still = others.filter(Q(ends_at=None) | Q(ends_at__gt=row.starts_at))
        found += still.filter(starts_at__lt=row.ends_at) if row.ends_at else still
    return found


@transaction.atomic
def plan(
    hubs: Iterable[Hub], *, starts: datetime | None, ends: datetime, severity: str, text: str, by: User | None
) -> list[Downtime]:
    """Announce maintenance of one or several hubs, a row each; it begins now if `starts` is None."""
    chosen, now = _allowed(hubs, by), timezone.now()
    begins = starts or now
    _refuse_times(begins, ends, now)
    if severity not in Downtime.Severity.values:
        raise DowntimesError(f"A downtime is {' or '.join(Downtime.Severity.values)}, not {severity!r}.")
    text = _checked(text)
    rows = Downtime.objects.bulk_create(
        Downtime(hub=hub, severity=severity, starts_at=begins, ends_at=ends, text=text, by=by, changed_by=by)
        for hub in chosen
    )
    history.note(rows, by=by, created=True)
    subscribers.tell(rows)
    _follow(severity)
    return rows


@transaction.atomic
def extend(downtime: Downtime, ends: datetime, *, by: User | None, reason: str = "") -> Downtime:
    """Let it end later. The first of two who do this at once wins; the other gets Settled."""
    _allowed([downtime.hub], by)
    now, was = timezone.now(), downtime.ends_at
    if was is None:
        raise DowntimesError("It has no end that could be later.")
    if ends <= was:
        raise DowntimesError(f"It already lasts until {said(was)}: name a later time, or end it early.")
    _refuse_times(downtime.starts_at, ends, now, late=True)
    rows = Downtime.objects.standing().filter(pk=downtime.pk, ends_at=was, ends_at__gt=now)
    return _changed(rows, downtime, by, _because(f"extended to {said(ends)}", reason), ends_at=ends)


@transaction.atomic
def end_early(downtime: Downtime, *, by: User | None, reason: str = "") -> Downtime:
    """End it now; launches come back step by step. One that has not begun is called off instead."""
    _allowed([downtime.hub], by)
    now = timezone.now()
    rows = Downtime.objects.at(now).filter(pk=downtime.pk, starts_at__lt=now)
    return _changed(rows, downtime, by, _because("ended early", reason), ends_at=now)


@transaction.atomic
def cancel(downtime: Downtime, *, reason: str, by: User | None) -> Downtime:
    """Call it off before it begins. Exactly one caller wins; the others get Settled."""
    _allowed([downtime.hub], by)
    reason, now = reasons.checked(reason), timezone.now()
    rows = Downtime.objects.coming(now).filter(pk=downtime.pk)
    values = {"cancelled_at": now, "cancelled_by": by, "cancel_reason": reason}
    return _changed(rows, downtime, by, _because("called off", reason), **values)


@transaction.atomic
def drain(hub: Hub, *, reason: str, by: User | None, until: datetime | None = None) -> Downtime:
    """Emergency: the hub gets no launches from now on, until the time given or until somebody undrains it."""
    [hub] = _allowed([hub], by)
    reason = reasons.checked(reason)
    # Two who press the button at once follow each other, and the second one finds it done: it looks at the clock later.
    Hub.objects.select_for_update().get(pk=hub.pk)
    now = timezone.now()
    if until is not None:
        _refuse_times(now, until, now)
    if Downtime.objects.at(now).filter(hub=hub, emergency=True).exists():
        raise AlreadyDrained(f"{hub} is drained already.")
    row = Downtime(hub=hub, starts_at=now, ends_at=until, text=reason, emergency=True, by=by, changed_by=by)
    history.save(row, by=by)
    subscribers.tell([row])
    _follow(row.severity)
    return row


@transaction.atomic
def undrain(hub: Hub, *, by: User | None, reason: str = "") -> Downtime:
    """End the emergency: launches come back step by step, once checks pass."""
    _allowed([hub], by)
    now = timezone.now()
    drained = Downtime.objects.at(now).filter(hub=hub, emergency=True, starts_at__lt=now)
    row = drained.first()
    if row is None:
        raise Settled(f"{hub} is not drained, or not any more.")
    return _changed(drained.filter(pk=row.pk), row, by, _because("undrained", reason), ends_at=now)


def in_maintenance(hub_ids: Iterable[int], now: datetime) -> set[int]:
    """Those of the hubs whose trouble is no news at this moment: no alert, no incident, never shown as down.

    In a downtime of either severity, or drained ahead of one.
    """
    lead = timedelta(minutes=Policy.objects.current().drain_lead_minutes)
    expected = Downtime.objects.at(now) | Downtime.objects.taking_traffic(now, lead)
    return set(expected.filter(hub__in=list(hub_ids)).values_list("hub_id", flat=True))


def keep() -> bool:
    """Bring the live snapshot up to the clock if a downtime began or ended just now. Cheap, and safe to run again."""
    now = timezone.now()
    recent, lead = now - RECENT, timedelta(minutes=Policy.objects.current().drain_lead_minutes)
    outages = Downtime.objects.standing().filter(severity=Downtime.Severity.OUTAGE)
    began = outages.filter(starts_at__gt=recent + lead, starts_at__lte=now + lead)
    ended = outages.filter(ends_at__gt=recent, ends_at__lte=now)
    if not (began | ended).exists():
        return False
    publishing.refresh()
    return True


def _allowed(hubs: Iterable[Hub], by: User | None) -> Sequence[Hub]:
    chosen = list({hub.pk: hub for hub in hubs}.values())
    if not chosen:
        raise DowntimesError("Choose a hub.")
    for hub in chosen:
        if by is not None and not may_plan(by, hub):
            raise NotAllowed(f"You may not enter downtimes of {hub}.")
        if hub.state == Hub.State.RETIRED:
            raise DowntimesError(f"{hub} is retired.")
    return chosen


def _checked(text: str) -> str:
    try:
        return reasons.checked(text)
    except reasons.NoReason as error:
        what = "Make it shorter: at most 500 characters." if text.strip() else "Say what happens."
        raise DowntimesError(what) from error


def _refuse_times(starts: datetime, ends: datetime, now: datetime, *, late: bool = False) -> None:
    if ends <= starts:
        raise DowntimesError("It must end after it starts.")
    if ends <= now:
        raise DowntimesError(f"It would be over already: {said(ends)} is in the past.")
    if not late and starts < now - LATE:
        raise DowntimesError(f"{said(starts)} is in the past. Leave the start empty to begin now.")
    if starts > now + FARTHEST:
        raise DowntimesError(f"{said(starts)} is more than a year ahead.")
    if ends - starts > LONGEST:
        raise DowntimesError("It would last over 30 days. Let the hub rest instead: change its state to drained.")


def _changed(
    rows: DowntimeQuerySet,
    downtime: Downtime,
    by: User | None,
    change: str,
    **values: Any,  # noqa: ANN401
) -> Downtime:
    """Write the change if the row is among those that may have it, else say how it stands by now."""
    now = timezone.now()
    if not rows.update(sequence=F("sequence") + 1, changed_at=now, changed_by=by, change=change, **values):
        raise Settled(_standing(Downtime.objects.get(pk=downtime.pk), now))
    downtime.refresh_from_db()
    history.note([downtime], by=by, reason=change)
    subscribers.tell([downtime])
    _follow(downtime.severity)
    return downtime


def _because(what: str, reason: str) -> str:
    return f"{what}: {reasons.checked(reason)}" if reason.strip() else what


def _standing(downtime: Downtime, now: datetime) -> str:
    """Why a change came too late, or too early."""
    who = downtime.changed_by or "Somebody"
    change = f" {who} changed it: {downtime.change}." if downtime.change else ""
    match downtime.phase(now):
        case "coming":
            return f"It has not begun: it can be called off.{change}"
        case "on":
            return f"It has begun: it can be ended early.{change}"
        case "over":
            return f"It is over.{change}"
        case _:
            return f"{who} called it off already: {downtime.cancel_reason}"


def _follow(severity: str) -> None:
    if severity == Downtime.Severity.OUTAGE:
        transaction.on_commit(publishing.refresh, robust=True)

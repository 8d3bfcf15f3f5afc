"""Keep what the checks found: damp it over the fleet, and write health, samples and flips in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models.functions import Greatest
from django.utils import timezone

from routing import damping
from routing.damping import Evidence, Health, Observation, Round
from routing.models import CheckRound, Flip, HealthSample, Hub, HubHealth, Policy, Skew
from routing.probe import Verdict


@dataclass(frozen=True, slots=True)
class Answered:
    """One verdict: when it came, and since when the hub's versions differ (seconds since the epoch)."""

    verdict: Verdict
    at: float
    skew_since: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of a hub now, and whether the next answers may change that."""

    serving: bool
    settling: bool


def keep(answered: Mapping[str, Answered]) -> dict[str, Standing]:
    """Take in what hubs (by key) answered. To be called in a transaction, by one round at a time."""
    policy, now = Policy.objects.current(), timezone.now()
    fleet, _ = CheckRound.objects.select_for_update().get_or_create(pk=1)
    _note_the_gap(fleet, policy, now)
    rows = _rows(answered)
    before = Round(_healths(rows), _seconds(fleet.reached_at), _seconds(fleet.fail_open_since), _held())
    after = before
    for at, seen in _in_time(answered):
        after = damping.settle(after, seen, at, policy.damping)
    skews = {key: row.skew for key, row in rows.items()}
    for key, row in rows.items():
        _write(row, answered[key], after.healths[key], held=key in after.held)
    _save(rows.values())
    _note_skews([row for key, row in rows.items() if row.skew != skews[key]])
    HealthSample.objects.bulk_create(_sample(row, answered[key]) for key, row in rows.items())
    Flip.objects.bulk_create(_flips(rows, before, after, answered), ignore_conflicts=True)
    _save_fleet(fleet, after, now)
    return {key: _standing(after, key) for key in rows}


def _standing(fleet: Round, key: str) -> Standing:
    health = fleet.healths[key]
    # A hub that is held would be asked again and again: it is as settled as it will be.
    return Standing(health.serving, health.settling and key not in fleet.held)


def _in_time(answered: Mapping[str, Answered]) -> list[tuple[float, dict[str, Observation]]]:
    """One by one in the order they came: streaks are about time."""
    ordered = sorted(answered.items(), key=lambda item: item[1].at)
    return [(each.at, {key: Observation(each.verdict.evidence, each.verdict.reason)}) for key, each in ordered]


def _rows(answered: Mapping[str, Answered]) -> dict[str, HubHealth]:
    """The health of those who answered, made where there is none yet."""
    hubs = {hub.key: hub for hub in Hub.objects.filter(key__in=answered)}
    HubHealth.objects.bulk_create((HubHealth(hub=hub) for hub in hubs.values()), ignore_conflicts=True)
    rows = HubHealth.objects.select_for_update(of=("self",)).select_related("hub").filter(hub__in=hubs.values())
    return {row.hub.key: row for row in rows.order_by("pk")}


def _healths(rows: Mapping[str, HubHealth]) -> dict[str, Health]:
    """The whole fleet: of the others only what the rule of the half needs."""
    others = HubHealth.objects.exclude(hub__key__in=rows).exclude(hub__state=Hub.State.RETIRED)
    found = {
        key: Health(serving=serving, out_by=Evidence(out_by) if out_by else None)
        for key, serving, out_by in others.values_list("hub__key", "serving", "out_by")
    }
    return found | {key: row.damped for key, row in rows.items()}


def _held() -> frozenset[str]:
    return frozenset(HubHealth.objects.filter(held=True).values_list("hub__key", flat=True))


def _write(row: HubHealth, answered: Answered, health: Health, *, held: bool) -> None:
    verdict = answered.verdict
    row.remember(health, held=held)
    row.checked_at, row.evidence = _moment(answered.at), verdict.evidence.value
    row.answer_seconds = verdict.seconds
    if verdict.versions is not None:
        row.versions, row.skew = dict(verdict.versions), verdict.skew[:500]
        row.skew_since = _moment(answered.skew_since) if verdict.skew and answered.skew_since else None
    if verdict.certificate_expires is not None:
        row.certificate_expires = verdict.certificate_expires
    # An answer that did not come says nothing of checks and pods; what was known stays, with its age.
    if len(verdict.checks) > 1:
        row.checks = dict(verdict.checks)
    if verdict.pods is not None:
        pods = verdict.pods
        row.user_pods, row.build_pods, row.total_pods, row.quota = pods.user, pods.build, pods.total, pods.quota


WRITTEN = [
    *("serving", "since", "reason", "good", "bad", "bad_since", "out_by", "returned_at", "held"),
    *("checked_at", "evidence", "answer_seconds", "versions", "skew", "skew_since", "certificate_expires"),
    *("checks", "user_pods", "build_pods", "total_pods", "quota"),
]


def _save(rows: Iterable[HubHealth]) -> None:
    # As an insert that always conflicts: an update of many rows by CASE costs ten times as much.
    HubHealth.objects.bulk_create(rows, update_conflicts=True, unique_fields=["hub"], update_fields=WRITTEN)


def _note_skews(changed: Sequence[HubHealth]) -> None:
    """End the skews of these hubs, and begin those they have now."""
    if not changed:
        return
    ends = max(row.checked_at for row in changed if row.checked_at)
    Skew.objects.filter(hub__in=[row.hub for row in changed], until=None).update(until=Greatest(ends, "since"))
    begun = [
        Skew(hub=row.hub, since=row.checked_at, difference=row.skew) for row in changed if row.skew and row.checked_at
    ]
    Skew.objects.bulk_create(begun)


def _sample(row: HubHealth, answered: Answered) -> HealthSample:
    pods = answered.verdict.pods
    return HealthSample(
        hub=row.hub,
        at=_moment(answered.at),
        evidence=answered.verdict.evidence.value,
        answer_seconds=answered.verdict.seconds,
        user_pods=pods.user if pods else None,
        build_pods=pods.build if pods else None,
        quota=pods.quota if pods else None,
    )


def _flips(rows: Mapping[str, HubHealth], before: Round, after: Round, answered: Mapping[str, Answered]) -> list[Flip]:
    """A flip for each hub that is not as its last one says: after a gap that was `unknown`, at first there is none."""
    last = dict(
        Flip.objects.filter(hub__in=[row.hub for row in rows.values()])
        .order_by("hub_id", "-at")
        .distinct("hub_id")
        .values_list("hub__key", "to")
    )
    found = []
    for key, row in rows.items():
        to = Flip.To.SERVING if after.healths[key].serving else Flip.To.OUT
        if last.get(key) != to:
            reason = "" if to == Flip.To.SERVING else after.healths[key].reason[:500]
            found.append(Flip(hub=row.hub, at=_moment(answered[key].at), to=to, reason=reason))
    return found


def _note_the_gap(fleet: CheckRound, policy: Policy, now: datetime) -> None:
    """When nobody checked for a while, what hubs were like since then is not known, and stays so for ever."""
    if fleet.finished_at is None or not fleet.stale(now, policy.check_period):
        return
    patience = timedelta(seconds=policy.check_period)
    rows = HubHealth.objects.exclude(checked_at=None).exclude(hub__state=Hub.State.RETIRED).select_related("hub")
    unknown = [
        Flip(hub=row.hub, at=row.checked_at + patience, to=Flip.To.UNKNOWN, reason="nobody checked")
        for row in rows
        if row.checked_at is not None and row.checked_at + 3 * patience < now
    ]
    Flip.objects.bulk_create(unknown, ignore_conflicts=True)


def _save_fleet(fleet: CheckRound, after: Round, now: datetime) -> None:
    fleet.finished_at = now
    fleet.reached_at, fleet.fail_open_since = _moment(after.reached_at), _moment(after.fail_open_since)
    fleet.save()


def _moment(seconds: float | None) -> Any:  # noqa: ANN401 - a datetime for a number, None for None
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()

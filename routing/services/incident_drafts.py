"""Drafts of incidents: what the portal would tell visitors of an outage, for a maintainer to accept or discard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from foundation.markdown import escape_markdown
from foundation.zones import said
from routing.models import CheckRound, Downtime, Flip, Hub, HubHealth, Incident, IncidentUpdate, Policy
from routing.services import downtimes, wording

logger = structlog.get_logger(__name__)

# Postgres advisory lock: one writer of drafts at a time, so that hubs that go out together share one.
DRAFT_LOCK: Final = 0x6665_6403
Phase = IncidentUpdate.Phase


@dataclass(frozen=True)
class Outage:
    """A hub that is out for long, and the flip that took it out."""

    hub: Hub
    flip: Flip
    reason: str


@transaction.atomic
def draft_for_outages(now: datetime | None = None) -> Incident | None:
    """Draft an incident of the hubs that are out for long and that nobody spoke of; keep the drafts there are true.

    Safe to run again at any time and by several at once: an outage that has an incident, drafted, discarded or real,
    gets no other one. A hub that joins an outage that waits as a draft joins the draft.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DRAFT_LOCK])
    policy = Policy.objects.current()
    if _nobody_checks(policy, now):
        return None
    drafts = list(_waiting())
    for draft in drafts:
        _keep_true(draft)
    outages = _outages(policy, now)
    if not outages:
        return None
    joined = next((draft for draft in drafts if _still_out(draft)), None)
    return _join(joined, outages) if joined else _draft(outages)


def _nobody_checks(policy: Policy, now: datetime) -> bool:
    """Whether what is known of the hubs is old: nothing is drafted from that."""
    fleet = CheckRound.objects.filter(pk=1).first()
    return fleet is None or fleet.stale(now, policy.check_period)


def _waiting() -> QuerySet[Incident]:
    hubs = Prefetch("hubs", Hub.objects.select_related("health").order_by("name"))
    # Locked, so that nobody accepts what is being written to.
    return Incident.objects.drafts().select_for_update().prefetch_related(hubs, "updates")


def _outages(policy: Policy, now: datetime) -> list[Outage]:
    """The hubs visitors miss for over the policy's time, but those of which somebody spoke since they went out."""
    long_ago = now - timedelta(minutes=policy.incident_after_minutes)
    spoken_of = Incident.objects.filter(
        Q(resolved_at=None) | Q(resolved_at__gte=OuterRef("since")), hubs=OuterRef("hub")
    )
    out = HubHealth.objects.filter(Exists(_missed()), serving=False, since__lte=long_ago).exclude(Exists(spoken_of))
    found = {health.hub_id: health for health in out.select_related("hub").order_by("hub__name")}
    expected = downtimes.in_maintenance(found, now) | _just_back(found, long_ago, now)
    flips = Flip.objects.filter(hub__in=found, to=Flip.To.OUT).order_by("hub_id", "-at", "-id").distinct("hub_id")
    newest = {flip.hub_id: flip for flip in flips}
    return [
        Outage(health.hub, newest[pk], health.reason)
        for pk, health in found.items()
        if pk not in expected and pk in newest
    ]


def _missed() -> QuerySet[Hub]:
    """Hubs that visitors would be sent to: a resting one may be out without anybody noticing."""
    return Hub.objects.filter(Q(weight__gt=0) | Q(prime=True), pk=OuterRef("hub"), state=Hub.State.ACTIVE)


def _just_back(hubs: Iterable[int], since: datetime, now: datetime) -> set[int]:
    """Hubs whose maintenance ended so lately that they may take their time."""
    ended = Downtime.objects.standing().filter(hub__in=list(hubs), ends_at__gt=since, ends_at__lte=now)
    return set(ended.filter(starts_at__lt=F("ends_at")).values_list("hub_id", flat=True))


def _draft(outages: Sequence[Outage]) -> Incident | None:
    first = min(outages, key=lambda outage: (outage.flip.at, outage.flip.pk))
    if Incident.objects.filter(flip=first.flip).exists():
        return None
    draft = Incident.objects.create(
        title=title([outage.hub for outage in outages]), opened_at=first.flip.at, draft=True, flip=first.flip
    )
    draft.hubs.set([outage.hub for outage in outages])
    _say(draft, Phase.INVESTIGATING, [_out(outage.hub, outage.flip.at, outage.reason) for outage in outages])
    logger.info("incident_drafted", incident=draft.pk, hubs=[outage.hub.key for outage in outages])
    return draft


def _join(draft: Incident, outages: Sequence[Outage]) -> Incident:
    draft.hubs.add(*(outage.hub for outage in outages))
    draft.title = title(list(draft.hubs.order_by("name")))
    draft.save(update_fields=["title"])
    _say(draft, Phase.INVESTIGATING, [_out(outage.hub, outage.flip.at, outage.reason) for outage in outages])
    return draft


def _keep_true(draft: Incident) -> None:
    """Add that all of its hubs are back, or that one is out again, once each time: a suggestion, never published."""
    healths = [hub.health for hub in draft.hubs.all() if hasattr(hub, "health")]
    out = [health for health in healths if not health.serving]
    newest = next(iter(draft.updates.all()), None)
    over = newest is not None and newest.phase == Phase.MONITORING
    if healths and not out and not over:
        _say(draft, Phase.MONITORING, [f"**{_name(each.hub)}** is back since {said(each.since)}." for each in healths])
    elif out and over:
        _say(draft, Phase.INVESTIGATING, [_out(each.hub, each.since, each.reason, again=True) for each in out])


def _still_out(draft: Incident) -> bool:
    return any(hasattr(hub, "health") and not hub.health.serving for hub in draft.hubs.all())


def title(hubs: Sequence[Hub]) -> str:
    """What visitors notice."""
    names = [hub.name for hub in hubs]
    if len(names) == 1:
        return f"{names[0]} is out"
    if len(names) <= 3:
        return f"{', '.join(names[:-1])} and {names[-1]} are out"[:200]
    return f"{len(names)} hubs are out"


def _out(hub: Hub, since: datetime, reason: str, *, again: bool = False) -> str:
    # What a hub answered is in the reason: it is shown as it is, whatever markdown would make of it.
    why = f": {escape_markdown(wording.plain(reason))}" if reason else ""
    return f"**{_name(hub)}** has {'again ' if again else ''}taken no launches since {said(since)}{why}."


def _name(hub: Hub) -> str:
    return escape_markdown(hub.name)


def _say(draft: Incident, phase: str, sentences: Sequence[str]) -> None:
    IncidentUpdate.objects.create(incident=draft, phase=phase, text="\n".join(sentences)[:5000])

"""What guards a ramp: health, launch success, quota, and that somebody looks at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Sum

from routing.models import Downtime, Hub, HubHealth, LaunchMinute, LaunchTest, Policy, Ramp
from routing.services import factors, hub_states, wording

SUCCESS_LEAST: Final = 0.9
# Of fewer launches nothing can be told.
LAUNCHES_LEAST: Final = 5
WINDOWS: Final = (timedelta(minutes=5), timedelta(hours=1))
# Of the usable pods. A hub that is this full gets less anyway (the taper): more on top would say nothing.
FULL: Final = 0.9


class Sign(StrEnum):
    """What a look says."""

    FINE = "fine"
    WAIT = "wait"
    """Nothing is wrong with the hub, but nothing is learned either: the step lasts longer."""
    POOR = "poor"
    """Not as it should be: the step waits, and goes back if that lasts."""
    BAD = "bad"
    """Back at once."""


@dataclass(frozen=True)
class Look:
    """One look at a ramp's hub; the reason stands behind "because"."""

    sign: Sign
    reason: str = ""


def look(ramp: Ramp, policy: Policy, now: datetime) -> Look:
    """How the hub is, by the first guard that has something to say. A handful of queries."""
    hub = ramp.hub
    health = factors.health_of(hub)
    return (
        _in_rotation(hub, policy, now)
        or _checked(hub, health, policy, now)
        or _serving(health)
        or _launches(ramp, now)
        or _quota(hub, health)
        or Look(Sign.FINE)
    )


def _in_rotation(hub: Hub, policy: Policy, now: datetime) -> Look | None:
    if hub.state != Hub.State.ACTIVE:
        return Look(Sign.WAIT, f"the hub is {hub.get_state_display()}")
    lead = timedelta(minutes=policy.drain_lead_minutes)
    if Downtime.objects.taking_traffic(now, lead).filter(hub=hub).exists():
        return Look(Sign.WAIT, "the hub is in maintenance")
    return None


def _checked(hub: Hub, health: HubHealth, policy: Policy, now: datetime) -> Look | None:
    facts = hub_states.Facts(hub, health, (), (), policy, now)
    return Look(Sign.WAIT, "nobody has checked the hub lately") if facts.stale else None


def _serving(health: HubHealth) -> Look | None:
    if not health.serving:
        return Look(Sign.BAD, f"the hub is out: {wording.plain(health.reason)}")
    return None


def _launches(ramp: Ramp, now: datetime) -> Look | None:
    """Only what was launched since the ramp began counts; of the windows the shortest that says something."""
    for window in WINDOWS:
        rows = LaunchMinute.objects.filter(hub=ramp.hub, minute__gt=max(now - window, ramp.began_at), minute__lte=now)
        sums = rows.aggregate(succeeded=Sum("succeeded"), tried=Sum("tried"))
        tried = sums["tried"] or 0.0
        if tried >= LAUNCHES_LEAST:
            success = (sums["succeeded"] or 0.0) / tried
            return None if success >= SUCCESS_LEAST else Look(Sign.POOR, _failing(success, tried))
    test = LaunchTest.objects.filter(hub=ramp.hub, at__gt=ramp.began_at).exclude(message="not finished").first()
    if test is not None and not test.ok:
        return Look(Sign.POOR, "the last test launch failed")
    return None


def _failing(success: float, tried: float) -> str:
    return f"only {wording.percent(success)} of its last {tried:,.0f} launches succeeded"


def _quota(hub: Hub, health: HubHealth) -> Look | None:
    if health.quota is None or health.total_pods is None:
        return None
    usable = health.quota - hub.published().headroom(health.quota)
    if health.total_pods < FULL * usable:
        return None
    return Look(Sign.POOR, f"{health.total_pods} of its {max(usable, 0)} usable pods are taken")

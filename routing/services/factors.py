"""Effective weight = target × factors: the one place where the factors of a hub come from, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from routing import health_factors
from routing.models import Downtime, Hub, HubHealth, Policy, Ramp
from routing.snapshot import Factor, headroom

RAMP: Final = "ramp"


def of(hub: Hub, downtimes: Iterable[Downtime], policy: Policy, now: datetime) -> tuple[Factor, ...]:
    """The factors that are not 1, most decisive first; `downtimes` are the hub's own.

    The hub should be read with `health` joined, and must be read by `with_ramp`.
    """
    drained = _downtime(downtimes, policy, now)
    ramp: Ramp | None = getattr(hub, "open_ramp", None)
    climbing = [_ramp(ramp)] if ramp else []
    return (*decided(hub), *([drained] if drained else []), *_health(health_of(hub), policy, now), *climbing)


def decided(hub: Hub) -> tuple[Factor, ...]:
    """The factors that people decided, which are part of a version: the hub's state."""
    if hub.state == Hub.State.ACTIVE:
        return ()
    return (Factor("state", 0.0, hub.state),)


def health_of(hub: Hub) -> HubHealth:
    """The hub's health; an unsaved one that counts as serving for a hub that was never asked."""
    try:
        return hub.health
    except HubHealth.DoesNotExist:
        return HubHealth(hub=hub)


def _downtime(downtimes: Iterable[Downtime], policy: Policy, now: datetime) -> Factor | None:
    lead = timedelta(minutes=policy.drain_lead_minutes)
    for downtime in downtimes:
        if downtime.takes_traffic(now, lead):
            verb = "drained ahead of" if downtime.starts_at > now else "in"
            what = "an emergency drain" if downtime.emergency else "planned maintenance"
            until = f" until {downtime.ends_at:%Y-%m-%d %H:%M} UTC" if downtime.ends_at else ""
            return Factor("maintenance", 0.0, f"{verb} {what}{until}: {downtime.text}")
    return None


def _ramp(ramp: Ramp) -> Factor:
    step = f"step {ramp.place + 1} of {len(ramp.steps)}{', waiting' if ramp.held else ''}"
    up = f"up to {ramp.to_weight.normalize():f}"
    way = f"on its way from {ramp.from_weight.normalize():f} {up}" if ramp.from_weight else f"on its way {up}"
    return Factor(RAMP, ramp.part, f"{way} step by step: {ramp.percent:g} % of it, {step}")


def _health(health: HubHealth, policy: Policy, now: datetime) -> list[Factor]:
    usable = None if health.quota is None else health.quota - headroom(health.hub, health.quota)
    found = health_factors.of(
        health.damped,
        total_pods=health.total_pods,
        usable_pods=usable,
        rules=policy.damping,
        now=now.timestamp(),
        slow_since=health.slow_since.timestamp() if health.slow_since else None,
    )
    success = health.launch_success_5m
    if health.serving and policy.launch_success_counts and success is not None and success < 1.0:
        reason = f"{success:.0%} of the launches of the last 5 minutes succeeded"
        found.append(Factor(health_factors.LAUNCH_SUCCESS, health_factors.stepped(success), reason))
    return found

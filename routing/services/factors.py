"""Effective weight = target × factors: the one place where the factors of a hub come from, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from routing import damping
from routing.models import Downtime, Hub, HubHealth, Policy
from routing.snapshot import Factor

# Factors are published in steps of this size, so that a slow start is 90 small changes and not one a second.
STEP: Final = 0.01


def of(hub: Hub, downtimes: Iterable[Downtime], policy: Policy, now: datetime) -> tuple[Factor, ...]:
    """The factors that are not 1, most decisive first; `hub.health` should be joined, `downtimes` are the hub's own."""
    found = (_downtime(downtimes, policy, now), *_health(health_of(hub), policy, now))
    return (*decided(hub), *(factor for factor in found if factor is not None))


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


def _health(health: HubHealth, policy: Policy, now: datetime) -> list[Factor | None]:
    if not health.serving:
        return [Factor("health", 0.0, health.reason or "not healthy")]
    rules = policy.damping
    return [_slow_start(health, rules, now), _taper(health, rules), _launch_success(health, policy)]


def _slow_start(health: HubHealth, rules: damping.DampingPolicy, now: datetime) -> Factor | None:
    since = health.slow_since
    if since is None:
        return None
    begun = replace(health.damped, returned_at=since.timestamp())
    share = _stepped(damping.slow_start(begun, now.timestamp(), rules))
    if share == 1.0:
        return None
    return Factor("slow start", share, f"came back at {since:%H:%M} UTC and takes its share step by step")


def _taper(health: HubHealth, rules: damping.DampingPolicy) -> Factor | None:
    if health.total_pods is None or health.quota is None:
        return None
    usable = health.quota - health.hub.published().headroom(health.quota)
    share = _stepped(damping.taper(health.total_pods, usable, rules))
    if share == 1.0:
        return None
    return Factor("quota", share, f"{health.total_pods} of {usable} usable pods are taken")


def _launch_success(health: HubHealth, policy: Policy) -> Factor | None:
    success = health.launch_success_5m
    if not policy.launch_success_counts or success is None:
        return None
    return Factor("launch success", _stepped(success), f"{success:.0%} of the launches of the last 5 minutes succeeded")


def _stepped(share: float) -> float:
    """In steps, but 0 only when it is 0: a small share is still a share."""
    return 0.0 if share <= 0 else max(STEP, round(share / STEP) * STEP) if share < 1 else 1.0

"""What a hub's health makes of its weight: the same factors from the portal and from a redirector that stands alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from routing import damping
from routing.snapshot import Factor

# Factors move in steps of this size, so that a slow start is 90 small changes and not one a second.
STEP: Final = 0.01

HEALTH: Final = "health"
SLOW_START: Final = "slow start"
QUOTA: Final = "quota"
LAUNCH_SUCCESS: Final = "launch success"
# Whoever checks the hubs says these, and nobody else's word on them counts.
NAMES: Final = frozenset({HEALTH, SLOW_START, QUOTA, LAUNCH_SUCCESS})


def of(
    health: damping.Health,
    *,
    total_pods: int | None,
    usable_pods: int | None,
    rules: damping.DampingPolicy,
    now: float,
    slow_since: float | None = None,
) -> list[Factor]:
    """The factors that are not 1. `usable_pods` is the quota less the headroom; `now` is seconds since the epoch.

    `slow_since` is when the slow start began if that was later than the hub's own return.
    """
    if not health.serving:
        return [Factor(HEALTH, 0.0, health.reason or "not healthy")]
    since = max((each for each in (health.returned_at, slow_since) if each is not None), default=None)
    # A copy of each is a tenth of a list of many hubs.
    health = health if since == health.returned_at else replace(health, returned_at=since)
    found = [_slow_start(health, rules, now), _taper(total_pods, usable_pods, rules)]
    return [factor for factor in found if factor is not None]


def stepped(share: float) -> float:
    """In steps, but 0 only when it is 0: a small share is still a share."""
    if not 0.0 < share < 1.0:
        return min(1.0, max(0.0, share))
    return max(STEP, round(round(share / STEP) * STEP, 4))


def others(factors: Iterable[Factor]) -> tuple[Factor, ...]:
    """The factors that have nothing to do with health."""
    return tuple(factor for factor in factors if factor.name not in NAMES)


def _slow_start(health: damping.Health, rules: damping.DampingPolicy, now: float) -> Factor | None:
    share = stepped(damping.slow_start(health, now, rules))
    if share == 1.0 or health.returned_at is None:
        return None
    came = datetime.fromtimestamp(health.returned_at, UTC)
    return Factor(SLOW_START, share, f"came back at {came:%H:%M} UTC and takes its share step by step")


def _taper(total: int | None, usable: int | None, rules: damping.DampingPolicy) -> Factor | None:
    if total is None or usable is None or rules.taper_from >= 1.0:
        return None
    share = stepped(damping.taper(total, usable, rules))
    return None if share == 1.0 else Factor(QUOTA, share, f"{total} of {usable} usable pods are taken")

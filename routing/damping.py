"""From single rounds of asking to a health that can be trusted: streaks, slow start, taper, fail open. All pure.

A hub flips on streaks, not on samples; hard evidence flips it at once. It comes back slowly. When no hub can be reached
at all our own network is the likelier culprit, and the last rotation is kept for a while. The portal's check rounds
and the redirector that stands alone run this same code; `now` is any steady clock in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Evidence(StrEnum):
    """What one round says of a hub, by how sure it is."""

    GOOD = "good"
    UNREACHABLE = "unreachable"
    """No usable answer: ours, the network's or the hub's fault. Counts; `fall` in a row take the hub out."""
    SOFT = "soft"
    """It answers, and a rule of ours is not content (versions, answer time, …). Counts; takes out half at most."""
    HARD = "hard"
    """The hub itself says it cannot serve (503 with failed checks, over its quota). Out at once."""


@dataclass(frozen=True, slots=True)
class DampingPolicy:
    """How quickly to believe. Times are in seconds, shares in 0..1."""

    fall: int = 3
    rise: int = 2
    slow_start_seconds: float = 600.0
    slow_start_from: float = 0.1
    taper_from: float = 0.8
    fail_open_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Observation:
    """One hub in one round."""

    evidence: Evidence
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Where a hub stands between rounds. `since` is its last flip, `returned_at` when its slow start began.

    A hub that was never asked is taken as serving: what is known of it is its state in the portal.
    """

    serving: bool = True
    since: float = 0.0
    reason: str = ""
    good: int = 0
    bad: int = 0
    out_by: Evidence | None = None
    returned_at: float | None = None

    @property
    def settling(self) -> bool:
        """Whether the next rounds may flip it: ask again soon."""
        return bool(self.bad) if self.serving else bool(self.good)


@dataclass(frozen=True, slots=True)
class Round:
    """The fleet after a round. `held` are hubs kept in though their streak says out, because half are out already."""

    healths: Mapping[str, Health]
    fail_open_since: float | None = None
    held: frozenset[str] = field(default_factory=frozenset)


def step(health: Health, seen: Observation, now: float, policy: DampingPolicy) -> Health:
    """One hub after one more round, by itself."""
    if seen.evidence is Evidence.GOOD:
        return _after_good(health, now, policy)
    bad = health.bad + 1
    if not health.serving:
        return replace(health, good=0, bad=bad, reason=seen.reason, out_by=seen.evidence)
    if seen.evidence is Evidence.HARD or bad >= policy.fall:
        return Health(serving=False, since=now, reason=seen.reason, bad=bad, out_by=seen.evidence)
    return replace(health, good=0, bad=bad, reason=seen.reason)


def _after_good(health: Health, now: float, policy: DampingPolicy) -> Health:
    good = health.good + 1
    if health.serving:
        return replace(health, good=good, bad=0, reason="")
    if good >= policy.rise:
        return Health(serving=True, since=now, good=good, returned_at=now)
    return replace(health, good=good, bad=0)


def settle(before: Round, seen: Mapping[str, Observation], now: float, policy: DampingPolicy) -> Round:
    """The fleet after one more round. Hubs that were not asked in it stay as they are."""
    nobody_reached = len(seen) > 1 and all(each.evidence is Evidence.UNREACHABLE for each in seen.values())
    if nobody_reached:
        since = now if before.fail_open_since is None else before.fail_open_since
        if now - since < policy.fail_open_seconds:
            return replace(before, fail_open_since=since)
    healths = dict(before.healths)
    held = set()
    # Those who are out already hold their places among the half; the others follow in a stable order.
    for key in sorted(seen, key=lambda key: (before.healths.get(key, Health()).serving, key)):
        was = healths.get(key, Health())
        after = step(was, seen[key], now, policy)
        if was.serving and not after.serving and after.out_by is Evidence.SOFT and not _room(healths):
            held.add(key)
            after = replace(was, good=0, bad=policy.fall, reason=seen[key].reason)
        healths[key] = after
    since_if_still = before.fail_open_since if nobody_reached else None
    return Round(healths, since_if_still, frozenset(held))


def _room(healths: Mapping[str, Health]) -> bool:
    """Whether one more hub may go out by a soft rule: at most half of all."""
    out = sum(1 for each in healths.values() if not each.serving and each.out_by is Evidence.SOFT)
    return (out + 1) * 2 <= len(healths)


def slow_start(health: Health, now: float, policy: DampingPolicy) -> float:
    """The share of its weight, 0..1, that a hub that came back gets by now: linear, and all of it in the end."""
    if health.returned_at is None or policy.slow_start_seconds <= 0:
        return 1.0
    done = (now - health.returned_at) / policy.slow_start_seconds
    # A clock that was set back must not make a hub wait for ever, nor a weight negative.
    done = min(1.0, max(0.0, done))
    return policy.slow_start_from + (1.0 - policy.slow_start_from) * done


def taper(used: float, usable: float, policy: DampingPolicy) -> float:
    """The share of its weight, 0..1, left to a hub with `used` of `usable` pods: it falls from `taper_from` on."""
    if not (math.isfinite(used) and math.isfinite(usable)):
        return 1.0
    if usable <= 0 or used >= usable:
        return 0.0
    fullness = used / usable
    if fullness <= policy.taper_from:
        return 1.0
    return max(0.0, (1.0 - fullness) / (1.0 - policy.taper_from))

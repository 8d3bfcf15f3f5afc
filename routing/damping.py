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
    """Where a hub stands between rounds.

    `since` is its last flip, `bad_since` the first bad answer of a streak, `returned_at` when its slow start began.

    A hub that was never asked is taken as serving: what is known of it is its state in the portal.
    """

    serving: bool = True
    since: float = 0.0
    reason: str = ""
    good: int = 0
    bad: int = 0
    bad_since: float | None = None
    out_by: Evidence | None = None
    returned_at: float | None = None

    @property
    def settling(self) -> bool:
        """Whether the next rounds may flip it: ask again soon."""
        return bool(self.bad) if self.serving else bool(self.good)


@dataclass(frozen=True, slots=True)
class Round:
    """The fleet after a round. `reached_at` is when any hub last answered.

    `held` are hubs kept in though their streak says out: because half are out already, or because since the streak
    began nobody was reached at all (then since `fail_open_since`).
    """

    healths: Mapping[str, Health]
    reached_at: float | None = None
    fail_open_since: float | None = None
    held: frozenset[str] = field(default_factory=frozenset)


def step(health: Health, seen: Observation, now: float, policy: DampingPolicy) -> Health:
    """One hub after one more answer, by itself."""
    if seen.evidence is Evidence.GOOD:
        return _after_good(health, now, policy)
    bad, since = health.bad + 1, now if health.bad_since is None else health.bad_since
    if not health.serving:
        return replace(health, good=0, bad=bad, bad_since=since, reason=seen.reason, out_by=seen.evidence)
    if seen.evidence is Evidence.HARD or bad >= policy.fall:
        return Health(serving=False, since=now, reason=seen.reason, bad=bad, bad_since=since, out_by=seen.evidence)
    return replace(health, good=0, bad=bad, bad_since=since, reason=seen.reason)


def _after_good(health: Health, now: float, policy: DampingPolicy) -> Health:
    good = health.good + 1
    if health.serving:
        return replace(health, good=good, bad=0, bad_since=None, reason="")
    if good >= policy.rise:
        return Health(serving=True, since=now, good=good, returned_at=now)
    return replace(health, good=good, bad=0, bad_since=None)


def settle(before: Round, seen: Mapping[str, Observation], now: float, policy: DampingPolicy) -> Round:
    """The fleet after some hubs answered, or did not. Hubs that are not in `seen` stay as they are."""
    reached = any(each.evidence is not Evidence.UNREACHABLE for each in seen.values())
    reached_at = now if reached else before.reached_at
    healths, held, fail_open = dict(before.healths), set(before.held), []
    # Those who are out already hold their places among the half; the others follow in a stable order.
    for key in sorted(seen, key=lambda key: (before.healths.get(key, Health()).serving, key)):
        was = healths.get(key, Health())
        after = step(was, seen[key], now, policy)
        held.discard(key)
        if was.serving and not after.serving:
            alone = _nobody_was_reached(after, reached_at, now, policy)
            if alone or (after.out_by is Evidence.SOFT and not _room(healths)):
                held.add(key)
                after = replace(was, good=0, bad=policy.fall, bad_since=after.bad_since, reason=seen[key].reason)
            if alone:
                fail_open.append(now if before.fail_open_since is None else before.fail_open_since)
        healths[key] = after
    still = None if reached else before.fail_open_since
    return Round(healths, reached_at, min(fail_open, default=still), frozenset(held))


def _nobody_was_reached(after: Health, reached_at: float | None, now: float, policy: DampingPolicy) -> bool:
    """Whether this hub would go out though no hub at all has answered since its streak began: for a while it stays."""
    if after.out_by is not Evidence.UNREACHABLE or after.bad_since is None:
        return False
    somebody = reached_at is not None and reached_at >= after.bad_since
    return not somebody and now - after.bad_since < policy.fail_open_seconds


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

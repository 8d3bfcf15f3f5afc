"""What a hub is doing, in a word, a shape and a plain reason: the one place where pages get it from.

Decisions come first (a hub that is given a rest is resting, however well it is), then what the checks found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from routing.models import Downtime, Hub, HubHealth, Policy
from routing.models.health import HELD_UP
from routing.probe import POD_QUOTA
from routing.services import wording
from routing.services.wording import Words
from routing.snapshot import Factor

# Checks wait for each other and for the network: only well after they were due is a hub's health unknown.
STALE_AFTER_PERIODS: Final = 3


@dataclass(frozen=True, slots=True)
class State:
    """A state as people see it: `kind` gives the colour, `shape` and `word` say it without one.

    `reason` is in plain words and stands before "since …"; it is empty when all is well. `cause` is for programs.
    """

    kind: str
    shape: str
    word: str
    cause: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def words(self) -> Words:
        """The reason, since when and until when, without a stop."""
        since: Words = (" since ", self.since) if self.since else ()
        until: Words = (" until ", self.until) if self.until else ()
        return (self.reason, *since, *until) if self.reason else ()


SERVING: Final = State("serving", "●", "serving")
LIMITED: Final = State("limited", "◐", "limited")
RESTING: Final = State("resting", "○", "resting")
TROUBLE: Final = State("trouble", "▲", "trouble")
OUT: Final = State("out", "✕", "out")
UNKNOWN: Final = State("unknown", "?", "unknown")

BY_STATE: Final = {
    Hub.State.ONBOARDING: State("resting", "○", "joining", "state", "it is being set up and takes no launches yet"),
    Hub.State.DRAINED: replace(RESTING, cause="state", reason="maintainers gave it a rest"),
    Hub.State.RETIRED: State("resting", "○", "retired", "state", "it has left the federation"),
}
WITH_MEMBER: Final = replace(RESTING, cause="state", reason="its member takes a break")
NO_WEIGHT: Final = replace(RESTING, cause="weight", reason="its weight is 0")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a hub's state follows from. `suspect` is since when no hub at all answers, if that is so."""

    hub: Hub
    health: HubHealth
    factors: Sequence[Factor]
    downtimes: Sequence[Downtime]
    policy: Policy
    now: datetime
    suspect: datetime | None = None

    @property
    def stale(self) -> bool:
        """Whether nobody has asked the hub for so long that nothing is known of it."""
        period = max(self.hub.check_period or self.policy.check_period, self.policy.check_failed_period)
        most = max(STALE_AFTER_PERIODS * period, HELD_UP)
        asked = self.health.checked_at
        return asked is None or (self.now - asked).total_seconds() > most


def state_of(facts: Facts) -> State:
    """The hub's state: that of the first rule that has something to say."""
    for rule in RULES:
        found = rule(facts)
        if found is not None:
            return found
    return replace(SERVING, since=facts.health.since)


def _decided(facts: Facts) -> State | None:
    if facts.hub.rests_with_member:
        return WITH_MEMBER
    if facts.hub.state != Hub.State.ACTIVE:
        return BY_STATE[Hub.State(facts.hub.state)]
    return None if facts.hub.weight else NO_WEIGHT


def _maintenance(facts: Facts) -> State | None:
    lead = timedelta(minutes=facts.policy.drain_lead_minutes)
    for downtime in facts.downtimes:
        if downtime.takes_traffic(facts.now, lead):
            return _in_downtime(downtime, facts.now, lead)
    return None


def _in_downtime(downtime: Downtime, now: datetime, lead: timedelta) -> State:
    begun = replace(RESTING, cause="maintenance", since=downtime.starts_at, until=downtime.ends_at)
    if downtime.emergency:
        return replace(begun, reason="maintainers took it out for the moment")
    if downtime.starts_at > now:
        return replace(begun, reason="it is being emptied for planned maintenance", since=downtime.starts_at - lead)
    return replace(begun, reason="in planned maintenance")


def _unchecked(facts: Facts) -> State | None:
    if not facts.stale:
        return None
    reason = "not checked" if facts.health.checked_at else "not checked yet"
    return replace(UNKNOWN, cause="unchecked", reason=reason, since=facts.health.checked_at)


def _suspect(facts: Facts) -> State | None:
    if facts.suspect is None or not facts.health.serving:
        return None
    reason = "not answering us, like all the others: our own network may be at fault"
    return replace(TROUBLE, cause="network", reason=reason, since=facts.suspect)


def _out(facts: Facts) -> State | None:
    health = facts.health
    if health.serving:
        return None
    reason = wording.plain(health.reason)
    lead = timedelta(minutes=facts.policy.drain_lead_minutes)
    announced = next((each for each in facts.downtimes if each.excuses(facts.now, lead)), None)
    if announced:
        return replace(RESTING, cause="maintenance", reason=f"{reason}, as announced", since=health.since)
    failing = [name for name, passed in health.checks.items() if not passed]
    if failing == [POD_QUOTA] or reason == wording.QUOTA:
        return replace(RESTING, cause="quota", reason=reason, since=health.since)
    return replace(OUT, cause="health", reason=reason, since=health.since)


def _shaky(facts: Facts) -> State | None:
    health = facts.health
    reason = wording.plain(health.reason)
    if health.held:
        return replace(TROUBLE, cause="held", reason=f"{reason}; it stays because half of the hubs are out already")
    if health.bad:
        return replace(TROUBLE, cause="settling", reason=f"{reason} just now; it is being asked again")
    if health.skew:
        return replace(TROUBLE, cause="versions", reason=wording.VERSIONS, since=health.skew_since)
    return None


def _less(facts: Facts) -> State | None:
    for factor in facts.factors:
        if factor.value < 1:
            return _by_factor(factor, facts.health)
    return None


def _by_factor(factor: Factor, health: HubHealth) -> State:
    less = replace(LIMITED, cause=factor.name)
    if factor.name == "slow start":
        return replace(less, reason="back, and taking its share step by step", since=health.slow_since)
    if factor.name == "ramp":
        return replace(less, reason="getting more launches step by step")
    if factor.name == "quota":
        full = replace(RESTING, cause="quota", reason=wording.QUOTA)
        return full if factor.value == 0 else replace(less, reason="nearly full, so it gets fewer launches")
    if factor.value == 0:
        return replace(RESTING, cause=factor.name, reason=factor.reason or factor.name)
    return replace(less, reason=factor.reason or factor.name)


RULES: Final = (_decided, _maintenance, _unchecked, _suspect, _out, _shaky, _less)

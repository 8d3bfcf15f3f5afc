"""The redirector's own checks of the hubs, for as long as nobody else checks them.

What the answers mean is damped as in the portal, by the policy of the snapshot in use, and goes on from what the
snapshot or the cache says of the hubs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import structlog

from foundation.outgoing import Client
from routing import health_factors
from routing.checker import Checker, first_pause
from routing.damping import DampingPolicy, Evidence, Health, Observation, Round, settle
from routing.probe import Verdict
from routing.snapshot import Factor, Hub, Policy, Snapshot

log = structlog.get_logger(__name__)


class Watch:
    """Checks the hubs of the snapshot it follows; `changed` is called when what to believe of a hub is new.

    A verdict in `verdicts` is what was seen last, with `healthy` and `reason` as they are to be believed.
    """

    def __init__(self, client: Client, changed: Callable[[], None], wall: Callable[[], float] = time.time) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self._fleet = Round({})
        self._policy = Policy()
        self._checker = Checker(client, self._seen, wall)
        self._changed = changed
        self._wall = wall
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._following: dict[str, tuple[Hub, Policy]] = {}

    @property
    def active(self) -> bool:
        """Whether it checks at all at the moment."""
        return bool(self._tasks)

    @property
    def reference(self) -> Mapping[str, Any] | None:
        """What the prime runs, if that is known."""
        return self._checker.reference

    def remember(self, verdicts: Mapping[str, Verdict], reference: Mapping[str, Any] | None) -> None:
        """Begin with what was known before the restart."""
        self.verdicts = dict(verdicts)
        self._checker.reference = reference

    def follow(self, snapshot: Snapshot) -> None:
        """Check these hubs from now on. A hub that is as it was is not disturbed."""
        self._policy = snapshot.policy
        wanted = {hub.key: (_asked(hub), snapshot.policy) for hub in snapshot.hubs}
        for key in [key for key, how in self._following.items() if wanted.get(key) != how]:
            self._tasks.pop(key).cancel()
            del self._following[key]
        for key in self.verdicts.keys() - wanted.keys():
            del self.verdicts[key]
        self._fleet = replace(self._fleet, healths=self._known(snapshot))
        for key in wanted.keys() - self._following.keys():
            hub, policy = self._following[key] = wanted[key]
            attend = self._checker.attend(hub, policy, first_pause(hub, len(wanted), policy))
            self._tasks[key] = asyncio.create_task(attend, name=f"check {key}")

    def factors(self, hub: Hub) -> tuple[Factor, ...]:
        """The hub's factors with our own word on its health in the place of the portal's."""
        health, verdict = self._fleet.healths.get(hub.key), self.verdicts.get(hub.key)
        if health is None or not self.active:
            return hub.factors
        pods = verdict.pods if verdict else None
        own = health_factors.of(
            health,
            total_pods=pods.total if pods else None,
            usable_pods=pods.quota - pods.headroom if pods and pods.quota is not None else None,
            rules=_damping(self._policy),
            now=self._wall(),
        )
        return (*health_factors.others(hub.factors), *own)

    def stop(self) -> None:
        """Check nobody, and forget what was found: somebody else knows better now."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._following.clear()
        self.verdicts.clear()
        self._fleet = Round({})

    async def close(self) -> None:
        """Stop, and wait until all has stopped."""
        tasks = list(self._tasks.values())
        self.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _seen(self, hub: Hub, verdict: Verdict) -> bool:
        observation = {hub.key: Observation(verdict.evidence, verdict.reason)}
        self._fleet = settle(self._fleet, observation, self._wall(), _damping(self._policy))
        health = self._fleet.healths[hub.key]
        before = self.verdicts.get(hub.key)
        after = replace(verdict, healthy=health.serving, reason="" if health.serving else health.reason)
        self.verdicts[hub.key] = after
        if before is None or _said(before) != _said(after):
            log.info("hub", hub=hub.key, healthy=after.healthy, reason=after.reason or None)
            self._changed()
        return not health.settling or hub.key in self._fleet.held

    def _known(self, snapshot: Snapshot) -> dict[str, Health]:
        """What is known of each hub: from our own answers, the cache's, or the factors of the snapshot."""
        return {hub.key: self._fleet.healths.get(hub.key) or self._known_of(hub) for hub in snapshot.hubs}

    def _known_of(self, hub: Hub) -> Health:
        verdict = self.verdicts.get(hub.key)
        if verdict is not None:
            out_by = None if verdict.healthy else verdict.evidence
            return Health(serving=verdict.healthy, reason=verdict.reason, out_by=out_by)
        for factor in hub.factors:
            if factor.name == health_factors.HEALTH:
                return Health(serving=False, reason=factor.reason, out_by=Evidence.UNREACHABLE)
        return Health()


def _said(verdict: Verdict) -> tuple[object, ...]:
    """What makes a verdict another one: times and numbers move all the time."""
    return verdict.healthy, verdict.evidence, verdict.error, dict(verdict.checks)


def _damping(policy: Policy) -> DampingPolicy:
    return DampingPolicy(**{each.name: getattr(policy, each.name) for each in fields(DampingPolicy)})


def _asked(hub: Hub) -> Hub:
    """The hub as far as its checks go: a new weight is no reason to ask again."""
    return replace(hub, url="", weight=0.0, name="", ui_order=0, factors=())

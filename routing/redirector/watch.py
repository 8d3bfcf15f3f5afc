"""The redirector's own checks of the hubs, for as long as nobody else checks them.

One task per hub, so that none overlaps itself and a slow one delays no other. All waiting is by a steady clock.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from foundation.outgoing import Client
from routing.probe import Verdict, ask, judge
from routing.snapshot import Hub, Policy, Snapshot

SHORTEST_PERIOD: Final = 0.2
FIRST_SPREAD: Final = 0.5
AFTER_A_BUG: Final = 10.0

log = structlog.get_logger(__name__)


def settle(_before: Verdict | None, seen: Verdict) -> Verdict:
    """What to believe after one more round: for now, what was seen. Damping has its place here."""
    return seen


class Watch:
    """Checks the hubs of the snapshot it follows; `changed` is called when a verdict is new."""

    def __init__(self, client: Client, changed: Callable[[], None]) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.reference: Mapping[str, Any] | None = None
        self._client = client
        self._changed = changed
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._following: dict[str, tuple[Hub, Policy]] = {}

    @property
    def active(self) -> bool:
        """Whether it checks at all at the moment."""
        return bool(self._tasks)

    def remember(self, verdicts: Mapping[str, Verdict], reference: Mapping[str, Any] | None) -> None:
        """Begin with what was known before the restart."""
        self.verdicts = dict(verdicts)
        self.reference = reference

    def follow(self, snapshot: Snapshot) -> None:
        """Check these hubs from now on. A hub that is as it was is not disturbed."""
        wanted = {hub.key: (_asked(hub), snapshot.policy) for hub in snapshot.hubs}
        for key in [key for key, how in self._following.items() if wanted.get(key) != how]:
            self._tasks.pop(key).cancel()
            del self._following[key]
        for key in self.verdicts.keys() - wanted.keys():
            del self.verdicts[key]
        for key in wanted.keys() - self._following.keys():
            self._following[key] = wanted[key]
            self._tasks[key] = asyncio.create_task(self._check_for_ever(*wanted[key]), name=f"check {key}")

    def stop(self) -> None:
        """Check nobody, and forget what was found: somebody else knows better now."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._following.clear()
        self.verdicts.clear()

    async def close(self) -> None:
        """Stop, and wait until all has stopped."""
        tasks = list(self._tasks.values())
        self.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _check_for_ever(self, hub: Hub, policy: Policy) -> None:
        # All at once, but not in the same instant; the prime first, for the others are held against its versions.
        await asyncio.sleep(0 if hub.prime else random.uniform(0, FIRST_SPREAD))
        while True:
            try:
                await self._check(hub, policy)
            except Exception:
                # A fault of ours in one hub's check must neither end its checks nor those of the others.
                log.exception("the check of a hub failed by a fault of our own", hub=hub.key)
                await asyncio.sleep(AFTER_A_BUG)
            await asyncio.sleep(pause_after(self.verdicts.get(hub.key), policy))

    async def _check(self, hub: Hub, policy: Policy) -> None:
        verdict = judge(await ask(self._client, hub, policy), hub.pod_headroom, None if hub.prime else self.reference)
        if hub.prime and verdict.versions is not None:
            self.reference = verdict.versions
        before = self.verdicts.get(hub.key)
        after = settle(before, verdict)
        self.verdicts[hub.key] = after
        if before is None or _said(before) != _said(after):
            log.info("hub", hub=hub.key, healthy=after.healthy, reason=after.reason or None)
            self._changed()


def _said(verdict: Verdict) -> tuple[object, ...]:
    """What makes a verdict another one: times and numbers move all the time."""
    return verdict.healthy, verdict.evidence, verdict.error, dict(verdict.checks)


def pause_after(verdict: Verdict | None, policy: Policy) -> float:
    """How long to leave a hub alone: by the policy, another time when it is not healthy, and never in step."""
    well = verdict is not None and verdict.healthy
    period = policy.check_period if well else policy.check_failed_period
    spread = min(1.0, max(0.0, policy.check_jitter)) / 2
    return max(SHORTEST_PERIOD, period * random.uniform(1 - spread, 1 + spread))


def _asked(hub: Hub) -> Hub:
    """The hub as far as its checks go: a new weight is no reason to ask again."""
    return Hub(
        key=hub.key,
        url="",
        health=hub.health,
        versions=hub.versions,
        weight=0,
        prime=hub.prime,
        pod_headroom=hub.pod_headroom,
    )

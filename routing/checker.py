"""Ask every hub again and again, each in its own time: the same engine in Celery and in a redirector that stands alone.

One task per hub, so that none overlaps itself and a slow one delays no other. All waiting is by a steady clock.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from foundation.outgoing import Client
from routing import probe
from routing.probe import Verdict
from routing.snapshot import Hub, Policy

SHORTEST_PERIOD: Final = 0.2
AFTER_A_BUG: Final = 10.0
FIRST_SPREAD: Final = 0.5
FIRST_SPREAD_PER_HUB: Final = 0.01

log = structlog.get_logger(__name__)

Seen = Callable[[Hub, Verdict], bool]
"""Is told each verdict; says whether the hub is settled, or to be asked again soon."""


class Checker:
    """Asks hubs and tells `seen`. What it must remember from one answer to the next is public, to be kept by others.

    `reference` is what the prime runs; `skew_since` is since when (seconds since the epoch) a hub's versions differ.
    """

    def __init__(self, client: Client, seen: Seen, wall: Callable[[], float] = time.time) -> None:
        self.reference: Mapping[str, Any] | None = None
        self.skew_since: dict[str, float] = {}
        self._client = client
        self._seen = seen
        self._wall = wall

    async def attend(self, hub: Hub, policy: Policy, first_in: float = 0.0, *, known: bool = False) -> None:
        """Look after one hub until cancelled; its first check is due in so many seconds.

        A hub that is `known` from before has its pulse felt until then.
        """
        await (self._rest(hub, policy, first_in) if known else asyncio.sleep(first_in))
        while True:
            pause = AFTER_A_BUG
            try:
                pause = await self._check(hub, policy)
            except Exception:
                # A fault of ours in one hub's check must neither end its checks nor those of the others.
                log.exception("the check of a hub failed by a fault of our own", hub=hub.key)
            await self._rest(hub, policy, pause)

    async def _check(self, hub: Hub, policy: Policy) -> float:
        """Ask, judge and tell; how long to leave the hub alone then."""
        asked = await probe.ask(self._client, hub, policy)
        verdict = probe.judge(asked, hub, policy, self.reference, self._skew_age(hub.key))
        if hub.prime and verdict.versions is not None:
            self.reference = verdict.versions
        if verdict.skew:
            self.skew_since.setdefault(hub.key, self._wall())
        elif verdict.versions is not None:
            self.skew_since.pop(hub.key, None)
        settled = self._seen(hub, verdict)
        return (
            pause_after(hub, policy, healthy=verdict.healthy) if settled else max(SHORTEST_PERIOD, policy.settle_period)
        )

    async def _rest(self, hub: Hub, policy: Policy, pause: float) -> None:
        """Leave the hub alone, but for its pulse; when that fails the check is due at once."""
        while 0 < policy.pulse_period < pause:
            await asyncio.sleep(policy.pulse_period)
            pause -= policy.pulse_period
            if not await probe.has_pulse(self._client, hub, policy):
                return
        await asyncio.sleep(pause)

    def _skew_age(self, key: str) -> float:
        return max(0.0, self._wall() - self.skew_since.get(key, self._wall()))


def pause_after(hub: Hub, policy: Policy, *, healthy: bool) -> float:
    """How long to leave a hub alone: as it or the policy says, another time when it is unwell, and never in step."""
    period = (hub.check_period or policy.check_period) if healthy else policy.check_failed_period
    spread = min(1.0, max(0.0, policy.check_jitter)) / 2
    return max(SHORTEST_PERIOD, period * random.uniform(1 - spread, 1 + spread))


def first_pause(hub: Hub, hubs: int, policy: Policy) -> float:
    """When to ask a hub that was never asked: all at once, but not in the same instant.

    The prime comes first, for the others are held against its versions.
    """
    return 0.0 if hub.prime else random.uniform(0, min(policy.check_period, FIRST_SPREAD + hubs * FIRST_SPREAD_PER_HUB))

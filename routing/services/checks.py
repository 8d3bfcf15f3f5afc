"""Check the hubs: one round is one task; what hubs answer is judged, damped, kept, and published.

A round asks all hubs at once, each in its own time, and writes what came back as it comes, so that a hub that hangs
delays no other. There is never more than one round at a time, in however many workers.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import structlog
import uvloop
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from foundation.outgoing import Client
from routing import snapshot
from routing.checker import Checker, first_pause, pause_after
from routing.models import Hub, HubHealth, Policy
from routing.probe import Verdict
from routing.services import broker, publishing, verdicts
from routing.services.verdicts import Answered, Standing

ROUND_LOCK: Final = 0x6665_6403
# How long a round waits for the one before it to end.
PATIENCE_MS: Final = 3000
FLUSH_EVERY: Final = 0.5
HEARTBEAT_EVERY: Final = 1.0
# Publishing takes a tenth of a round at most, however many hubs there are, unless hubs flip.
PUBLISH_REST: Final = 9.0

logger = structlog.get_logger(__name__)


def run_round(seconds: float) -> bool:
    """Check all hubs for so many seconds; False if another round is under way and does not end."""
    with _only_round() as ours:
        if ours:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_Round(seconds).run())
    return ours


@contextlib.contextmanager
def _only_round() -> Iterator[bool]:
    """Hold the lock of rounds. It ends with the connection: a worker that is killed leaves none behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [str(PATIENCE_MS)])
        try:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ROUND_LOCK])
        except OperationalError:
            yield False
            return
        finally:
            cursor.execute("SELECT set_config('lock_timeout', '0', false)")
        try:
            yield True
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ROUND_LOCK])


class _Round:
    """One round. The database is spoken to in one thread of its own, the hubs in the event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[str, Answered] = {}
        self._standing: dict[str, Standing] = {}
        self._publish_after = 0.0
        self._database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="round")

    async def run(self) -> None:
        """Ask until the time is over; whoever is being asked then is due first in the next round."""
        loop = asyncio.get_running_loop()
        try:
            policy, hubs = await loop.run_in_executor(self._database, _known)
            async with Client(allow_private=settings.ALLOW_PRIVATE_HUBS) as client:
                await self._attend(client, policy, hubs)
        finally:
            # Each thread has a connection of its own, which nobody else would close.
            await loop.run_in_executor(self._database, _hang_up)
            self._database.shutdown()

    async def _attend(self, client: Client, policy: snapshot.Policy, hubs: list[_Known]) -> None:
        checker = Checker(client, self._note)
        checker.reference = next((each.versions for each in hubs if each.hub.prime and each.versions), None)
        checker.skew_since = {each.hub.key: each.skew_since for each in hubs if each.skew_since is not None}
        self._checker = checker
        self._standing = {each.hub.key: each.standing for each in hubs}
        tasks = []
        for each in hubs:
            due_in, known = _due_in(each, len(hubs), policy), each.checked_ago is not None
            tasks.append(asyncio.create_task(checker.attend(each.hub, policy, due_in, known=known)))
        try:
            await self._write(asyncio.get_running_loop().time() + self._seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _note(self, hub: snapshot.Hub, verdict: Verdict) -> bool:
        """Put it by. Settled is a hub of which nothing was open, and that is as it was believed to be."""
        self._waiting[hub.key] = Answered(verdict, time.time(), self._checker.skew_since.get(hub.key))
        known = self._standing[hub.key]
        return not known.settling and verdict.healthy == known.serving

    async def _write(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        beat = 0.0
        while loop.time() < until:
            await asyncio.sleep(min(FLUSH_EVERY, max(0.0, until - loop.time())))
            seen, self._waiting = self._waiting, {}
            if seen:
                standing = await loop.run_in_executor(self._database, _keep, seen)
                flipped = [key for key, each in standing.items() if self._standing[key].serving != each.serving]
                self._standing |= standing
                await self._publish(at_once=bool(flipped))
            if seen or loop.time() - beat >= HEARTBEAT_EVERY:
                beat = loop.time()
                await loop.run_in_executor(self._database, _sign_of_life)

    async def _publish(self, *, at_once: bool) -> None:
        """At once when a hub flipped; else, for slow starts and tapers, not more often than it is cheap."""
        loop = asyncio.get_running_loop()
        if at_once or loop.time() >= self._publish_after:
            began = loop.time()
            await loop.run_in_executor(self._database, _refresh)
            ended = loop.time()
            self._publish_after = ended + PUBLISH_REST * (ended - began)


@dataclass(frozen=True, slots=True)
class _Known:
    """A hub at the start of a round, and what was kept of it. `checked_ago` is in seconds."""

    hub: snapshot.Hub
    checked_ago: float | None
    healthy: bool
    standing: Standing
    versions: dict[str, object] | None
    skew_since: float | None


def _known() -> tuple[snapshot.Policy, list[_Known]]:
    now = timezone.now()
    hubs = Hub.objects.published().select_related("health").order_by("key")
    return Policy.objects.current().published, [_known_of(hub, now.timestamp()) for hub in hubs]


def _known_of(hub: Hub, now: float) -> _Known:
    health: HubHealth | None = getattr(hub, "health", None)
    if health is None or health.checked_at is None:
        return _Known(hub.published(), None, True, Standing(serving=True, settling=False), None, None)
    return _Known(
        hub=hub.published(),
        checked_ago=max(0.0, now - health.checked_at.timestamp()),
        healthy=health.evidence == "good",
        standing=Standing(health.serving, health.damped.settling and not health.held),
        versions=health.versions or None,
        skew_since=health.skew_since.timestamp() if health.skew_since else None,
    )


def _due_in(known: _Known, hubs: int, policy: snapshot.Policy) -> float:
    if known.checked_ago is None:
        return first_pause(known.hub, hubs, policy)
    if known.standing.settling:
        return max(0.0, policy.settle_period - known.checked_ago)
    return max(0.0, pause_after(known.hub, policy, healthy=known.healthy) - known.checked_ago)


def _keep(seen: dict[str, Answered]) -> dict[str, Standing]:
    """Write what was seen; what is believed now. A fault here ends no round."""
    try:
        with transaction.atomic():
            return verdicts.keep(seen)
    except Exception:
        logger.exception("what hubs answered could not be kept", hubs=len(seen))
        connection.close()
        return {}


def _refresh() -> None:
    try:
        publishing.refresh()
    except Exception:
        logger.exception("what was found could not be published; the sweep tries again")
        connection.close()


def _hang_up() -> None:
    connection.close()


def _sign_of_life() -> None:
    """Tell redirectors that somebody checks."""
    with contextlib.suppress(*broker.Away):
        broker.connection().set(snapshot.REDIS_HEARTBEAT, time.time())

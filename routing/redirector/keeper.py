"""The keeper: knows the newest good snapshot and how the hubs are, and hands every change on as a whole View.

A snapshot that is damaged, empty, older or of a newer schema never replaces a good one. Troubles are logged once. While
the portal gives no sign of life the keeper checks the hubs itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from foundation.outgoing import Client
from routing.redirector import cache
from routing.redirector.cache import CacheError, Remembered
from routing.redirector.conditions import Conditions
from routing.redirector.heartbeat import Heartbeat
from routing.redirector.options import Options
from routing.redirector.sources import ConfigFile, HttpSource, RedisSource, Source
from routing.redirector.standing import Standing
from routing.redirector.view import View
from routing.redirector.watch import Watch
from routing.snapshot import Factor, Snapshot, SnapshotError

CONFIRM_EVERY: Final = 1.0
COALESCE: Final = 0.02
SAVE_AT_MOST_EVERY: Final = 1.0
SAVE_AT_LEAST_EVERY: Final = 60.0
MIND_EVERY: Final = 0.5
AFTER_A_BUG: Final = 1.0

Duty = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


class Hopeless(Exception):
    """With these settings there will never be a hub to send anyone to."""


class Keeper:
    """One per redirector. `publish` is called with every new View, also when only verdicts or the age changed."""

    def __init__(
        self,
        options: Options,
        publish: Callable[[View], None],
        *,
        steady: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._options = options
        self._publish = publish
        self._steady = steady
        self._conditions = Conditions()
        self._heartbeat = Heartbeat(steady=steady, wall=wall)
        self._standing = Standing(
            allow_private=options.allow_private_hubs,
            expects_live=bool(options.redis or options.url),
            steady=steady,
            wall=wall,
        )
        self._client = Client(allow_private=options.allow_private_hubs)
        self._watch = Watch(self._client, self._checked)
        self._untold = asyncio.Event()
        self._unsaved = asyncio.Event()
        self._told_at = 0.0
        self._told_factors: list[tuple[Factor, ...]] = []

    async def run(self) -> None:
        """Keep until cancelled."""
        self._remember()
        sources = _sources(self._options)
        self._look_at_config(sources)
        duties: list[Duty] = [partial(source.run, self) for source in sources]
        duties += [self._tell, self._save, self._mind]
        try:
            async with asyncio.TaskGroup() as group:
                for duty in duties:
                    group.create_task(for_ever(duty))
        finally:
            self._save_now()
            await self._watch.close()
            await self._client.close()

    def found(self, source: str, snapshot: Snapshot) -> None:
        """Use this snapshot from now on, or know that the one in use is the newest."""
        try:
            changed = self._standing.offer(source, snapshot)
        except SnapshotError as error:
            self._conditions.wrong(source, f"{error}: refused")
            return
        self._conditions.right(source)
        if changed:
            self._take_up(source)
        elif self._steady() - self._told_at >= CONFIRM_EVERY:
            self._untold.set()

    def trouble(self, source: str, reason: str) -> None:
        """Go on with what is there."""
        self._conditions.wrong(source, reason)

    def heartbeat(self, at: float | None) -> None:
        """The portal's sign of life."""
        self._heartbeat.heard(at)
        self._decide_who_checks()

    def _remember(self) -> None:
        """Begin with the known state."""
        if self._options.cache is None:
            return
        try:
            remembered = cache.read(Path(self._options.cache))
            if remembered is not None:
                self._standing.restore(remembered)
                self._watch.remember(remembered.verdicts, remembered.reference)
                self._take_up("cache")
        except (CacheError, SnapshotError) as error:
            self._conditions.wrong("cache", f"the cache is not used: {error}")

    def _look_at_config(self, sources: list[Source]) -> None:
        """Read the file before anything else starts: a redirector that has nothing else and can't use it says so."""
        for source in sources:
            if isinstance(source, ConfigFile):
                source.look(self)
        if self._standing.admitted is None and all(isinstance(source, ConfigFile) for source in sources):
            raise Hopeless("there is no other source of hubs than a config file that can't be used")

    def _take_up(self, source: str) -> None:
        """Work with the snapshot that now stands."""
        snapshot = self._standing.admitted
        if snapshot is None:
            return
        log.info("snapshot in use", source=source, version=snapshot.version, hubs=len(snapshot.hubs))
        if self._standing.left_out:
            self._conditions.wrong("hubs", f"left out: {self._standing.left_out}")
        else:
            self._conditions.right("hubs")
        self._decide_who_checks()
        self._unsaved.set()
        self._untold.set()

    def _checked(self) -> None:
        """The watch has a new verdict."""
        self._unsaved.set()
        self._untold.set()

    def _decide_who_checks(self) -> None:
        """The portal while it lives; then its snapshots say how the hubs are, and ours would only differ."""
        snapshot = self._standing.admitted
        if snapshot is None:
            return
        was_ours = self._watch.active
        if not self._heartbeat.is_fresh(snapshot.policy.check_period):
            self._watch.follow(snapshot)
        elif was_ours:
            self._watch.stop()
        if was_ours != self._watch.active:
            log.info("who checks the hubs", checks="this redirector" if self._watch.active else "the portal")
            self._checked()

    async def _mind(self) -> None:
        """Notice that the portal has gone silent, and that a slow start went on."""
        while True:
            await asyncio.sleep(MIND_EVERY)
            self._decide_who_checks()
            if self._watch.active and self._standing.admitted is not None:
                factors = [self._watch.factors(hub) for hub in self._standing.admitted.hubs]
                if factors != self._told_factors:
                    self._told_factors = factors
                    self._untold.set()

    async def _tell(self) -> None:
        """Hand on what changed: at once, and what comes right behind it together."""
        while True:
            await self._untold.wait()
            self._untold.clear()
            self._told_at = self._steady()
            if self._standing.admitted is not None:
                self._publish(self._view(self._standing.admitted))
            await asyncio.sleep(COALESCE)

    def _view(self, snapshot: Snapshot) -> View:
        # Without what only the portal keeps: workers get many of these.
        verdicts = {key: replace(verdict, versions=None) for key, verdict in self._watch.verdicts.items()}
        if self._watch.active:
            watched = tuple(replace(hub, factors=self._watch.factors(hub)) for hub in snapshot.hubs)
            snapshot = replace(snapshot, hubs=watched)
        return View(
            snapshot=snapshot,
            source=self._standing.source,
            confirmed_at=self._standing.confirmed_at,
            verdicts=verdicts,
            watching=self._watch.active,
        )

    async def _save(self) -> None:
        """Keep the cache as it is in memory; without a cache there is nothing to do."""
        while self._options.cache is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SAVE_AT_LEAST_EVERY):
                    await self._unsaved.wait()
            self._unsaved.clear()
            state = self._state()
            if state is not None:
                try:
                    await asyncio.to_thread(cache.write, Path(self._options.cache), state)
                except OSError as error:
                    self._conditions.wrong("cache", f"the cache can't be written: {error.strerror}")
                else:
                    self._conditions.right("cache")
            await asyncio.sleep(SAVE_AT_MOST_EVERY)
        await asyncio.Event().wait()

    def _save_now(self) -> None:
        state = self._state()
        if self._options.cache is not None and state is not None:
            with contextlib.suppress(OSError):
                cache.write(Path(self._options.cache), state)

    def _state(self) -> Remembered | None:
        if self._standing.snapshot is None:
            return None
        return Remembered(
            snapshot=self._standing.snapshot,
            origin=self._standing.origin,
            confirmed_at=self._standing.confirmed_at,
            verdicts=dict(self._watch.verdicts),
            reference=self._watch.reference,
        )


async def for_ever(duty: Duty) -> None:
    """A duty that never ends. A fault of ours in one of them must not take the others down: the redirects go on."""
    while True:
        try:
            await duty()
        except Exception:
            log.exception("a duty of the keeper failed by a fault of our own; it starts again")
        await asyncio.sleep(AFTER_A_BUG)


def _sources(options: Options) -> list[Source]:
    sources: list[Source] = []
    if options.redis:
        sources.append(RedisSource(options.redis))
    if options.url:
        sources.append(HttpSource(options.url))
    if options.config:
        sources.append(ConfigFile(options.config))
    return sources

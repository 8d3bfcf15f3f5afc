"""Where snapshots come from: Redis, the portal over HTTP, or a configuration file as it is used today.

A source runs for ever. It tells its inbox what it found, each time it looked, and what keeps it from looking; whether a
snapshot is good enough to replace the one in use is the keeper's business.
"""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from routing import hosts_file
from routing.snapshot import REDIS_HEARTBEAT, REDIS_NUDGE, REDIS_SNAPSHOT, Snapshot, SnapshotError, decode

POLL: Final = 2.0
HTTP_POLL: Final = 1.5
FILE_POLL: Final = 0.5
REDIS_TIMEOUT: Final = 3.0
HTTP_TIMEOUT: Final = 5.0
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
MAX_DOCUMENT: Final = 16 * 1024 * 1024

log = structlog.get_logger(__name__)


class Inbox(Protocol):
    """Who wants to know."""

    def found(self, source: str, snapshot: Snapshot) -> None:
        """The source was looked at, and this is in it: the same object as long as nothing changed."""

    def trouble(self, source: str, reason: str) -> None:
        """There is nothing usable in the source, or no way to look."""

    def heartbeat(self, at: float | None) -> None:
        """The portal's last sign of life, as its own clock has it."""


class Source(Protocol):
    """A place that snapshots come from."""

    async def run(self, inbox: Inbox) -> None:
        """Look again and again, until cancelled."""


class Documents:
    """Decode each document once; an unchanged one gives the same snapshot again."""

    def __init__(self) -> None:
        self._last: bytes | str | None = None
        self._outcome: Snapshot | SnapshotError = SnapshotError("there is none yet")

    def snapshot(self, document: bytes | str) -> Snapshot:
        """The snapshot in it; raises SnapshotError."""
        if document != self._last:
            try:
                self._outcome = decode(document)
            except SnapshotError as error:
                self._outcome = error
            self._last = document
        if isinstance(self._outcome, SnapshotError):
            raise self._outcome
        return self._outcome


class Pauses:
    """Longer and longer after failures, never in step with the other redirectors."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    def reset(self) -> None:
        """It worked."""
        self._next = FIRST_PAUSE

    async def wait(self) -> None:
        """It did not."""
        pause, self._next = self._next, min(self._next * 2, LONGEST_PAUSE)
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))


def connect_redis(url: str) -> Redis:
    """A client that tries once. Every use of it needs `asyncio.timeout(REDIS_TIMEOUT)` around it.

    Its own `socket_timeout` must stay None: with one, it sends by `asyncio.wait_for`, which in Python 3.11 may swallow
    the cancellation of our task, and the task then never ends.
    """
    return Redis.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=REDIS_TIMEOUT,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )


class RedisSource:
    """Looks on every nudge and every POLL seconds anyway, for a nudge may be lost.

    Looking also finds out that the connection is dead though nobody closed it; the channel of nudges is asked for a
    sign of life between looks for the same reason.
    """

    name = "redis"

    def __init__(self, url: str) -> None:
        self._url = url
        self._documents = Documents()
        self._pauses = Pauses()

    async def run(self, inbox: Inbox) -> None:
        """Look until cancelled."""
        while True:
            try:
                async with connect_redis(self._url) as redis, redis.pubsub() as nudges:
                    async with asyncio.timeout(REDIS_TIMEOUT):
                        await nudges.subscribe(REDIS_NUDGE)
                    await self._follow(redis, nudges, inbox)
            except (RedisError, OSError, TimeoutError, ValueError) as error:
                inbox.trouble(self.name, f"Redis does not answer: {_brief(error)}")
            await self._pauses.wait()

    async def _follow(self, redis: Redis, nudges: PubSub, inbox: Inbox) -> None:
        while True:
            async with asyncio.timeout(REDIS_TIMEOUT):
                document, heartbeat = await redis.mget(REDIS_SNAPSHOT, REDIS_HEARTBEAT)
            self._pauses.reset()
            inbox.heartbeat(_number(heartbeat))
            deliver(inbox, self.name, self._documents, document)
            await self._wait_for_nudge(nudges)

    async def _wait_for_nudge(self, nudges: PubSub) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + POLL
        async with asyncio.timeout(REDIS_TIMEOUT):
            await nudges.ping()
        alive = False
        while (left := deadline - loop.time()) > 0:
            message: dict[str, Any] | None = await nudges.get_message(timeout=left)
            alive = alive or message is not None
            if message is not None and message["type"] == "message":
                return
        if not alive:
            raise TimeoutError("the channel of nudges is dead")


class HttpSource:
    """Asks the portal, which says "not modified" as long as nothing changed."""

    name = "http"

    def __init__(self, url: str) -> None:
        self._url = url
        self._documents = Documents()
        self._pauses = Pauses()
        self._document = b""
        self._tag = ""

    async def run(self, inbox: Inbox) -> None:
        """Ask until cancelled."""
        timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                try:
                    await self._ask(session)
                except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                    inbox.trouble(self.name, f"the portal does not answer: {_brief(error)}")
                    await self._pauses.wait()
                else:
                    self._pauses.reset()
                    deliver(inbox, self.name, self._documents, self._document)
                    await asyncio.sleep(HTTP_POLL * random.uniform(0.9, 1.1))

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        headers = {"If-None-Match": self._tag} if self._tag else {}
        async with session.get(self._url, headers=headers) as response:
            if response.status == 304:
                return
            if response.status != 200:
                raise ValueError(f"HTTP {response.status}")
            document = bytearray()
            async for chunk in response.content.iter_chunked(65_536):
                document += chunk
                if len(document) > MAX_DOCUMENT:
                    raise ValueError("the document is too large")
            self._document, self._tag = bytes(document), response.headers.get("ETag", "")


class ConfigFile:
    """Reads the file when it changes. An edit that went wrong is told, and the last good state stays."""

    name = "config"

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._seen: tuple[int, ...] | None = None
        self._outcome: Snapshot | str = ""

    async def run(self, inbox: Inbox) -> None:
        """Look until cancelled."""
        while True:
            self.look(inbox)
            await asyncio.sleep(FILE_POLL)

    def look(self, inbox: Inbox) -> None:
        """Look once. Small files on a local disk: not worth a thread."""
        try:
            stat = os.stat(self._path)
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._outcome = self._read(stat.st_mtime)
                self._seen = seen
        except hosts_file.HostsFileError as error:
            self._seen, self._outcome = seen, f"{self._path.name}: {error}"
        except OSError as error:
            self._seen, self._outcome = None, f"{self._path.name} can't be read: {error.strerror}"
        if isinstance(self._outcome, Snapshot):
            inbox.found(self.name, self._outcome)
        else:
            inbox.trouble(self.name, self._outcome)

    def _read(self, changed_at: float) -> Snapshot:
        read = hosts_file.loads(self._path.read_bytes())
        for note in read.notes:
            log.info("config file", file=self._path.name, note=note)
        return Snapshot(version=0, published_at=changed_at, hubs=read.hubs, policy=read.policy)


def deliver(inbox: Inbox, source: str, documents: Documents, document: bytes | str | None) -> None:
    """Hand a document to the inbox, as a snapshot or as a trouble."""
    if document is None:
        inbox.trouble(source, "no snapshot was published there yet")
        return
    try:
        inbox.found(source, documents.snapshot(document))
    except SnapshotError as error:
        inbox.trouble(source, str(error))


def _number(value: bytes | str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _brief(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]

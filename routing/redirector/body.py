"""The body of a request that is passed on: never whole in memory unless it is small, never longer than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final

SMALL: Final = 65_536

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):
    """Whoever asked hung up."""


class BodyTooLarge(Exception):
    """The body is longer than allowed."""


class Body:
    """Reads what the client sends. A small body is kept, so that another hub can be given it too."""

    def __init__(self, receive: Receive, most: int, patience: float) -> None:
        self.too_large = False
        self.handed_out = False
        self._receive = receive
        self._most = most
        self._patience = patience
        self._start = b""
        self._length = 0
        self._complete = asyncio.Event()

    @property
    def small(self) -> bytes | None:
        """The whole body, if it is small; then it can be sent as often as needed."""
        return self._start if self._complete.is_set() and self._length == len(self._start) else None

    @property
    def is_complete(self) -> bool:
        """Whether the client has sent all of it."""
        return self._complete.is_set()

    @property
    def is_fresh(self) -> bool:
        """Whether it can still be sent from its beginning."""
        return self.small is not None or not self.handed_out

    async def begin(self) -> None:
        """Read until it is known whether the body is small."""
        while not self._complete.is_set() and len(self._start) <= SMALL:
            self._start += await self._more()

    async def chunks(self) -> AsyncIterator[bytes]:
        """A body that is not small, once."""
        self.handed_out = True
        start, self._start = self._start, b""
        yield start
        while not self._complete.is_set():
            yield await self._more()

    async def gone(self) -> None:
        """Return when the client has hung up after its request."""
        await self._complete.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _more(self) -> bytes:
        async with asyncio.timeout(self._patience):
            message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        self._length += len(chunk)
        if not message.get("more_body", False):
            self._complete.set()
        if self._length > self._most:
            self.too_large = True
            raise BodyTooLarge
        return chunk

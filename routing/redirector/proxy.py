"""Show a hub's pages under the federation's address: everything that is no launch.

Bodies stream in both directions. The hubs are asked in the order given until one answers; once its answer has begun
there is no way back. When none answers there is a small page that says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import structlog

from foundation.outgoing import GuardedConnector, LookUp
from foundation.outgoing_errors import OutgoingError
from routing.redirector import forwarding
from routing.redirector.body import Body, BodyTooLarge, ClientGone, Receive
from routing.redirector.options import Options
from routing.redirector.pages import RETRY_AFTER, UNAVAILABLE
from routing.snapshot import Hub

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

METHODS: Final = ("GET", "HEAD", "POST")
# What an ingress says when the hub behind it does not answer.
FROM_THE_INGRESS: Final = frozenset({502, 503, 504})
CONNECT_TIMEOUT: Final = 3.0
# Longer than the 25 s between a hub's signs of life in a stream of events.
LONGEST_SILENCE: Final = 60.0
PER_HUB: Final = 256
# How long a refused client may go on sending.
LINGER: Final = 1.0
# Headers of a hub may be larger than our client's default: cookies.
LONGEST_LINE: Final = 32_768
AUTOMATIC: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
NO_ANSWER: Final = (aiohttp.ClientError, OutgoingError, OSError, TimeoutError, ssl.SSLError)

log = structlog.get_logger(__name__)


class Proxy:
    """One per worker; `start` it in the worker's event loop. `look_up` and `tls` are for tests."""

    def __init__(
        self, options: Options, *, look_up: LookUp = socket.getaddrinfo, tls: ssl.SSLContext | None = None
    ) -> None:
        self._options = options
        self._look_up = look_up
        self._tls = tls
        self._silence = max(LONGEST_SILENCE, options.proxy_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Be ready."""
        self._session = aiohttp.ClientSession(
            connector=GuardedConnector(
                allow_private=self._options.allow_private_hubs,
                look_up=self._look_up,
                ssl=self._tls or True,
                limit=0,
                limit_per_host=PER_HUB,
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=min(CONNECT_TIMEOUT, self._options.proxy_timeout)),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=AUTOMATIC,
            trust_env=False,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send, hubs: Sequence[Hub]) -> None:
        """Answer one request by the first of these hubs that answers. When the client hangs up, so do we."""
        refusal = self._refusal(scope)
        if refusal is not None:
            await refuse(scope, receive, send, *refusal)
            return
        body = Body(receive, self._options.proxy_max_body, self._options.proxy_timeout)
        try:
            await body.begin()
        except BodyTooLarge:
            await refuse(scope, receive, send, *_TOO_LARGE, unread=not body.is_complete)
        except TimeoutError:
            await refuse(scope, receive, send, *_TOO_SLOW, unread=False)
        except ClientGone:
            return
        else:
            await self._until_either_ends(self._exchange(scope, body, send, hubs), body.gone())
            if body.too_large:
                await refuse(scope, receive, send, *_TOO_LARGE, unread=not body.is_complete)

    async def _until_either_ends(self, exchange: Awaitable[None], gone: Awaitable[None]) -> None:
        tasks = [asyncio.ensure_future(exchange), asyncio.ensure_future(gone)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]

    def _refusal(self, scope: Scope) -> tuple[int, bytes] | None:
        headers = scope["headers"]
        if scope["method"] not in METHODS:
            return 405, b"This address does not take that method.\n"
        if b"websocket" in (forwarding.first(headers, b"upgrade") or b"").lower():
            return 501, b"WebSockets are not passed on. Talk to the hub itself.\n"
        if forwarding.is_loop(headers):
            return 508, b"This request has come back to where it began: a hub has our own address.\n"
        if not scope["raw_path"].startswith(b"/"):
            return 400, b"This is not a path.\n"
        length = forwarding.first(headers, b"content-length")
        if length is not None and length.isdigit() and int(length) > self._options.proxy_max_body:
            return _TOO_LARGE
        return None

    async def _exchange(self, scope: Scope, body: Body, send: Send, hubs: Sequence[Hub]) -> None:
        clock = asyncio.get_running_loop()
        # Two hubs may use up their time; visitors do not wait for a third.
        deadline = clock.time() + 1.5 * self._options.proxy_timeout
        for hub in hubs:
            if clock.time() >= deadline or not body.is_fresh:
                break
            try:
                async with self._asked(scope, body, hub) as response:
                    if response.status not in FROM_THE_INGRESS or scope["method"] == "POST":
                        await self._relay(response, scope["method"], send)
                        return
                log.info("a hub answers with an error, the next is asked", hub=hub.key, status=response.status)
            except NO_ANSWER as error:
                if body.too_large:
                    return
                log.info("a hub does not answer, the next is asked", hub=hub.key, reason=type(error).__name__)
                if scope["method"] == "POST" and isinstance(error, TimeoutError) and not _never_sent(error):
                    break  # It may be at work on it; twice would be once too often.
        await send_unavailable(send, with_body=scope["method"] != "HEAD")

    @asynccontextmanager
    async def _asked(self, scope: Scope, body: Body, hub: Hub) -> AsyncIterator[aiohttp.ClientResponse]:
        """The hub's answer, its body not yet read."""
        if self._session is None:
            raise RuntimeError("the proxy was not started")
        headers = forwarding.to_hub(scope["headers"], self._options.launch_host)
        length = forwarding.first(scope["headers"], b"content-length")
        data: bytes | AsyncIterator[bytes] | None = body.small or None
        url = forwarding.address(hub.url, scope["raw_path"], scope["query_string"])
        async with asyncio.timeout(self._options.proxy_timeout) as limit:
            if body.small is None:
                data = _pushing_back(limit, body.chunks(), self._options.proxy_timeout)
                if length is not None:
                    headers["content-length"] = length.decode("ascii")
            response = await self._session.request(
                scope["method"], url, headers=headers, data=data, allow_redirects=False
            )
        async with response:
            yield response

    async def _relay(self, response: aiohttp.ClientResponse, method: str, send: Send) -> None:
        """Pass the answer on as it comes. If it breaks off, so does ours: the client must not take it for whole."""
        headers = forwarding.to_client(response.status, response.raw_headers)
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        try:
            while method != "HEAD":
                async with asyncio.timeout(self._silence):
                    chunk = await response.content.readany()
                    if not chunk:
                        break
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except NO_ANSWER as error:
            log.warning("a hub's answer broke off", reason=type(error).__name__)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _pushing_back(limit: asyncio.Timeout, chunks: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """A long upload counts as being alive: the hub's time begins when it has everything."""
    async for chunk in chunks:
        with contextlib.suppress(RuntimeError):  # The hub has begun its answer: its time is no longer measured.
            limit.reschedule(asyncio.get_running_loop().time() + seconds)
        yield chunk


def _never_sent(error: BaseException) -> bool:
    """Whether the connection was not even made."""
    return isinstance(error, aiohttp.ConnectionTimeoutError)


_TOO_LARGE: Final = (413, b"This request is too large.\n")
_TOO_SLOW: Final = (408, b"The request did not come to its end in time.\n")


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, text: bytes, *, unread: bool = True) -> None:
    """A short answer of our own, and the end of the connection.

    What the client is still sending is read and thrown away for a moment: closing on it would destroy the answer.
    """
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        (b"connection", b"close"),
    ]
    if status == 405:
        headers.append((b"allow", ", ".join(METHODS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": True})
    if unread and forwarding.first(scope["headers"], b"expect") is None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while (await receive()).get("more_body", False):
                    pass
    await send({"type": "http.response.body", "body": b""})


async def send_unavailable(send: Send, *, with_body: bool = True) -> None:
    """The page for when no hub answers."""
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(UNAVAILABLE)),
        (b"retry-after", b"%d" % RETRY_AFTER),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": UNAVAILABLE if with_body else b""})

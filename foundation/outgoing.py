"""The one client for requests to URLs that people typed: probes, drift checks, webhooks.

It goes to the public internet only: https, and no private, loopback or link-local address, whatever DNS, a redirect or
an unusual spelling says. Every address is checked when it is connected to, so an answer of DNS that changes in between
gains nothing. Time, size and redirects are capped. Nothing is taken from the environment, no cookie is kept.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from foundation.addresses import is_public, why_refused
from foundation.outgoing_errors import (
    AddressRefused,
    BadUrl,
    NameNotFound,
    OutgoingError,
    RedirectLoop,
    RedirectRefused,
    TimedOut,
    TooLarge,
    explain,
)

MAX_REDIRECTS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
CHUNK: Final = 65_536
USER_AGENT: Final = "federation-portal (+https://mybinder.org)"
LookUp = Callable[..., list[Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `body` is decoded, `seconds` is from asking to the last byte, `url` is after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    url: str
    certificate_expires: datetime | None = None


class Client:
    """Ask the internet politely and carefully. One session for all requests; belongs to one event loop.

    `allow_private` opens private addresses and plain http, for development. `timeout` is for a whole request with its
    redirects and body, `connect_timeout` for DNS, connecting and TLS of each step. `look_up` and `tls` are for tests.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout: float = 10.0,
        connect_timeout: float = 5.0,
        max_bytes: int = 1_048_576,
        look_up: LookUp = socket.getaddrinfo,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.allow_private = allow_private
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.max_bytes = max_bytes
        self._look_up = look_up
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """The whole answer, redirects of GET and HEAD followed; raises an OutgoingError that says why there is none."""
        seconds = self.timeout if timeout is None else timeout
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds), self._open(url, method, headers, body) as response:
                content = await _read(response, self.max_bytes if max_bytes is None else max_bytes)
        except TimeoutError as error:
            if isinstance(error, aiohttp.ServerTimeoutError):
                raise TimedOut(f"took no connection within {min(self.connect_timeout, seconds):g} s") from error
            raise TimedOut(f"did not finish its answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise explain(error) from error
        return Answer(
            status=response.status,
            headers=response.headers,
            body=content,
            seconds=time.monotonic() - started,
            url=str(response.url),
            certificate_expires=_expiry(response),
        )

    @asynccontextmanager
    async def lines(
        self, url: str, *, timeout: float, max_bytes: int, accept: str = "text/event-stream"
    ) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of an answer as they come; the connection is closed at the end, whatever was read of it."""
        try:
            async with asyncio.timeout(timeout), self._open(url, "GET", {"Accept": accept}, None) as response:
                try:
                    yield _lines(response, max_bytes)
                finally:
                    response.close()
        except TimeoutError as error:
            raise TimedOut(f"did not finish its answer within {timeout:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise explain(error) from error

    async def close(self) -> None:
        """Drop all connections; the client can be used again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def _open(
        self, url: str, method: str, headers: Mapping[str, str] | None, body: bytes | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response at the end of all redirects, its body not yet read."""
        target = self._checked(url, BadUrl)
        seen: set[URL] = set()
        while True:
            response = await self._ask(target, method, headers, body)
            async with response:
                place = response.headers.get("Location")
                if response.status not in REDIRECTS or method not in {"GET", "HEAD"} or not place:
                    yield response
                    return
                seen.add(target)
                onward = self._checked(target.join(URL(place)), RedirectRefused)
            if onward in seen or len(seen) > MAX_REDIRECTS:
                raise RedirectLoop(f"redirects in circles, last to {onward}")
            if onward.origin() != target.origin():
                headers = None
            target = onward

    async def _ask(
        self, url: URL, method: str, headers: Mapping[str, str] | None, body: bytes | None
    ) -> aiohttp.ClientResponse:
        return await self._opened_session().request(method, url, headers=headers, data=body, allow_redirects=False)

    def _checked(self, url: URL | str, refusal: type[OutgoingError]) -> URL:
        wrong = why_refused(url, allow_private=self.allow_private)
        if wrong:
            raise (refusal if refusal is RedirectRefused else _refusal(wrong))(f"{_short(url)} {wrong}")
        return URL(url)

    def _opened_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=GuardedConnector(
                    allow_private=self.allow_private,
                    look_up=self._look_up,
                    limit=0,
                    ssl=self._tls or True,
                    # Kept from one question of a round to the next, not to the next round: that shall see the new
                    # certificate, and whether the hub still takes connections.
                    keepalive_timeout=2.0,
                ),
                response_class=_Response,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=self.connect_timeout),
                headers={"User-Agent": USER_AGENT},
                trust_env=False,
                max_headers=100,
            )
        return self._session


class GuardedConnector(aiohttp.TCPConnector):
    """Connects to the public internet only, or with `allow_private` anywhere; `how` is what TCPConnector takes."""

    def __init__(self, *, allow_private: bool, look_up: LookUp = socket.getaddrinfo, **how: Any) -> None:  # noqa: ANN401
        self._guard = _Resolver(look_up, allow_private)
        self._allow_private = allow_private
        super().__init__(resolver=self._guard, socket_factory=self._guarded_socket, **how)

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections, and end the threads that look names up."""
        await super().close(abort_ssl=abort_ssl)
        await self._guard.close()

    def _guarded_socket(self, address: tuple[Any, ...]) -> socket.socket:
        """The last guard: this is the very address that is connected to, literal or looked up."""
        family, kind, protocol, _, target = address
        if not self._allow_private and not is_public(str(target[0])):
            raise PermissionError(f"{target[0]} is not on the public internet")
        return socket.socket(family=family, type=kind, proto=protocol)


class _Response(aiohttp.ClientResponse):
    """A response that remembers the certificate: a short answer gives its connection back before anyone can look."""

    peer_certificate: Mapping[str, Any] | None = None

    async def start(self, connection: Any) -> aiohttp.ClientResponse:  # noqa: ANN401
        if connection.transport is not None:
            self.peer_certificate = connection.transport.get_extra_info("peercert")
        return await super().start(connection)


class _Resolver(AbstractResolver):
    """DNS in threads of its own, so that one slow name server holds up nobody else; private answers are refused."""

    def __init__(self, look_up: LookUp, allow_private: bool) -> None:
        self._look_up = look_up
        self._allow_private = allow_private
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._threads, self._look_up, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
            )
        except (OSError, UnicodeError) as error:
            raise NameNotFound(f"has a name that DNS does not know: {host}") from error
        results = [_result(host, each) for each in found]
        private = [each["host"] for each in results if not is_public(each["host"])]
        if private and not self._allow_private:
            raise AddressRefused(f"{host} has a private address: {private[0]}")
        if not results:
            raise NameNotFound(f"has a name without an address: {host}")
        return results

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _result(host: str, found: tuple[Any, ...]) -> ResolveResult:
    family, _, protocol, _, address = found
    return ResolveResult(
        hostname=host,
        host=str(address[0]),
        port=int(address[1]),
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The decoded body; stops reading, whatever is announced or packed inside, when it passes `most`."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        content += chunk
        if len(content) > most:
            response.close()
            raise TooLarge(f"sent more than {most:,} bytes")
    return bytes(content)


async def _lines(response: aiohttp.ClientResponse, most: int) -> AsyncIterator[str]:
    read, rest = 0, b""
    async for chunk in response.content.iter_any():
        read += len(chunk)
        if read > most:
            raise TooLarge(f"sent more than {most:,} bytes")
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")


def _expiry(response: aiohttp.ClientResponse) -> datetime | None:
    certificate = response.peer_certificate if isinstance(response, _Response) else None
    if not certificate or "notAfter" not in certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), tz=UTC)


def _refusal(wrong: str) -> type[OutgoingError]:
    return BadUrl if wrong == "is not a web address" else AddressRefused


def _short(url: URL | str) -> str:
    text = str(url)
    return text if len(text) <= 120 else f"{text[:119]}…"

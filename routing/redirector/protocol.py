"""HTTP/1.1 for the redirector: uvicorn's protocol, with a short cut for plain requests for a launch.

A plain request is answered as soon as its headers are in, with the bytes of `answer.redirect`, and builds neither scope
nor task. Whatever is not plain in any way (a body, `Expect`, `Connection: close`, HTTP/1.0, an answer still under way
before it) goes uvicorn's own way to the ASGI application. This leans on uvicorn's inside,
so uvicorn is pinned, and the tests hold both ways against each other.

What uvicorn leaves open is closed here: endless or endlessly slow headers, endless pipelines, clients that never read,
connections that idle after a short cut, and requests that are on their way while the server stops.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from routing.redirector.answer import LAUNCH
from routing.redirector.front import Front

LONGEST_TARGET: Final = 8192
LONGEST_HEAD: Final = 65_536
HEAD_TIMEOUT: Final = 30  # seconds a client may take to send a request's headers
STUCK_TIMEOUT: Final = 60  # seconds a client may leave a full buffer of answers untouched
LONGEST_PIPELINE: Final = 128  # requests of one connection that may wait behind an answer under way
LINGER: Final = 0.5  # seconds a stopping server still listens on an idle connection for a request on its way

# The cookie, and headers that make a request other than plain. `connection` is among them: uvicorn's way knows all its
# meanings; of those only `keep-alive` is frequent, which is let through.
_NOTEWORTHY: Final = frozenset(
    {b"connection", b"content-length", b"cookie", b"expect", b"transfer-encoding", b"upgrade"}
)
_PLAIN_METHODS: Final = frozenset({b"GET", b"HEAD"})
_HASH: Final = ord("#")  # a number is found in bytes far faster than a string
_BROKEN: Final = "Invalid HTTP request received."


class Flow(FlowControl):
    """Who does not take our answers is not asked for more requests: then answers cannot pile up."""

    def pause_writing(self) -> None:
        """The client's buffer is full."""
        super().pause_writing()
        self.pause_reading()

    def resume_writing(self) -> None:
        """There is room again."""
        super().resume_writing()
        self.resume_reading()

    def resume_reading(self) -> None:
        """Listen again, but not while the buffer is full."""
        if not self.write_paused:
            super().resume_reading()


class RedirectProtocol(HttpToolsProtocol):
    """One connection. The application it serves must have a `front`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.front: Front = cast(Any, config.app).front
        self.seen = self.front.ticks  # when the last bytes came
        self.head_since = 0  # when the request whose headers are coming in began; 0 between requests
        self.head_bytes = 0
        self.plain = True
        self.cookie: bytes | None = None
        self.stuck_since = 0  # when the client's buffer of answers became full; 0 while it takes them
        self.parting: RequestResponseCycle | None = None  # the answer we made the last of a connection ourselves

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self.flow = Flow(transport)

    @property
    def busy(self) -> bool:
        """Whether an answer is under way or waits for its turn."""
        return self.cycle is not None and not self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Parse; the callbacks below do the rest."""
        self.seen = self.front.ticks
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response(_BROKEN)
        if self.head_since:
            self._count_head(len(data))

    def on_message_begin(self) -> None:
        """A request begins. uvicorn's own preparations are made only when the request turns out not to be plain."""
        self.url = b""
        self.headers = []
        self.cookie = None
        self.plain = True
        self.head_since = self.front.ticks
        self.head_bytes = -1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the header, and note whether the request is still plain."""
        if not self.head_since:
            return  # a trailer, behind a body: it must not pass for a header
        name = name.lower()
        self.headers.append((name, value))
        if name in _NOTEWORTHY:
            self._note(name, value)

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"cookie":
            self.cookie = value if self.cookie is None else self.cookie + b"; " + value
        elif name != b"connection" or value != b"keep-alive" or self.parser.get_http_version() != "1.1":
            self.plain = False

    def on_headers_complete(self) -> None:
        """Answer at once, or leave it to the application."""
        self.head_since = 0
        url, table = self.url, self.front.table
        if (
            self.plain
            and url.startswith(LAUNCH)
            and table is not None
            and self.parser.should_keep_alive()
            and self.parser.get_method() in _PLAIN_METHODS
            and (self.cycle is None or self.cycle.response_complete)
            and not self.front.draining
            and len(url) <= LONGEST_TARGET
            and _HASH not in url
        ):
            self.transport.write(self.front.redirect(url, self.cookie, table))
        else:
            self._leave_to_application()

    def on_message_complete(self) -> None:
        """A request's end concerns only the application's requests."""
        if self.cycle is not None:
            super().on_message_complete()

    def _leave_to_application(self) -> None:
        if len(self.pipeline) >= LONGEST_PIPELINE:
            raise ValueError("too many requests wait on this connection")  # to the parser it is broken from here on
        url, headers, before = self.url, self.headers, self.parting
        super().on_message_begin()
        self.url = origin_form(url)
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        if self.front.draining:
            self._make_last()
            if before is not None and not before.response_started:
                before.keep_alive = True  # it was not the last after all

    def _make_last(self) -> None:
        self.parting = self.cycle if self.cycle.keep_alive else None
        self.cycle.keep_alive = False

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """The upgrade was not taken; what follows on the connection are requests like any other."""
        while rest:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
            except httptools.HttpParserError:
                return self.send_400_response(_BROKEN)
            else:
                return None
        return None

    def _count_head(self, size: int) -> None:
        # Where in its first piece a request began is not known; that piece, of 256 KiB at most, is not counted.
        self.head_bytes = 0 if self.head_bytes < 0 else self.head_bytes + size
        if self.head_bytes > LONGEST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large", b"The headers of this request are too long.\n")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in its turn: answers under way come first."""
        self._refuse(b"400 Bad Request", msg.encode() + b"\n")

    def _refuse(self, status: bytes, body: bytes) -> None:
        self.head_since = 0
        if self.busy and not self.cycle.more_body:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if not self.busy or not (self.cycle.response_started or self.pipeline):
            lines = (
                b"HTTP/1.1 " + status,
                b"date: " + self.front.moment.date,
                b"content-type: text/plain; charset=utf-8",
                b"content-length: %d" % len(body),
                b"connection: close",
            )
            self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.transport.close()

    def pause_writing(self) -> None:
        """The client does not take its answers."""
        self.stuck_since = self.front.ticks
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client took them."""
        self.stuck_since = 0
        super().resume_writing()

    def expire(self, keep_alive: int) -> None:
        """Close the connection if its client was idle, slow with its headers, or did not read, for too long."""
        now = self.front.ticks
        if self.stuck_since and now - self.stuck_since > STUCK_TIMEOUT:
            self.transport.abort()
        elif self.busy or self.flow.read_paused:
            # Not the client's turn: its time begins when we listen again.
            self.seen, self.head_since = now, now if self.head_since else 0
        elif now - self.seen > keep_alive or (self.head_since and now - self.head_since > HEAD_TIMEOUT):
            self.transport.close()

    def shutdown(self) -> None:
        """The server stops: finish what is under way, and what may already be on its way to us."""
        if self.busy:
            self._make_last()
        elif not self.head_since:
            self.loop.call_later(LINGER, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if not self.busy and not self.head_since:
            self.transport.close()


def origin_form(target: bytes) -> bytes:
    """A request target as the rest of the program knows it: path and query, no host, no fragment."""
    if target.startswith(b"/") and b"#" not in target:
        return target
    parsed = httptools.parse_url(target)
    return (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")

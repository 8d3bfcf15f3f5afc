"""The redirector as an ASGI application: all addresses but the plain launches, which the protocol answers itself.

Those it answers too, with the same bytes, when a request is not plain.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from routing.redirector import metrics
from routing.redirector.answer import CORS, LAUNCH
from routing.redirector.front import Front
from routing.redirector.pages import RETRY_AFTER, UNAVAILABLE
from routing.redirector.protocol import LONGEST_HEAD, LONGEST_TARGET
from routing.redirector.table import Table
from routing.snapshot import Hub

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

READING: Final = ("GET", "HEAD")
PROXIED: Final = ("GET", "HEAD", "POST")
PREFLIGHT_AGE: Final = b"86400"

_CORS_HEADERS: Final[Headers] = [(name, value) for name, _, value in (line.partition(b": ") for line in CORS)]
_SITE: Final = b"/v2/"
_CLOSE: Final = (b"connection", b"close")


class Forward(Protocol):
    """Whatever shows a hub's pages: asks the hubs in this order until one answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, hubs: Sequence[Hub]) -> None:
        """Answer the request."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """A small answer that is ready at once."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""


class App:
    """One worker's application. `forward` is None when the proxy is switched off."""

    def __init__(self, front: Front, forward: Forward | None) -> None:
        self.front = front
        self.forward = forward
        self._own: dict[bytes, Callable[[Scope], Reply]] = {
            b"/healthz": lambda _: _json({"ok": True}),
            b"/readyz": lambda _: self._readyz(),
            b"/metrics": lambda _: self._metrics(),
            b"/active_hosts": lambda _: self._active_hosts(),
            b"/badge.svg": lambda scope: self._badge(scope, b"/badge.svg"),
            b"/assets/images/badge.svg": lambda scope: self._badge(scope, b"/badge.svg"),
            b"/badge_logo.svg": lambda scope: self._badge(scope, b"/badge_logo.svg"),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path, table = scope["raw_path"], self.front.table
        reply = _too_long(scope)
        if reply is None and path.startswith(LAUNCH):
            reply = self._launch(scope)
        elif reply is None and path in self._own:
            reply = _only(READING, scope) or self._own[path](scope)
        elif reply is None and self.forward is not None and table is not None:
            reply = _only(PROXIED, scope)
            if reply is None:
                return await self.forward(scope, receive, send, table.ui_order)
        elif reply is None:
            reply = _only(READING, scope) or self._visit(scope)
        return await self._send(reply, send)

    async def _send(self, reply: Reply, send: Send) -> None:
        headers = list(reply.headers)
        given = {name for name, _ in headers}
        if b"date" not in given:
            headers.insert(0, (b"date", self.front.moment.date))
        if b"content-length" not in given and reply.status != 204:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _launch(self, scope: Scope) -> Reply:
        if scope["method"] == "OPTIONS":
            return Reply(204, [*_CORS_HEADERS, *_PREFLIGHT])
        refused = _only((*READING, "OPTIONS"), scope)
        if refused is not None:
            return refused
        if self.front.table is None:
            return _UNAVAILABLE
        cookies = [value for name, value in scope["headers"] if name == b"cookie"]
        answer = self.front.redirect(_target(scope), b"; ".join(cookies) if cookies else None, self.front.table)
        return _parsed(answer)

    def _visit(self, scope: Scope) -> Reply:
        """Without the proxy: a visitor goes to the hub of the repository, or to any, with path and query."""
        table = self.front.table
        if table is None:
            return _UNAVAILABLE
        location = self._hub_for(scope["raw_path"], table) + _target(scope)
        # 307 as for launches: it keeps the method, and nobody remembers it, for tomorrow it may be another hub.
        return Reply(307, [(b"location", location)])

    def _hub_for(self, path: bytes, table: Table) -> bytes:
        if path.startswith(_SITE):
            return self.front.visit(LAUNCH + path.removeprefix(_SITE), table)
        if path == b"/":
            return table.routes[table.draw.choose(path)[0]].url
        return table.ui_order[0].url.encode()

    def _readyz(self) -> Reply:
        ready = self.front.table is not None
        outcome = "ok" if ready else "there is no table of hubs yet"
        return _json({"ok": ready, "checks": {"table": outcome}}, status=200 if ready else 503)

    def _metrics(self) -> Reply:
        counters = self.front.counters
        figures = counters.figures if self.front.options.redis else None
        body = metrics.page(self.front.table, counters.totals(), self.front.clock(), figures)
        return Reply(200, [(b"content-type", metrics.CONTENT_TYPE), (b"cache-control", b"no-store")], body)

    def _active_hosts(self) -> Reply:
        table = self.front.table
        hubs = () if table is None else table.in_rotation
        return _json({"active_hosts": {hub.key: _described(hub) for hub in hubs}})

    def _badge(self, scope: Scope, name: bytes) -> Reply:
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        return Reply(301, [(b"location", self.front.options.badge_url.rstrip("/").encode() + name + query)])


_PREFLIGHT: Final[Headers] = [
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-max-age", PREFLIGHT_AGE),
    (b"allow", b"GET, HEAD, OPTIONS"),
]


_UNAVAILABLE: Final = Reply(
    503,
    [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"%d" % RETRY_AFTER),
        *_CORS_HEADERS,
    ],
    UNAVAILABLE,
)


def _target(scope: Scope) -> bytes:
    query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"]
    return path + b"?" + query if query else path


def _parsed(answer: bytes) -> Reply:
    """The protocol's bytes as an ASGI reply: written once, in one place."""
    status_line, *lines = answer.removesuffix(b"\r\n\r\n").split(b"\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    return Reply(int(status_line.split(b" ", 2)[1]), headers)


def _too_long(scope: Scope) -> Reply | None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        return _text(414, b"This address is too long.\n", _CLOSE)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEAD:
        return _text(431, b"The headers of this request are too long.\n", _CLOSE)
    return None


def _only(methods: Sequence[str], scope: Scope) -> Reply | None:
    if scope["method"] in methods:
        return None
    return _text(405, b"This address does not take that method.\n", (b"allow", ", ".join(methods).encode()))


def _text(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, [(b"content-type", b"text/plain; charset=utf-8"), *headers], body)


def _json(data: object, status: int = 200) -> Reply:
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"cache-control", b"no-store")]
    return Reply(status, headers, json.dumps(data).encode())


def _described(hub: Hub) -> dict[str, Any]:
    weight = hub.effective_weight
    return {
        "prime": hub.prime,
        "url": hub.url,
        "weight": int(weight) if weight == int(weight) else weight,
        "health": hub.health,
        "versions": hub.versions,
    }

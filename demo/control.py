"""The switchboard of the demo hubs: what each is doing, and a switch for each. On loopback, for development."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from demo.hub import Mode, SimulatedHub

LONGEST_PAUSE = 60.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(hubs: Mapping[str, SimulatedHub]) -> web.Application:
    """`GET /control` says how each hub is; `POST /control/<key>` with JSON `{"mode": …, "seconds": …}` switches one."""

    async def show(_request: web.Request) -> web.Response:
        return web.json_response({"modes": list(Mode), "hubs": [hub.state() for hub in hubs.values()]})

    async def switch(request: web.Request) -> web.Response:
        hub = hubs.get(request.match_info["key"])
        if hub is None:
            return _complain(404, f"there is no demo hub {request.match_info['key']!r}; there are {', '.join(hubs)}")
        try:
            mode, seconds = _position(await request.json())
            await hub.switch(mode, seconds)
        except ValueError as error:
            return _complain(400, str(error))
        except OSError as error:
            return _complain(409, f"{hub.url} cannot be opened again: {error.strerror}")
        return web.json_response(hub.state())

    app = web.Application(middlewares=[_from_here_only], client_max_size=10_000)
    app.add_routes([web.get("/control", show), web.post("/control/{key}", switch)])
    return app


@web.middleware
async def _from_here_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a page elsewhere that makes a browser on this machine ask: by name (rebinding) or with a plain form."""
    host = request.url.host or ""
    if host != "localhost" and not _is_loopback(host):
        return _complain(403, "the demo hubs are switched from this machine only")
    if request.method == "POST" and request.content_type != "application/json":
        return _complain(415, "send JSON")
    return await handler(request)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _position(data: object) -> tuple[Mode, float]:
    if not isinstance(data, dict):
        raise ValueError('send an object like {"mode": "slow", "seconds": 3}')
    try:
        mode, seconds = Mode(str(data.get("mode"))), float(data.get("seconds", 3.0))
    except (TypeError, ValueError):
        raise ValueError(f"the mode is one of {', '.join(Mode)}, and seconds is a number") from None
    if not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_PAUSE:
        raise ValueError(f"seconds is between 0 and {LONGEST_PAUSE:g}")
    return mode, seconds


def _complain(status: int, words: str) -> web.Response:
    return web.json_response({"error": words}, status=status)

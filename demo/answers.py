"""How a simulated hub puts its answers: a BinderHub's headers, its event lines, and a connection that is cut."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import struct
from collections.abc import Mapping

from aiohttp import web

from demo.launches import Event

SERVER = "TornadoServer/6.6.1"
CORS = {"Access-Control-Allow-Headers": "cache-control"}
OPEN_CORS = {"Access-Control-Allow-Origin": "*", **CORS}
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def data(event: Event) -> str:
    """One event as a line of the stream."""
    return f"data: {json.dumps(event)}\n\n"


def html(text: str, status: int = 200) -> web.Response:
    """A page."""
    headers = {"Server": SERVER, "Content-Type": "text/html; charset=UTF-8", **OPEN_CORS}
    return web.Response(status=status, body=text.encode(), headers=headers)


def tagged(text: str, content_type: str, headers: Mapping[str, str] = OPEN_CORS) -> web.Response:
    """An answer with the tag that Tornado gives to what it holds whole."""
    body = text.encode()
    tag = hashlib.sha1(body, usedforsecurity=False).hexdigest()
    return web.Response(
        body=body, headers={"Server": SERVER, "Content-Type": content_type, **headers, "Etag": f'"{tag}"'}
    )


async def reset(request: web.BaseRequest) -> web.StreamResponse:
    """Cut the connection with a reset instead of an answer."""
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()
    # The lost connection cancels this handler.
    await asyncio.Event().wait()
    raise AssertionError("unreachable")

"""One worker: serves the listening socket it was born with, by the newest view in the mailbox."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import structlog
import uvicorn
import uvloop

from routing.redirector.app import App
from routing.redirector.front import Front
from routing.redirector.mailbox import Mailbox
from routing.redirector.options import Options
from routing.redirector.protocol import RedirectProtocol
from routing.redirector.proxy import Proxy

KEEP_ALIVE: Final = 75  # seconds; more than the 60 that proxies before us keep an idle connection
BACKLOG: Final = 2048
HANDSHAKE: Final = 0.2  # seconds for connections that have begun to be made when the server stops listening
FIRST_VIEW_WITHIN: Final = 2.0  # seconds to wait for a table before the first request is let in

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn's server, with our clock, our signals, and an end that loses no request."""

    def __init__(self, config: uvicorn.Config, front: Front, mailbox: Mailbox, keep_alive: int = KEEP_ALIVE) -> None:
        super().__init__(config)
        self.front = front
        self.keep_alive = keep_alive
        self._mailbox = mailbox
        self._taken = 0

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the worker's business, not uvicorn's: it would raise them again at the end."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: a newer view? what was redirected? Once a second: the clock, and slow clients."""
        self.look_for_view()
        self.front.sightings.count()
        if counter % 10 == 0:
            self.front.sightings.pass_on()
            self.front.tick()
            for connection in list(self.server_state.connections):
                cast(RedirectProtocol, connection).expire(self.keep_alive)
        return self.should_exit

    def look_for_view(self) -> bool:
        """Install the newest view if it is not in use yet; whatever is wrong with it, the old table stays."""
        newest = self._mailbox.number
        if newest == self._taken:
            return False
        try:
            view = self._mailbox.take(newest)
            if view is None:
                return False
            self._taken = newest
            self.front.install(view)
        except Exception:
            self._taken = newest
            log.exception("a new table could not be built; the one before stays in use")
        return True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, answer what came before, and let the connections end."""
        self.front.draining = True
        await asyncio.sleep(HANDSHAKE)
        waiting = [each.dup() for each in sockets or []]
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        await asyncio.sleep(0)  # uvloop lets go of the socket in its next round
        for listener in waiting:
            await self._accept_waiting(listener)
        await super().shutdown()
        self.front.sightings.count()
        self.front.sightings.pass_on()

    async def _accept_waiting(self, listener: socket.socket) -> None:
        """Connections the kernel has made for us already must not be lost."""
        listener.setblocking(False)
        accepted = []
        with listener, contextlib.suppress(BlockingIOError, OSError):
            while True:
                accepted.append(listener.accept()[0])
        loop = asyncio.get_running_loop()
        for each in accepted:
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(
                    lambda: RedirectProtocol(self.config, self.server_state, {}, loop), each
                )


def configuration(app: App, options: Options) -> uvicorn.Config:
    """uvicorn's settings for the redirector."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return uvicorn.Config(
        cast(Any, app),
        http=RedirectProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=math.ceil(options.graceful_timeout),
    )


def run(front: Front, listener: socket.socket, mailbox: Mailbox, lifeline: int) -> None:
    """Serve until told to stop, or until nobody is left who could tell: then `lifeline` comes to its end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(front, listener, mailbox, lifeline))


async def _run(front: Front, listener: socket.socket, mailbox: Mailbox, lifeline: int) -> None:
    forward = Proxy(front.options) if front.options.proxy else None
    app = App(front, forward)
    server = Server(configuration(app, front.options), front, mailbox)
    stop_when_told(server.stop, lifeline)
    await _first_view(server)
    if forward is not None:
        await forward.start()
    try:
        await server.serve(sockets=[listener])
    finally:
        if forward is not None:
            await forward.close()


def stop_when_told(stop: Callable[[], object], lifeline: int) -> None:
    """Call `stop` at SIGTERM, or when the supervisor is gone. SIGINT is for the supervisor: terminals tell us all."""
    loop = asyncio.get_running_loop()

    def cut() -> None:
        loop.remove_reader(lifeline)
        stop()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_reader(lifeline, cut)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # blocked since before the fork


async def _first_view(server: Server) -> None:
    """Known state first: let nobody in before the table is there, unless it takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + FIRST_VIEW_WITHIN
    while server.front.table is None and loop.time() < deadline and not server.should_exit:
        server.look_for_view()
        await asyncio.sleep(0.01)

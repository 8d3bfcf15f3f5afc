"""The worker's server in a thread of the test, and a client that sees every byte."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from routing.redirector.app import App
from routing.redirector.front import Front
from routing.redirector.listening import bind
from routing.redirector.mailbox import Mailbox
from routing.redirector.worker import Server, configuration

PATIENCE = 10.0


class Reference(HttpToolsProtocol):
    """uvicorn's own way for everything: what the short cut must not differ from."""

    def expire(self, keep_alive: int) -> None:
        pass


class Held:
    """Stands for the proxy: answers with the path, and those under /held/ only after `release`."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.bodies: list[bytes] = []
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any, hubs: Sequence[Any]) -> None:
        self._loop = asyncio.get_running_loop()
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        self.arrived.release()
        if scope["raw_path"].startswith(b"/held/"):
            await self._released.wait()
        answer = scope["raw_path"] + b" " + body
        headers = [(b"content-length", b"%d" % len(answer)), (b"date", b"x")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def release(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._released.set)


class Serving:
    """One running server."""

    def __init__(
        self, front: Front, *, forward: Any = None, protocol: Any = None, keep_alive: int = 75, proxy: bool = True
    ) -> None:
        self.front = front
        self.forward = forward or Held()
        self.mailbox = Mailbox()
        config = configuration(App(front, self.forward if proxy else None), front.options)
        if protocol is not None:
            config.http = protocol
        self.server = Server(config, front, self.mailbox, keep_alive)
        self.listener = bind("127.0.0.1", 0)
        self.port: int = self.listener.getsockname()[1]
        self.listener.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.server.serve(sockets=[self.listener]))

    def start(self) -> Serving:
        self._thread.start()
        wait_until(lambda: self.server.started, "the server has started")
        return self

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def __enter__(self) -> Serving:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def connected(self) -> Any:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield client

    def say(self, *pieces: bytes) -> bytes:
        """Everything the server sends until it closes the connection."""
        with self.connected() as client:
            for piece in pieces:
                try:
                    client.sendall(piece)
                except (BrokenPipeError, ConnectionResetError):
                    break
            return read_to_end(client)

    def get(self, target: str, *headers: str, method: str = "GET") -> tuple[int, list[tuple[str, str]], bytes]:
        lines = [f"{method} {target} HTTP/1.1", "Host: example.org", *headers, "Connection: close", "", ""]
        return parse(self.say("\r\n".join(lines).encode()))


def read_to_end(client: socket.socket) -> bytes:
    received = bytearray()
    while True:
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            return bytes(received)
        if not piece:
            return bytes(received)
        received += piece


def read_until(client: socket.socket, ending: bytes) -> bytes:
    received = b""
    while not received.endswith(ending):
        piece = client.recv(65536)
        assert piece, f"the server closed after {received!r}"
        received += piece
    return received


def parse(response: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    head, _, body = response.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return int(status.split(" ")[1]), headers, body


def wait_until(condition: Any, what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)

"""Keeps the processes of `make run`: starts them, merges what they say, starts again what ends, ends all in order."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dev.guard import Guard
from dev.server import Server, ServerError
from dev.terminal import Terminal

STOP_SECONDS = 10.0
# Long enough to see with one's own eyes that redirects go on without it.
SERVER_PAUSE_SECONDS = 20.0
# A process becomes the part when the guard knows it; if we are killed before that, its input ends and so does it.
WHEN_TOLD = ("sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")
# Advice to administrators of large servers, which would only worry somebody who tries this out.
NOISE = re.compile("Memory overcommit must be enabled")
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0


@dataclass(frozen=True)
class Part:
    """A process of the federation: a module or program of the environment, with its arguments."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """All parts and servers of one run."""

    def __init__(self, terminal: Terminal, guard: Guard) -> None:
        self._terminal = terminal
        self._guard = guard
        self._servers: list[Server] = []
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start_server(self, server: Server) -> None:
        """Start it, and from then on start it again some time after it died. Raises ServerError if it cannot start."""
        server.guard = self._guard
        at = server.log.stat().st_size if server.log.exists() else 0
        self._tasks.append(asyncio.create_task(self._follow(server, at)))
        await self._start(server)
        self._servers.append(server)
        self._tasks.append(asyncio.create_task(self._keep_server(server)))

    def start(self, part: Part) -> None:
        """Start it, and start it again whenever it ends."""
        self._tasks.append(asyncio.create_task(self._keep(part)))

    async def run(self, part: Part) -> int:
        """Run it once, to its end; its exit status. Cancelled, it ends the process by force."""
        process, relay = await self._spawn(part)
        self._running[part.name] = process
        try:
            return await process.wait()
        finally:
            _end_group(process.pid)
            self._guard.forget(process.pid)
            del self._running[part.name]
            await asyncio.wait([relay], timeout=1)
            relay.cancel()

    async def _spawn(self, part: Part) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
        # Pipes of our own: with asyncio's, a child that the process leaves behind would keep wait() waiting.
        output, child_output = os.pipe()
        child_go, go = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *WHEN_TOLD,
                *part.command,
                stdin=child_go,
                stdout=child_output,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **part.environment},
                # Ctrl-C must reach us only: we end the parts in order.
                start_new_session=True,
            )
            relay = asyncio.create_task(self._relay(part.name, output))
            self._guard.watch(process.pid)
            with suppress(BrokenPipeError):
                os.write(go, b"go\n")
            return process, relay
        finally:
            for each in (child_output, child_go, go):
                os.close(each)

    async def stop(self) -> None:
        """End the parts, then the servers, the last started first. Nothing of ours is left afterwards."""
        self._stopping = True
        await asyncio.gather(*(self._end(process) for process in list(self._running.values())))
        for server in reversed(self._servers):
            await asyncio.to_thread(server.stop)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, part: Part) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping:
            began = time.monotonic()
            status = await self.run(part)
            if self._stopping:
                return
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._terminal.say(f"{part.name} {_ended(status)}; the others go on. It starts again in {pause:.0f} s.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _start(self, server: Server) -> None:
        starting = asyncio.ensure_future(asyncio.to_thread(server.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Ctrl-C in the middle of a start: finish it, to end the server as one that runs.
            with suppress(ServerError):
                await starting
                server.stop()
            raise
        if server.ended_leftover:
            self._terminal.say(
                f"Ended the {server.name} that an earlier run had left behind ({server.ended_leftover})."
            )
            server.ended_leftover = None

    async def _keep_server(self, server: Server) -> None:
        pid = server.pid
        while not self._stopping:
            await asyncio.sleep(0.3)
            if server.is_running():
                continue
            self._guard.forget(pid)
            back = f"It starts again in {SERVER_PAUSE_SECONDS:.0f} s."
            self._terminal.say(f"{server.name} (process {pid}) ended; the others go on without it. {back}")
            await asyncio.sleep(SERVER_PAUSE_SECONDS)
            try:
                await self._start(server)
            except ServerError as error:
                self._terminal.say(str(error))
            else:
                pid = server.pid
                self._terminal.say(f"{server.name} is back.")

    async def _relay(self, name: str, reader: int) -> None:
        stream = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(stream)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(reader, "rb"))
        rest = b""
        try:
            while chunk := await stream.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._terminal.line(name, line.decode(errors="replace").rstrip())
            if rest:
                self._terminal.line(name, rest.decode(errors="replace"))
        finally:
            transport.close()

    async def _follow(self, server: Server, at: int) -> None:
        """Show what the server writes to its log; a file, so that it can go on writing whatever happens to us."""
        while True:
            await asyncio.sleep(0.25)
            with suppress(OSError):
                said = _read_from(server.log, at)
                whole, newline, _ = said.rpartition(b"\n")
                at += len(whole + newline)
                for line in whole.decode(errors="replace").splitlines():
                    if not NOISE.search(line):
                        self._terminal.line(server.name.lower(), line)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            _end_group(process.pid)
            await process.wait()
        _end_group(process.pid)


def python(*arguments: str) -> list[str]:
    """A command that runs a module with this environment's Python."""
    return [sys.executable, *arguments]


def _end_group(pid: int) -> None:
    """A process that was killed leaves its children behind; they must not stay."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _ended(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"


def _read_from(path: Path, at: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read()

"""The demo federation's hubs in one process: `python -m demo.hubs`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from types import TracebackType

from aiohttp import web

from demo.control import application
from demo.hub import HubOptions, Mode, SimulatedHub

PORT = 8090
HUBS = (
    HubOptions("heron", "Heron", quota=200),
    HubOptions("otter", "Otter", quota=120),
    HubOptions("marten", "Marten", quota=90),
)


class PortTaken(RuntimeError):
    """Another program has the port; the text is one sentence for a person."""


class DemoHubs:
    """The hubs and their switchboard: the control API on `port`, the hubs on the ports after it (all free ones for 0).

    As a context manager it runs in a thread of its own, for tests; `run` is for a process of its own.
    """

    def __init__(self, port: int = 0, options: Sequence[HubOptions] = HUBS) -> None:
        ports = [port + number if port else 0 for number in range(1, len(options) + 1)]
        self.port = port
        self._options = list(zip(options, ports, strict=True))
        self.hubs: dict[str, SimulatedHub] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._control: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the switchboard is: the value for DEMO_HUBS_URL."""
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Open all ports; raises PortTaken, with nothing left open."""
        self.hubs = {options.key: SimulatedHub(options, port) for options, port in self._options}
        self._control = web.AppRunner(application(self.hubs), access_log=None, shutdown_timeout=0.5)
        await self._control.setup()
        site = web.TCPSite(self._control, "127.0.0.1", self.port, reuse_address=True)
        taken = self.url
        try:
            await site.start()
            for hub in self.hubs.values():
                taken = hub.url
                await hub.start()
        except OSError as error:
            await self.close()
            raise PortTaken(f"The demo hubs need {taken}, but it cannot be used: {error.strerror}.") from error
        self.port = site.port

    async def close(self) -> None:
        """Close all ports."""
        for hub in self.hubs.values():
            await hub.stop()
        if self._control is not None:
            await self._control.cleanup()

    async def run(self) -> None:
        """Open, say where everything is, and stay until SIGINT or SIGTERM."""
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await self.open()
        for hub in self.hubs.values():
            print(f"{hub.options.name:8} {hub.url}", flush=True)
        print(f"control  {self.url}/control", flush=True)
        await stopped.wait()
        await self.close()

    # In a thread, for tests

    def __enter__(self) -> DemoHubs:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo-hubs", daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.open(), self._loop).result(10)
        except PortTaken:
            self._end_thread()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self.close(), self._loop).result(10)
        self._end_thread()

    def _end_thread(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def switch(self, key: str, mode: Mode | str, seconds: float = 3.0) -> None:
        """Switch a hub of the thread's, and return when it is done."""
        assert self._loop is not None
        done = asyncio.run_coroutine_threadsafe(self.hubs[key].switch(Mode(mode), seconds), self._loop)
        done.result(10)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.hubs", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=PORT, help="of the control API; the hubs take the ports after it (default 8090)"
    )
    parser.add_argument("--pace", type=float, default=1.0, help="stretches the times of a launch; 0 is instant")
    arguments = parser.parse_args(argv)
    # A caller that writes bad HTTP or hangs up is a part of the game, not of the terminal.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    hubs = [HubOptions(each.key, each.name, each.quota, arguments.pace) for each in HUBS]
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(DemoHubs(arguments.port, hubs).run())
    except PortTaken as taken:
        print(taken, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

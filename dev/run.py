"""`make run`: the whole federation on this machine, in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dev.guard import Guard
from dev.ports import LOOPBACK
from dev.server import Server, ServerError
from dev.servers import Postgres, Valkey
from dev.state import Refusal, State, port
from dev.supervisor import Part, Supervisor, python
from dev.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0
SERVERS: dict[str, type[Server]] = {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}


@dataclass(frozen=True)
class Ports:
    """Where people find things."""

    portal: int
    redirector: int
    # The switchboard of the simulated hubs; the hubs have the ports after it.
    hubs: int

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Ports:
        """From the environment; Refusal if one cannot be had."""
        return cls(
            port("PORTAL_PORT", 8000, environ),
            port("REDIRECTOR_PORT", 8080, environ),
            port("DEMO_HUBS_PORT", 8090, environ, count=4),
        )


def first_parts(ports: Ports, directory: Path) -> list[Part]:
    """What answers people; it starts while the database is prepared."""
    portal = f"granian --interface wsgi --host {LOOPBACK} --port {ports.portal} --blocking-threads 4 --no-ws".split()
    redirector = ["--host", LOOPBACK, "--port", str(ports.redirector), "--redis", os.environ["REDIS_URL"]]
    # Visitors wait for launches; nobody who presses Ctrl-C here waits for them.
    options = ["--cache", str(directory / "snapshot.json"), "--graceful-timeout", "2"]
    return [
        Part("portal", python("-m", *portal, "federation.wsgi:application")),
        Part("redirector", python("-m", "routing.redirector", *redirector, *options)),
        Part("hubs", python("-m", "demo.hubs", "--port", str(ports.hubs))),
    ]


def later_parts(ports: Ports, directory: Path) -> list[Part]:
    """What works behind the pages, or visits them."""
    # Root in a terminal of a developer is no danger that Celery must warn of.
    celery = python("-W", "ignore:You're running the worker:", "-m", "celery", "--quiet", "-A", "federation")
    # Celery tells of every task that comes and goes, which is too much for one terminal.
    quiet = {"LOG_LEVEL": os.environ.get("LOG_LEVEL") or "WARNING"}
    return [
        Part("worker", [*celery, "worker", "--without-mingle"], quiet),
        Part("beat", [*celery, "beat", "--pidfile=", f"--schedule={directory / 'beat-schedule'}"], quiet),
        Part("visitors", python("-m", "demo.visitors", "--redirector", f"http://{LOOPBACK}:{ports.redirector}")),
    ]


def set_environment(ports: Ports, directory: Path) -> None:
    """What every part finds in its environment."""
    os.environ.update(
        PYTHONUNBUFFERED="1",
        PYTHONPATH=str(ROOT),
        DJANGO_SETTINGS_MODULE="federation.settings",
        FEDERATION_MODE="development",
        ALLOW_PRIVATE_HUBS="1",
        PORTAL_PUBLIC_URL=f"http://{LOOPBACK}:{ports.portal}",
        REDIRECTOR_PUBLIC_URL=f"http://{LOOPBACK}:{ports.redirector}",
        DEMO_HUBS_URL=f"http://{LOOPBACK}:{ports.hubs}",
        DEV_MAILBOX=str(directory / "mail"),
    )


async def answers(at: int, path: str) -> bool:
    """Whether there is a page."""

    def ask() -> int:
        connection = http.client.HTTPConnection(LOOPBACK, at, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status
        return 0

    return await asyncio.to_thread(ask) == http.HTTPStatus.OK


async def wait_for_pages(ports: Ports) -> bool:
    """Until the portal and the redirector answer, at most READY_SECONDS; whether they do."""
    deadline = time.monotonic() + READY_SECONDS
    for at, path in ((ports.portal, "/"), (ports.redirector, "/readyz")):
        while not await answers(at, path):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.1)
    return True


async def start(supervisor: Supervisor, ports: Ports, state: State, terminal: Terminal) -> None:
    """Start everything and say so when it works."""
    began = time.monotonic()
    servers = [(name, kind(state.directory)) for name, kind in SERVERS.items() if not os.environ.get(name)]
    for name, server in servers:
        await supervisor.start_server(server)
        os.environ[name] = server.url
    for part in first_parts(ports, state.directory):
        supervisor.start(part)
    password = state.password()
    prepare = Part("prepare", python("-m", "dev.prepare"), {"DEMO_PASSWORD": password})
    if await supervisor.run(prepare):
        raise Refusal("The database could not be prepared; the lines above say why.")
    answered = await wait_for_pages(ports)
    for part in later_parts(ports, state.directory):
        supervisor.start(part)
    if not answered:
        terminal.say("The first page does not answer yet; the lines above may say why.")
        return
    processes = "".join(f"  {server.name:<11} process {server.pid}\n" for _, server in servers)
    terminal.say(
        f"""
Ready after {time.monotonic() - began:.1f} s.
  Portal      http://{LOOPBACK}:{ports.portal}
  Office      http://{LOOPBACK}:{ports.portal}/admin/   be “maintainer” with one click, or with the password {password}
  Redirector  http://{LOOPBACK}:{ports.redirector}/build/gh/binder-examples/requirements/HEAD
  Demo hubs   http://{LOOPBACK}:{ports.portal}/dev/hubs/   break one with a click
  Mail        http://{LOOPBACK}:{ports.portal}/dev/mail/   every letter that was sent
  State       {state.directory}
{processes}Ctrl-C ends it; the data stays.
"""
    )


async def until_stopped(supervisor: Supervisor, ports: Ports, state: State, terminal: Terminal) -> None:
    """Run until somebody wants it to end, then end everything."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.create_task(start(supervisor, ports, state, terminal))
    wanted = [asyncio.create_task(stop.wait()), asyncio.create_task(orphaned())]
    try:
        await asyncio.wait([starting, *wanted], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await asyncio.wait(wanted, return_when=asyncio.FIRST_COMPLETED)
        terminal.say("Ending everything …")
    finally:
        for task in (starting, *wanted):
            task.cancel()
        await asyncio.gather(starting, *wanted, return_exceptions=True)
        await supervisor.stop()
    terminal.say("Everything has ended.")


async def orphaned() -> None:
    """Return when the `make` that started us is killed, which tells us nothing otherwise."""
    parent = os.getppid()
    while os.getppid() == parent or "MAKELEVEL" not in os.environ:
        await asyncio.sleep(1)


def main() -> int:
    """The command; its exit status."""
    terminal = Terminal()
    try:
        state = State(Path(os.environ.get("FEDERATION_STATE_DIR") or ROOT / ".local").absolute())
        state.open(terminal.say)
        ports = Ports.of(os.environ)
        set_environment(ports, state.directory)
        with Guard(keep_open=state.lock, record=state.processes) as guard:
            asyncio.run(until_stopped(Supervisor(terminal, guard), ports, state, terminal))
    except (Refusal, ServerError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

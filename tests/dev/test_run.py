"""`make run`, for real: everything starts, answers, survives what a tester does to it, and ends without a trace."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev.ports import LOOPBACK, is_taken
from tests.dev.conftest import processes_of

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
LAUNCH = "/build/gh/binder-examples/requirements/HEAD"


def answer(port, path):
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers.get("Location", "")
    finally:
        connection.close()


def is_launch(answered):
    status, location = answered
    return status == 307 and location.startswith(f"http://{LOOPBACK}:") and location.endswith(LAUNCH)


def free_row(count):
    """The first of some ports in a row that are all free; below those that the system gives to others."""
    starts = range(20000 + os.getpid() % 1000 * 10, 32000, 10)
    return next(start for start in starts if not any(map(is_taken, range(start, start + count))))


class Federation:
    """A `make run` without the make, on ports and in a place of its own."""

    def __init__(self, state):
        self.state = state
        self.portal = free_row(6)
        self.redirector = self.portal + 1
        kept = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "MAKELEVEL"}
        }
        self.environment = kept | {
            "PORTAL_PORT": str(self.portal),
            "REDIRECTOR_PORT": str(self.redirector),
            "DEMO_HUBS_PORT": str(self.portal + 2),
            "FEDERATION_STATE_DIR": str(state),
        }
        self.log = state.with_suffix(".log")
        self.process = None

    def start(self):
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "dev.run"]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def says(self, pattern):
        """Wait for words; the match."""
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.log.read_text())):
            assert time.monotonic() < deadline, f"no {pattern!r} in\n{self.log.read_text()}"
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        return found

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@pytest.fixture
def federation(tmp_path):
    running = Federation(tmp_path / "state")
    yield running
    if running.process and running.process.poll() is None:
        running.end(signal.SIGTERM)


@pytest.mark.slow
def test_federation_runs_survives_its_servers_and_ends_without_a_trace(federation):
    federation.start()
    federation.says("Ctrl-C ends it")
    assert answer(federation.portal, "/")[0] == 200
    assert is_launch(answer(federation.redirector, LAUNCH))

    for server in ("Postgres", "Valkey"):
        os.kill(int(federation.says(rf"{server} +process (\d+)")[1]), signal.SIGKILL)
        federation.says(rf"{server} \(process \d+\) ended; the others go on without it")
    assert is_launch(answer(federation.redirector, LAUNCH))

    assert federation.end() == 0
    assert processes_of(federation.state) == []
    assert not is_taken(federation.portal)
    assert not is_taken(federation.redirector)


def test_taken_port_is_one_sentence(federation, valkey):
    federation.environment["PORTAL_PORT"] = str(valkey.port)
    federation.start()
    assert federation.process.wait(SECONDS) == 1
    said = federation.log.read_text()
    assert said.startswith(f"Port {valkey.port} is taken by another program")
    assert said.count("\n") == 1


@pytest.mark.slow
def test_killed_run_leaves_no_process_and_the_next_one_starts_at_once(federation):
    federation.start()
    federation.says("ready to accept connections")
    federation.process.kill()
    federation.process.wait()
    federation.start()
    federation.says("ready to accept connections")
    assert federation.end(signal.SIGTERM) == 0
    assert processes_of(federation.state) == []

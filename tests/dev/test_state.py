"""`make run` refuses to start with one sentence that says what to do."""

import fcntl
import os
import random
import socket
import subprocess
import sys

import pytest

from dev.state import Refusal, State, port
from tests.dev.conftest import processes_of

LOCKER = """
import fcntl, os, sys, time
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
os.pwrite(lock, sys.argv[2].encode(), 0)
print("locked", flush=True)
time.sleep(float(sys.argv[3]))
"""


@pytest.fixture
def locker(tmp_path):
    """Start a process that holds the state for some seconds on behalf of the process with that number."""
    started = []

    def lock(pid, seconds):
        command = [sys.executable, "-c", LOCKER, str(tmp_path / "run.lock"), f"{pid}\n", str(seconds)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert started[0].stdout.readline() == "locked\n"

    yield lock
    for process in started:
        process.kill()
        process.communicate()


def dead_pid():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_free_port_is_accepted(free_port):
    assert port("PORTAL_PORT", 8000, {"PORTAL_PORT": str(free_port)}) == free_port


def test_taken_port_is_named_with_its_variable(valkey):
    with pytest.raises(Refusal, match=f"Port {valkey.port} is taken by another program: .* PORTAL_PORT"):
        port("PORTAL_PORT", valkey.port, {})


@pytest.fixture
def second_taken():
    """The first of two ports in a row of which only the second is taken.

    Below the range the kernel hands out by itself, so that no other test comes in between.
    """
    for first in random.sample(range(20_000, 30_000), 100):
        try:
            with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", first + 1)) as second:
                taken = second.dup()
        except OSError:
            continue
        with taken:
            yield first
        return
    pytest.fail("no two free ports in a row")


def test_taken_port_in_a_row_is_named(second_taken):
    with pytest.raises(Refusal, match=f"Port {second_taken + 1} is taken .* DEMO_HUBS_PORT"):
        port("DEMO_HUBS_PORT", second_taken, {}, count=2)


@pytest.mark.parametrize("text", ["eighty", "0", "65536", "-1", "80.5"])
def test_nonsense_is_no_port(text):
    with pytest.raises(Refusal, match="PORTAL_PORT is a port number"):
        port("PORTAL_PORT", 8000, {"PORTAL_PORT": text})


def test_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match=r"/file/state cannot be used: .* FEDERATION_STATE_DIR"):
        State(tmp_path / "file" / "state").open(print)


def test_disk_that_is_full_is_refused_before_anything_starts(small_disk):
    with pytest.raises(Refusal, match="4 MB free, 300 are needed"):
        State(small_disk).open(print)
    assert processes_of(small_disk) == []


def test_second_run_of_the_same_state_is_refused(tmp_path, locker):
    locker(os.getpid(), 30)
    with pytest.raises(Refusal, match=rf"runs already \(process {os.getpid()}\)"):
        State(tmp_path).open(print)


def test_run_waits_until_a_killed_one_is_cleaned_up(tmp_path, locker):
    locker(dead_pid(), 0.5)
    said = []
    State(tmp_path).open(said.append)
    assert said == ["An earlier run was killed; what it left behind is being ended."]


def test_state_of_a_run_is_locked(tmp_path):
    state = State(tmp_path)
    state.open(print)
    with (tmp_path / "run.lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert (tmp_path / "run.lock").read_text() == f"{os.getpid()}\n"


def test_password_is_made_once_and_for_one_person(tmp_path):
    first = State(tmp_path).password()
    assert len(first) >= 12
    assert State(tmp_path).password() == first
    assert (tmp_path / "maintainer.password").stat().st_mode & 0o777 == 0o600

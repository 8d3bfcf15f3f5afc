"""Whoever is killed with SIGKILL still leaves nothing behind."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dev.guard import end_recorded, is_alive, is_process_of
from dev.server import wait_until

PARENT = """
import subprocess, sys, time
from pathlib import Path
from dev.guard import Guard

with Guard(remove=Path(sys.argv[1])) as guard:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True, stdout=-3)
    guard.watch(child.pid)
    if sys.argv[3:]:
        guard.forget(child.pid)
    print(child.pid, flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def parent(tmp_path):
    def start(seconds, *options):
        directory = tmp_path / "to-remove"
        directory.mkdir()
        command = [sys.executable, "-c", PARENT, str(directory), str(seconds), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return process, int(process.stdout.readline()), directory

    return start


def test_killed_parent_takes_its_processes_and_its_directory_along(parent):
    process, child, directory = parent(60)
    process.kill()
    process.communicate()
    assert wait_until(lambda: not is_alive(child), 15)
    assert wait_until(lambda: not directory.exists(), 15)


def test_parent_that_ends_well_is_not_helped(parent):
    process, child, directory = parent(0)
    process.communicate()
    assert is_alive(child)
    assert directory.exists()
    os.kill(child, signal.SIGKILL)


def test_forgotten_process_lives_on(parent):
    process, child, directory = parent(60, "forget")
    process.kill()
    process.communicate()
    assert wait_until(lambda: not directory.exists(), 15)
    assert is_alive(child)
    os.kill(child, signal.SIGKILL)


def test_recorded_process_of_this_environment_is_ended(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    record = tmp_path / "record"
    record.write_text(f"{child.pid}\n")
    # Somebody has to bury it: here that is us.
    threading.Thread(target=child.wait, daemon=True).start()
    assert wait_until(lambda: is_process_of(child.pid, Path(sys.prefix)), 5)
    assert end_recorded(record) == [child.pid]
    assert not is_alive(child.pid)
    assert not record.exists()


def test_recorded_number_that_is_another_programs_is_left_alone(tmp_path):
    stranger = subprocess.Popen(["sleep", "60"])
    record = tmp_path / "record"
    record.write_text(f"{stranger.pid}\n")
    assert end_recorded(record) == []
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()

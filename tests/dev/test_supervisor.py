"""The supervisor of `make run`: what ends comes back, what is said is shown, and in the end nothing is left."""

import asyncio
import io
import sys

import pytest

from dev import supervisor as supervising
from dev.guard import Guard, is_alive
from dev.server import wait_until
from dev.supervisor import Part, Supervisor
from dev.terminal import Terminal


class Screen(io.StringIO):
    """What a person would see."""

    async def shows(self, words, seconds=15):
        deadline = asyncio.get_running_loop().time() + seconds
        while words not in self.getvalue():
            assert asyncio.get_running_loop().time() < deadline, f"{words!r} is not in\n{self.getvalue()}"
            await asyncio.sleep(0.02)


@pytest.fixture
def screen():
    return Screen()


@pytest.fixture
def supervisor(screen, monkeypatch):
    monkeypatch.setattr(supervising, "SERVER_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(supervising, "FIRST_PAUSE_SECONDS", 0.05)
    with Guard() as guard:
        yield Supervisor(Terminal(screen), guard)


def program(name, code, **environment):
    return Part(name, [sys.executable, "-c", code], environment)


async def test_lines_say_whose_they_are(supervisor, screen):
    status = await supervisor.run(
        program("talker", "import os; print(os.environ['WORD']); print('no newline', end='')", WORD="hello")
    )
    assert status == 0
    assert screen.getvalue() == "talker     | hello\ntalker     | no newline\n"


async def test_part_that_ends_starts_again(supervisor, screen):
    supervisor.start(program("weak", "import os, sys; print('as', os.getpid(), flush=True); sys.exit(3)"))
    await screen.shows("weak ended with status 3; the others go on. It starts again in")
    await screen.shows("weak ended with status 3; the others go on. It starts again in 0 s.\nweak       | as")
    await supervisor.stop()


async def test_killed_part_is_named_with_its_signal(supervisor, screen):
    supervisor.start(program("victim", "import os; os.kill(os.getpid(), 9)"))
    await screen.shows("victim was ended by SIGKILL")
    await supervisor.stop()


async def test_stop_ends_parts_and_their_children(supervisor, screen):
    code = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print('child', child.pid, flush=True); time.sleep(60)"
    )
    supervisor.start(program("family", code))
    await screen.shows("child ")
    child = int(screen.getvalue().split()[-1])
    await supervisor.stop()
    assert wait_until(lambda: not is_alive(child), 5)


async def test_part_whose_children_outlive_it_starts_again(supervisor, screen):
    code = (
        "import os, subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print('child', child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    supervisor.start(program("family", code))
    await screen.shows("family was ended by SIGKILL")
    orphan = int(screen.getvalue().split("child ")[1].split()[0])
    assert wait_until(lambda: not is_alive(orphan), 5)
    await supervisor.stop()


async def test_part_that_does_not_listen_is_ended_by_force(supervisor, screen, monkeypatch):
    monkeypatch.setattr(supervising, "STOP_SECONDS", 0.2)
    deaf = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    code = f"{deaf} print(os.getpid(), flush=True); time.sleep(60)"
    supervisor.start(program("deaf", code))
    await screen.shows("\n")
    await supervisor.stop()
    assert not is_alive(int(screen.getvalue().split()[-1]))


async def test_killed_server_comes_back_and_the_person_is_told(supervisor, screen, valkey):
    await supervisor.start_server(valkey)
    first = valkey.pid
    valkey._process.kill()
    await screen.shows(f"Valkey (process {first}) ended; the others go on without it.")
    await screen.shows("Valkey is back.")
    assert valkey.pid != first
    await supervisor.stop()
    assert not valkey.is_running()


async def test_overlong_lines_do_no_harm(supervisor, screen):
    await supervisor.run(program("chatty", "print('x' * 3_000_000); print('after')"))
    assert screen.getvalue().endswith("chatty     | after\n")

"""What `make run` keeps: the directory of the state, who uses it now, and what must hold before anything starts."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dev.guard import end_recorded
from dev.ports import is_taken

NEEDED_MEGABYTES = 300
LEFTOVER_SECONDS = 20.0


class Refusal(RuntimeError):
    """Why it does not start, as one sentence for the person at the terminal."""


class State:
    """The directory, `.local` or FEDERATION_STATE_DIR; used by one run at a time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lock = -1
        self.processes = directory / "run.processes"

    def open(self, say: Callable[[str], object]) -> None:
        """Make it ours; Refusal if it cannot be written, is full, or is another run's."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.lock = os.open(self.directory / "run.lock", os.O_RDWR | os.O_CREAT, 0o644)
            self._take_lock(say)
        except OSError as error:
            raise Refusal(f"{self.directory} cannot be used: {error.strerror}; {HOW_TO_MOVE}.") from error
        ended = end_recorded(self.processes)
        if ended:
            say(f"An earlier run was killed; ended {len(ended)} processes that it had left behind.")
        free = shutil.disk_usage(self.directory).free // 1_000_000
        if free < NEEDED_MEGABYTES:
            raise Refusal(
                f"{self.directory} has {free} MB free, {NEEDED_MEGABYTES} are needed: make room, or {HOW_TO_MOVE}."
            )

    def _take_lock(self, say: Callable[[str], object]) -> None:
        deadline = time.monotonic() + LEFTOVER_SECONDS
        told = False
        while True:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                self._refuse_if_used(time.monotonic() > deadline)
            if not told:
                say("An earlier run was killed; what it left behind is being ended.")
                told = True
            time.sleep(0.1)
        os.truncate(self.lock, 0)
        os.pwrite(self.lock, b"%d\n" % os.getpid(), 0)

    def _refuse_if_used(self, late: bool) -> None:
        """The guard of a run that was killed holds the lock a little longer: then, and only then, waiting helps."""
        pid = int(os.pread(self.lock, 20, 0).strip() or b"0")
        if late or is_alive(pid):
            raise Refusal(
                f"The federation of {self.directory} runs already (process {pid}): end it first, or {HOW_TO_MOVE}."
            )

    def password(self) -> str:
        """The maintainer's first password, made once."""
        path = self.directory / "maintainer.password"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(12) + "\n")
        except FileExistsError:
            pass
        return path.read_text().strip()


HOW_TO_MOVE = "name another directory in FEDERATION_STATE_DIR"


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return pid > 0


def port(name: str, default: int, environ: Mapping[str, str], count: int = 1) -> int:
    """The port in the variable `name`; Refusal if it is none, or it or one of the next `count - 1` is taken."""
    text = environ.get(name) or str(default)
    if not (text.isdecimal() and 0 < int(text) <= 65535):
        raise Refusal(f"{name} is a port number, not {text!r}.")
    taken = next((each for each in range(int(text), int(text) + count) if is_taken(each)), None)
    if taken:
        raise Refusal(f"Port {taken} is taken by another program: end it, or name another port in {name}.")
    return int(text)

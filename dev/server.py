"""What every server of ours is: a process in a directory, started until it answers, stopped, killed, started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from dev.guard import Guard, is_process_of
from dev.ports import free_port
from dev.unprivileged import NotPermittedError

START_SECONDS = 30.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
PORT_TAKEN = re.compile("Address already in use|Failed listening on port")


class ServerError(RuntimeError):
    """The server did not start; the message is one sentence for the person at the terminal."""


class Server(ABC):
    """A server process in a directory; stop() and start() again keep its port and its data."""

    name: str

    def __init__(self, directory: Path, port: int = 0, *, durable: bool = True, guard: Guard | None = None) -> None:
        """`durable=False` trades the safety of the data for speed; `guard` ends the server if we are killed."""
        self.directory = directory.absolute()
        self.durable = durable
        self.guard = guard
        self.ended_leftover: int | None = None
        self._port = port
        # A port that we chose may be snatched before the first start; after it, clients know the port.
        self._port_is_settled = bool(port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where it listens; chosen on first use if none was given."""
        self._port = self._port or free_port()
        return self._port

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise ServerError(f"{self.name} is not running.")
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file that has what the server said."""
        return self.directory / f"{self.name.lower()}.log"

    @property
    @abstractmethod
    def url(self) -> str:
        """What clients connect to."""

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start and return when the server answers. A leftover of an earlier run in this directory is ended first."""
        if self.is_running():
            return self
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._prepare()
            deadline = time.monotonic() + START_SECONDS
            while not self._started(deadline):
                time.sleep(0.2)
        except NotPermittedError as error:
            raise ServerError(str(error)) from error
        except OSError as error:
            raise ServerError(f"{self.name} cannot use {self.directory}: {error.strerror or error}.") from error
        return self

    def stop(self) -> None:
        """End it in good order; by force if it does not obey. Nothing happens if it is not running."""
        if self._process is None:
            return
        if not self._ended_by(self._stop_signal(), STOP_SECONDS):
            self._ended_by(signal.SIGKILL, STOP_SECONDS)
        self._process = None

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._ended_by(signal.SIGKILL, STOP_SECONDS)
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> None:
        """Whatever must be there before the process starts."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The command line."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether clients are served."""

    def _stop_signal(self) -> signal.Signals:
        return signal.SIGTERM

    def _popen_arguments(self) -> dict[str, Any]:
        return {}

    def _is_passing(self, said: str) -> bool:
        """Whether a start that failed with these words may succeed in a moment."""
        if self._port_is_settled or not PORT_TAKEN.search(said):
            return False
        self._port = 0
        return True

    def _started(self, deadline: float) -> bool:
        """One try; False if another one may help."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                # Ctrl-C in the terminal must reach whoever started us, who then ends the servers in order.
                start_new_session=True,
                **self._popen_arguments(),
            )
        if self.guard:
            self.guard.watch(self.pid)
        while self.is_running():
            if self._answers():
                self._port_is_settled = True
                return True
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{self.name} does not answer after {START_SECONDS:.0f} s; see {self.log}.")
            time.sleep(POLL_SECONDS)
        said = self.log.read_text(errors="replace")[offset:]
        self._process = None
        if self._is_passing(said) and time.monotonic() < deadline:
            return False
        raise ServerError(f"{self.name} did not start: {last_words(said)}")

    def _ended_by(self, signal_: signal.Signals, seconds: float) -> bool:
        assert self._process is not None
        self._process.send_signal(signal_)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        if self.guard:
            self.guard.forget(self.pid)
        return True

    def _end_leftover(self, pid_file: Path, signal_: signal.Signals) -> None:
        """End the server that an earlier run left behind in this directory, and remove its stale pid file."""
        pid = _read_pid(pid_file)
        if pid is None:
            return
        if is_process_of(pid, self.directory):
            self.ended_leftover = pid
            os.kill(pid, signal_)
            if not wait_until(lambda: not is_process_of(pid, self.directory), STOP_SECONDS):
                raise ServerError(f"{self.name} of an earlier run (process {pid}) does not stop; end it and try again.")
        # The number may belong to another program by now, which must not keep the server from starting.
        pid_file.unlink(missing_ok=True)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask until it holds, at most that long; whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def last_words(said: str) -> str:
    """The line of a log that tells why it ended."""
    if "No space left on device" in said:
        return "the disk is full."
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"\b(fatal|panic|error)\b", line, re.IGNORECASE)]
    return (telling or lines or ["it said nothing."])[-1]


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None

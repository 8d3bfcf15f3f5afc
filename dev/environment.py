"""The virtual environment of the checkout: made, repaired, renewed; nothing but the standard library is needed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import venv
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements/uv.lock", "requirements/dev.lock")
NEEDED_MEGABYTES = 800


class SetupError(RuntimeError):
    """The environment could not be made; the message is one sentence for the person at the terminal."""


def set_up(root: Path = ROOT) -> int:
    """Bring the environment up to date; the exit status of the program."""
    try:
        Environment(root).update()
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; the next `make setup` starts the environment afresh.\n")
        return 130
    return 0


class Environment:
    """`.venv` in the checkout."""

    def __init__(self, root: Path, say: Callable[[str], object] = print) -> None:
        self.root = root
        self.path = root / ".venv"
        self.python = self.path / "bin" / "python"
        self._say = say
        self._stamp = self.path / ".finished"
        self._unfinished = self.path / ".unfinished"

    def update(self) -> None:
        """Do what is missing, which mostly is nothing."""
        if self.is_current():
            return
        # Two at once (`make run` here, `make test` there) would tear at each other: one waits and then finds it done.
        with (self.root / LOCKS[0]).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_current():
                self._make()

    def is_current(self) -> bool:
        """Whether it was finished by this Python with these locks."""
        try:
            return self._stamp.read_text() == self._wanted() and self.python.exists()
        except OSError:
            return False

    def _wanted(self) -> str:
        digest = hashlib.sha256()
        for lock in LOCKS:
            digest.update((self.root / lock).read_bytes())
        # The place is part of it: a checkout that was moved has the old place in its scripts.
        return "\n".join((_this_python(), str(self.root), digest.hexdigest()))

    def _make(self) -> None:
        try:
            if not self._is_usable():
                self._create()
            self._unfinished.touch()
            self._stamp.unlink(missing_ok=True)
            self._install()
            self._finish()
        except OSError as error:
            raise SetupError(f"The environment {self.path} cannot be written: {error.strerror or error}.") from error

    def _is_usable(self) -> bool:
        """Whether what is there may be kept: made here by this Python, and no installation was broken off in it."""
        if self._unfinished.exists() or not self.python.exists():
            return False
        try:
            made_by = self._stamp.read_text().splitlines()[:2]
        except OSError:
            return False
        return made_by == [_this_python(), str(self.root)]

    def _create(self) -> None:
        self._say(f"Making .venv with Python {_version()} …")
        _need_space(self.root)
        if self.path.is_symlink() or self.path.is_file():
            self.path.unlink()
        shutil.rmtree(self.path, ignore_errors=True)
        # Without pip in it: this Python's own pip can install uv into it, which saves half of the time.
        venv.EnvBuilder(symlinks=True, with_pip=False).create(self.path)

    def _pip(self) -> list[str | Path]:
        """A pip that installs into the environment: this Python's, else a new one in there."""
        if find_spec("pip"):
            return [sys.executable, "-m", "pip", "--python", self.python]
        if not find_spec("ensurepip"):
            self._install_ensurepip()
        self._run([self.python, "-m", "ensurepip"], {}, output=subprocess.DEVNULL)
        return [self.python, "-m", "pip"]

    def _install_ensurepip(self) -> None:
        """Debian keeps it in a package of its own."""
        package = f"python3.{sys.version_info.minor}-venv"
        apt = shutil.which("apt-get")
        if not apt or os.geteuid() != 0:
            raise SetupError(f"This Python cannot make environments: install {package}, as in `apt install {package}`.")
        self._say(f"Installing Debian's {package}, without which this Python cannot make environments …")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in ([apt, "-qq", "update"], [apt, "-qq", "install", "--no-install-recommends", "-y", package]):
            if subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode:
                raise SetupError(f"Debian's {package} could not be installed; try `apt install {package}` yourself.")

    def _install(self) -> None:
        uv = self.path / "bin" / "uv"
        if not uv.exists():
            quietly = ["-qq", "--no-input", "--disable-pip-version-check", "--require-hashes"]
            bootstrap = [*self._pip(), "install", *quietly, "-r", "requirements/uv.lock"]
            self._run(bootstrap, {"PIP_ROOT_USER_ACTION": "ignore"})
        self._say("Installing the locked dependencies …")
        command: list[str | Path] = [
            uv,
            "pip",
            "sync",
            "--quiet",
            "--require-hashes",
            "--python",
            self.python,
            "requirements/dev.lock",
        ]
        self._run(command, _uv_environment())

    def _finish(self) -> None:
        # Programs in .venv/bin, pytest among them, find the checkout's packages by this.
        for packages in self.path.glob("lib/python*/site-packages"):
            (packages / "_checkout.pth").write_text(f"{self.root}\n")
        self._stamp.write_text(self._wanted())
        self._unfinished.unlink()

    def _run(self, command: list[str | Path], extra: dict[str, str], output: int | None = None) -> None:
        environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        done = subprocess.run(command, check=False, cwd=self.root, env={**environment, **extra}, stdout=output)
        if done.returncode:
            _need_space(self.root, but_for="The dependencies could not be installed: ")
            raise SetupError("The dependencies could not be installed; the lines above say why. Is there a network?")


def _this_python() -> str:
    return f"{_version()} {os.path.realpath(sys.base_prefix)}"


def _version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _need_space(root: Path, but_for: str = "") -> None:
    free = shutil.disk_usage(root).free // 1_000_000
    if free < (NEEDED_MEGABYTES if not but_for else 100):
        raise SetupError(f"{but_for}{free} MB are free in {root}, and the environment needs {NEEDED_MEGABYTES}.")


def _uv_environment() -> dict[str, str]:
    """What uv must be told that pip knows by itself; nothing of it is written down anywhere."""
    told = {"UV_PYTHON_DOWNLOADS": "never"}
    mirror = os.environ.get("PIP_INDEX_URL")
    if mirror and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & set(os.environ):
        told["UV_DEFAULT_INDEX"] = mirror
    if _has_certificates() and "UV_SYSTEM_CERTS" not in os.environ:
        # The machine's own certificates, where it has some: its network may need them, as pip knows by its settings.
        told["UV_SYSTEM_CERTS"] = "true"
    home = Path(os.environ.get("UV_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME") or "/")
    if not os.access(home, os.W_OK):
        told["UV_NO_CACHE"] = "1"
    return told


def _has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or any(Path(paths.capath or "/nowhere").glob("*.0"))

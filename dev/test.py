"""`make test`: finds or installs a Chromium, then runs all tests on all cores; what it is given goes to pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dev import chromium

INSTALL_SECONDS = 600
WITHOUT = "No Chromium was found, and none could be installed: the tests in a browser"


def main(arguments: list[str]) -> int:
    """Become pytest; an exit status only if that makes no sense."""
    named = os.environ.get("CHROMIUM")
    if named and not chromium.find():
        sys.stderr.write(f"CHROMIUM names {named}, which is no program that can be run.\n")
        return 1
    browser = chromium.find() or installed()
    if browser:
        os.environ["CHROMIUM"] = browser
    elif os.environ.get("CI") == "true":
        sys.stderr.write(f"{WITHOUT} cannot run, and CI=true wants them.\n")
        return 1
    else:
        print(f"{WITHOUT} are left out.", flush=True)
        arguments = ["-m", "not browser", *arguments]
    # Where it is set, every process that a test starts would compile all that it imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pytest = Path(sys.executable).with_name("pytest")
    os.execv(pytest, [str(pytest), "-n", str(cores()), "--dist", "loadgroup", *arguments])  # noqa: S606
    return 0


def cores() -> int:
    """How many processes may work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def installed() -> str | None:
    """Debian's Chromium where we are root, else Playwright's own, if either can be had."""
    for commands in ways():
        print(f"No Chromium was found; trying `{' '.join(commands[-1])}` …", flush=True)
        if all(map(works, commands)) and (found := chromium.find()):
            return found
    return None


def ways() -> list[list[list[str]]]:
    """Each way to install one, as commands to run in turn."""
    playwright = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        return [playwright]
    return [
        [[apt, "-qq", "update"], [apt, "-qq", "install", "--yes", "--no-install-recommends", "chromium"]],
        playwright,
    ]


def works(command: list[str]) -> bool:
    """Whether it ends well, in bounded time; it says nothing."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=INSTALL_SECONDS, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

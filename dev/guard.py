"""A small process that ends others when the one that started them dies without doing so (kill -9)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

PATIENCE_SECONDS = 6.0


class Guard:
    """While it is entered, `watch(pid)` entrusts processes to it; it acts only if we vanish before leaving."""

    def __init__(self, remove: Path | None = None, keep_open: int | None = None, record: Path | None = None) -> None:
        """`remove`: a directory to delete after that; `keep_open`: a file (a lock, say) to hold until it is done.

        `record`: a file that lists the watched, for `end_recorded` of a later run, should the guard be killed as well.
        """
        self._remove = remove
        self._kept_open = () if keep_open is None else (keep_open,)
        self._record = record
        self._watched: list[int] = []

    def __enter__(self) -> Self:
        arguments = [str(self._remove)] if self._remove else []
        # Its input is a pipe whose other end only we hold: the kernel closes it whatever happens to us.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, *arguments],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=self._kept_open,
        )
        return self

    def watch(self, pid: int) -> None:
        """End this process if we die; it leads a group of its own, which ends with it."""
        self._watched.append(pid)
        self._say(f"+{pid}")
        self._note()

    def forget(self, pid: int) -> None:
        """It ended; its number may soon be another's."""
        if pid in self._watched:
            self._watched.remove(pid)
        self._say(f"-{pid}")
        self._note()

    def _note(self) -> None:
        # A disk that is full must not end what runs.
        with suppress(OSError):
            if self._record:
                fresh = self._record.with_suffix(".new")
                fresh.write_text("".join(f"{pid}\n" for pid in self._watched))
                fresh.replace(self._record)

    def _say(self, line: str) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def __exit__(self, *_: object) -> None:
        self._say("bye")
        self._process.communicate()
        if self._record:
            self._record.unlink(missing_ok=True)


def end_recorded(record: Path) -> list[int]:
    """End what a run left behind that was killed together with its guard; which processes those were."""
    try:
        numbers = [int(line) for line in record.read_text().split()]
    except (OSError, ValueError):
        return []
    # A number may be another program's by now; ours all run from this environment.
    ours = [pid for pid in numbers if is_process_of(pid, Path(sys.prefix))]
    end(ours)
    record.unlink(missing_ok=True)
    return ours


def is_process_of(pid: int, directory: Path) -> bool:
    """Whether that process lives and names something in the directory in its command line."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return False
        asking = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        command = subprocess.run(asking, check=False, capture_output=True, text=True).stdout
    return f"{directory}{os.sep}" in command


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be buried does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:
        return True


def end(pids: list[int]) -> None:
    """Ask each process to end, the latest first, wait, insist; then end what is left of their groups."""
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        for pid in filter(is_alive, reversed(pids)):
            os.kill(pid, signal_)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(map(is_alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.05)
    for pid in reversed(pids):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Read what to watch until the pipe closes; without a good-bye, act."""
    pids: list[int] = []
    for line in sys.stdin:
        if line.startswith("bye"):
            return
        pid = int(line[1:])
        pids = [each for each in pids if each != pid] + ([pid] if line[0] == "+" else [])
    end(pids)
    if len(sys.argv) > 1:
        shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()

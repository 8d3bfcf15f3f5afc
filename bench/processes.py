"""What `ps` knows of a process and its children: no more than every system has."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """One line of `ps`; `kibibytes` is the resident memory, shared pages and all."""

    pid: int
    parent: int
    kibibytes: int
    is_dead: bool


def processes() -> list[Process]:
    """All of them."""
    said = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss=,stat="], capture_output=True, text=True, check=True
    ).stdout
    fields = [line.split() for line in said.splitlines()]
    return [Process(int(pid), int(parent), int(rss), stat.startswith("Z")) for pid, parent, rss, stat, *_ in fields]


def children(pid: int) -> list[Process]:
    """Those that a process has started and not yet taken leave of, oldest first."""
    return sorted((each for each in processes() if each.parent == pid), key=lambda each: each.pid)


def resident_megabytes(pid: int) -> float:
    """What a process has in memory."""
    return next(each.kibibytes for each in processes() if each.pid == pid) * 1024 / 1e6

"""One core for the server, one for the load: else they take each other's time and the numbers say nothing."""

from __future__ import annotations

import os
import shutil


def cores() -> tuple[int | None, int | None]:
    """A core for the servers and another for the load; None where processes cannot be pinned."""
    if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
        return None, None
    ours = sorted(os.sched_getaffinity(0))
    return (ours[0], ours[1]) if len(ours) > 1 else (None, None)


def on_core(core: int | None, *command: str) -> list[str]:
    """The command, kept on this core."""
    return list(command) if core is None else ["taskset", "--cpu-list", str(core), *command]

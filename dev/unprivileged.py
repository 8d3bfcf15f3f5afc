"""Postgres refuses to run as root: how a program is started as somebody else, or looks as if it were."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOBODY = 65534
PRETEND = ("unshare", "-U", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")


class NotPermittedError(RuntimeError):
    """Neither way of leaving root is open on this machine."""


@dataclass(frozen=True, slots=True)
class Disguise:
    """What to put before a command and into Popen, and who must own the program's files (None: the caller)."""

    prefix: tuple[str, ...] = ()
    popen: dict[str, Any] = field(default_factory=dict)
    owner: tuple[int, int] | None = None

    def own(self, path: Path) -> None:
        """Give the path, and all below it, to whom the program will run as."""
        if self.owner:
            for each in (path, *path.rglob("*")):
                os.chown(each, *self.owner, follow_symlinks=False)


def disguise(program: Path, directory: Path) -> Disguise:
    """How to run `program` on `directory`, which need not exist yet; its owner is kept if it does.

    Not root: plainly. Root: a real drop to an unprivileged user where that user can reach program and directory, else a
    user namespace in which root looks like one (it works below 0700 directories too; enough for development).
    """
    if os.geteuid() != 0:
        return Disguise()
    uid, gid = _owner(directory)
    drop = Disguise(popen={"user": uid, "group": gid, "extra_groups": []}, owner=(uid, gid))
    if uid != 0 and _is_reachable(program) and _is_reachable(directory) and _works(drop, [str(program), "--version"]):
        return drop
    pretend = Disguise(prefix=PRETEND, owner=(0, 0))
    if shutil.which(PRETEND[0]) and _works(pretend, ["true"]):
        return pretend
    raise NotPermittedError(
        f"{program.name} refuses to run as root, and this machine lets root neither become another user "
        "nor open a user namespace: start as an ordinary user."
    )


def _owner(directory: Path) -> tuple[int, int]:
    if not directory.exists():
        return NOBODY, NOBODY
    status = directory.stat()
    return status.st_uid, status.st_gid


def _is_reachable(path: Path) -> bool:
    """Whether anybody may walk to the path: every directory above it lets others through."""
    return all(parent.stat().st_mode & 0o001 for parent in path.absolute().parents if parent.exists())


def _works(how: Disguise, command: list[str]) -> bool:
    try:
        done = subprocess.run(
            [*how.prefix, *command], check=False, capture_output=True, timeout=10, cwd="/", **how.popen
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0

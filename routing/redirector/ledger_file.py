"""The ledger on disk, for a redirector that is killed while Redis is away: beside the cache, where there is one.

It is written only while something waits, or did: in quiet times the disk stays quiet. A lock keeps redirectors that
share a directory apart; the second one goes without.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

import structlog

from routing.redirector import ledger as ledgers
from routing.redirector.conditions import Conditions
from routing.redirector.ledger import Ledger, LedgerError

log = structlog.get_logger(__name__)


class LedgerFile:
    """One redirector's. Without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self.path = path if path is not None and _locked(path) else None
        self._conditions = Conditions()
        self._written = False  # whether there is anything in it that was not handed over

    def read(self) -> Ledger | None:
        """What the redirector before this one left; None if nothing is known of one, or it makes no sense."""
        if self.path is None:
            return None
        try:
            return ledgers.read(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, LedgerError) as error:
            log.warning("counts of before can't be read and are lost", reason=str(error)[:200])
            return Ledger()

    def keep(self, ledger: Ledger) -> None:
        """Write it down, unless neither it nor what was written last has anything in it."""
        if self._written or not ledger.empty:
            self.write(ledger)

    def write(self, ledger: Ledger) -> None:
        """Write it down: whole or not at all."""
        if self.path is None:
            return
        try:
            fresh = self.path.with_name(f".{self.path.name}.new")
            fresh.write_bytes(ledger.encode())
            fresh.replace(self.path)
        except OSError as error:
            self._conditions.wrong("counts on disk", f"can't be written: {error.strerror}")
        else:
            self._written = not ledger.empty
            self._conditions.right("counts on disk")

    def close(self, ledger: Ledger) -> None:
        """The redirector ends as it should: only what Redis did not take is left behind."""
        if self.path is None:
            return
        ledger.closed = True
        if ledger.empty:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        else:
            self.write(ledger)


def _locked(path: Path) -> bool:
    """Whether this redirector, with all its processes, has the file for itself until it ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.warning("counts are not kept on disk", reason=error.strerror)
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        log.warning("counts are not kept on disk", reason="another redirector uses this cache")
        return False
    return True

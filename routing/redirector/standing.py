"""Which snapshot is in use, and what may take its place.

Order of sources: a live one (Redis, the portal), the cache on disk, the configuration file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from foundation.addresses import why_refused
from routing.redirector.cache import Remembered
from routing.snapshot import Hub, Snapshot, SnapshotError

LIVE: Final = frozenset({"redis", "http"})
CACHE: Final = "cache"
LASTING: Final = 10.0


class Standing:
    """The snapshot in use: as published, and without the hubs that nobody may be sent to (`admitted`).

    `source` is what it was last confirmed by, `origin` where it came from at first; they differ after a start from the
    cache. `left_out` says which hubs are not admitted and why.
    """

    def __init__(
        self, *, allow_private: bool, expects_live: bool, steady: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self.snapshot: Snapshot | None = None
        self.admitted: Snapshot | None = None
        self.source = ""
        self.origin = ""
        self.confirmed_at = 0.0
        self.left_out = ""
        self._allow_private = allow_private
        self._expects_live = expects_live
        self._steady = steady
        self._wall = wall
        self._last_named = 0.0

    def restore(self, remembered: Remembered) -> None:
        """Begin with what the cache remembers; raises SnapshotError when that can't be used."""
        self._admit(remembered.snapshot)
        self.source, self.origin = CACHE, remembered.origin
        self.confirmed_at = min(remembered.confirmed_at, self._wall())

    def offer(self, source: str, snapshot: Snapshot) -> bool:
        """Take the snapshot or confirm the one in use; True if more than the age changed; SnapshotError if refused."""
        if source not in LIVE and self._has_better():
            return False
        same = snapshot is self.snapshot or snapshot == self.snapshot
        if not same:
            self._refuse_step_back(source, snapshot)
            self._admit(snapshot)
        self.confirmed_at = self._wall()
        renamed = self._name(source, same)
        self.origin = source
        return renamed or not same

    def _has_better(self) -> bool:
        """The config file stands back behind a live source, and behind what the cache has of one."""
        return self._expects_live and self.origin in LIVE

    def _refuse_step_back(self, source: str, snapshot: Snapshot) -> None:
        """A lower version alone is no step back: a portal restored from a backup counts on from there, but it does
        publish now. What has neither a higher version nor a later time is one: say, a Redis restored from its past.
        """
        now = self.snapshot
        if now is None or source not in LIVE or self.origin not in LIVE:
            return
        if (snapshot.version, snapshot.published_at) == (now.version, now.published_at):
            return
        if snapshot.version <= now.version and snapshot.published_at <= now.published_at:
            raise SnapshotError(f"version {snapshot.version} is older than version {now.version}, which is in use")

    def _name(self, source: str, same: bool) -> bool:
        """Name the source; True if that is news. Of two that agree the one named before stays, while it lasts."""
        now = self._steady()
        others_lasts = self.source in LIVE and now - self._last_named < LASTING
        if same and source != self.source and others_lasts:
            return False
        self._last_named = now
        news, self.source = source != self.source, source
        return news

    def _admit(self, snapshot: Snapshot) -> None:
        refused = {hub.key: self._why_refused(hub) for hub in snapshot.hubs}
        hubs = tuple(hub for hub in snapshot.hubs if not refused[hub.key])
        told = ", ".join(f"{key} ({why})" for key, why in refused.items() if why)
        if not hubs:
            raise SnapshotError(f"none of its hubs is allowed here: {told}"[:500])
        self.snapshot, self.left_out = snapshot, told[:500]
        self.admitted = replace(snapshot, hubs=hubs) if told else snapshot

    def _why_refused(self, hub: Hub) -> str:
        reasons = (why_refused(url, allow_private=self._allow_private) for url in (hub.url, hub.health, hub.versions))
        return next((reason for reason in reasons if reason), "")

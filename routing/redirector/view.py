"""What the keeper hands to the workers: the snapshot in use and what our own checks say of its hubs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.probe import Verdict
from routing.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class View:
    """One state of the world, handed over whole.

    `source` is where the snapshot came from: `redis`, `http`, `cache` or `config`. `confirmed_at` is when that source
    last confirmed it (seconds since the epoch). `verdicts` holds, by hub key, what this redirector's own checks found;
    a hub that is absent was not checked by us and counts as the snapshot's factors say.
    """

    snapshot: Snapshot
    source: str
    confirmed_at: float
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    watching: bool = False

"""What every balancer takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

Hubs = Sequence[tuple[str, float]]  # hub key and effective weight, which is above 0
Choice = tuple[int, str]  # the hub's place in the sequence the balancer was made with, and why it was chosen

HOME: Final = "home"  # the hub that keeps this repository's image
SPILL: Final = "spill"  # another one, because a hot repository must not fill its home
WEIGHTED: Final = "weighted"  # drawn by weight


class Balancer(Protocol):
    """Chooses a hub for a path. It may count and remember, within bounds; it never fails."""

    def choose(self, path: bytes) -> Choice:
        """The hub for this request path, as it came (no query), and the reason."""
        ...

    def note(self, path: bytes, place: int) -> None:
        """A visitor of this path went to that hub without a choice: by the cookie."""
        ...

"""What balanced affinity remembers of each repository, within bounds."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from routing.balancing.choice import HOME, Choice
from routing.balancing.ranking import cache_key

REMEMBERED: Final = 16_384  # paths, and so keys at most, in a generation
UNKNOWN: Final[Choice] = (-1, HOME)
LONGEST_REMEMBERED: Final = 512  # bytes of a path; longer ones are remembered by their digest


class Spread:
    """Where a hot repository goes: `places` are the hubs it has been sent to, in rank order, `hubs` all their keys.

    Among `hubs` are those that have left, for they may come back. `choice` holds for so many more `turns`.
    """

    __slots__ = ("choice", "hubs", "places", "turns")

    def __init__(self, choice: Choice, place: int, hub: str) -> None:
        self.choice = choice
        self.places = [place]
        self.hubs = {hub}
        self.turns = 0


class Repository:
    """What is known of one: how much it is launched, where its home is, and where else it goes if it is hot.

    All hold for the `stamp` of the balancer that set them. There are many: this is as small as it can be.
    """

    __slots__ = ("heat", "home", "spread", "stamp")

    def __init__(self) -> None:
        self.heat = 0.0
        self.home = UNKNOWN
        self.stamp = -1
        self.spread: Spread | None = None


class Memory:
    """Repositories by path, and by cache key in two generations: a full young one becomes the old one.

    What is asked for moves to the young one, so what is in use is never forgotten, whatever else floods in.
    """

    def __init__(self) -> None:
        self.paths: dict[bytes, Repository] = {}
        self._young: dict[bytes, Repository] = {}
        self._old: dict[bytes, Repository] = {}
        self._stamps = 0

    def stamp(self) -> int:
        """A new stamp, higher than all before it."""
        self._stamps += 1
        return self._stamps

    def recall(self, path: bytes) -> Repository:
        """The repository of a path that `paths` does not have as it stands: one known by its key, or a new one."""
        name = path
        if len(path) > LONGEST_REMEMBERED:
            name = _digest(path)
            if name in self.paths:
                return self.paths[name]
        key = cache_key(path)
        if len(key) > LONGEST_REMEMBERED:
            key = _digest(key)
        known = self._young.get(key) or self._old.get(key) or Repository()
        if len(self.paths) >= REMEMBERED:
            # Paths go when their keys grow old: whatever path it comes by, a repository is counted in one place.
            # Emptied, not replaced: the balancer holds on to it.
            self.paths.clear()
            self._young, self._old = {}, self._young
        self.paths[name] = known
        self._young[key] = known
        return known

    def __len__(self) -> int:
        return len(self.paths) + len(self._young) + len(self._old)


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).digest()

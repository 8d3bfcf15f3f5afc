"""The balancer that keeps every repository on one hub."""

from __future__ import annotations

from typing import Final

from routing.balancing.choice import HOME, Choice, Hubs
from routing.balancing.ranking import Rivals, Succession, cache_key

REMEMBERED: Final = 16_384  # paths in each of the two generations of a balancer's memory
LONGEST_REMEMBERED: Final = 512  # bytes of a path; longer ones are computed anew each time


class Rendezvous:
    """Every repository has one home hub, for as long as that hub is in rotation.

    Homes are remembered in two generations: when the young one is full it becomes the old one, so memory is bounded
    and a path in use is never forgotten. A balancer made after another starts from what that one remembers.
    """

    def __init__(self, hubs: Hubs, before: Rendezvous | None = None) -> None:
        self.hubs = tuple(hubs)
        self._choices = [(index, HOME) for index in range(len(hubs))]
        self._everyone = Rivals(self.hubs, range(len(hubs)))
        self._young: dict[bytes, Choice] = {}
        self._old: dict[bytes, Choice] = {}
        self._heritage = None if before is None else _heritage(before, self.hubs)

    def choose(self, path: bytes) -> Choice:
        """The home of the path's repository."""
        return self._young.get(path) or self._recall(path)

    def note(self, path: bytes, place: int) -> None:
        """Nothing is counted here."""

    def _recall(self, path: bytes) -> Choice:
        choice = self._old.get(path) or self._choices[self._home(path)]
        if len(path) <= LONGEST_REMEMBERED:
            if len(self._young) >= REMEMBERED:
                self._old, self._young, self._heritage = self._young, {}, None
            self._young[path] = choice
        return choice

    def _home(self, path: bytes) -> int:
        rivals = None
        if self._heritage is not None:
            before, succession = self._heritage
            was = before.remembered(path)
            rivals = None if was is None else succession.rivals(was)
        return (rivals or self._everyone).winner(cache_key(path))

    def remembered(self, path: bytes) -> int | None:
        """The home if it is remembered."""
        choice = self._young.get(path) or self._old.get(path)
        return None if choice is None else choice[0]

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


def _heritage(before: Rendezvous, hubs: Hubs) -> tuple[Rendezvous, Succession] | None:
    before._heritage = None  # one generation back is enough, and a chain would never end
    succession = Succession(before.hubs, hubs)
    return (before, succession) if succession.of_use else None

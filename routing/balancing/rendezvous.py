"""The balancer that keeps every repository on one hub."""

from __future__ import annotations

from typing import Final

from routing.balancing.choice import HOME, Choice, Hubs
from routing.balancing.ranking import LONGEST_MEMORY, Ages, cache_key

REMEMBERED: Final = 16_384  # paths in a balancer's young memory, and in all its old ones together
LONGEST_REMEMBERED: Final = 512  # bytes of a path; longer ones are computed anew each time

Generation = tuple[int, dict[bytes, Choice]]  # homes by path, and the stamp of the hubs they were found under


class Rendezvous:
    """Every repository has one home hub, for as long as that hub is in rotation.

    Homes are remembered in generations: a full young one becomes an old one, the oldest are forgotten, and what is
    asked for moves to the young one: memory is bounded and a path in use is never forgotten. A balancer made after
    another takes its generations over; that one is of the past and must not be asked any more.
    """

    def __init__(self, hubs: Hubs, before: Rendezvous | None = None) -> None:
        self.hubs = tuple(hubs)
        self._choices = [(place, HOME) for place in range(len(hubs))]
        self._stamp: int = 0 if before is None else before._stamp + 1
        self._ages: Ages = Ages(self.hubs, self._stamp, None if before is None else before._ages)
        self._young: dict[bytes, Choice] = {}
        self._old: list[Generation] = [] if before is None else [(before._stamp, before._young), *before._old]
        self._forget()

    def choose(self, path: bytes) -> Choice:
        """The home of the path's repository."""
        return self._young.get(path) or self._recall(path)

    def note(self, path: bytes, place: int) -> None:
        """Nothing is counted here."""

    def _recall(self, path: bytes) -> Choice:
        choice = self._choices[self._home(path)]
        if len(path) <= LONGEST_REMEMBERED:
            if len(self._young) >= REMEMBERED:
                self._old, self._young = [(self._stamp, self._young), *self._old], {}
                self._forget()
            self._young[path] = choice
        return choice

    def _home(self, path: bytes) -> int:
        for stamp, memory in self._old:
            was = memory.pop(path, None)
            if was is not None:
                return was[0] if stamp == self._stamp else self._ages.home(cache_key(path), stamp, was[0])
        return self._ages.home(cache_key(path))

    def _forget(self) -> None:
        while self._old and (len(self._old) > LONGEST_MEMORY or len(self) - len(self._young) > REMEMBERED):
            self._old.pop()

    def remembers(self, path: bytes) -> bool:
        """Whether the home need not be computed."""
        return path in self._young or any(path in memory for _, memory in self._old)

    def __len__(self) -> int:
        return len(self._young) + sum(len(memory) for _, memory in self._old)

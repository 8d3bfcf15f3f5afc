"""Which of very many things come most often, in bounded memory: Space-Saving (Metwally and others, 2005).

Whatever makes up more than 1 ÷ `slots` of all that came is there, however much else floods in. Counts are never too
high, and too low by that part at most. What is rare goes in bulk when twice the slots are in use, which costs each
newcomer a few hundred nanoseconds instead of a search.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import Generic, TypeVar

Key = TypeVar("Key")


class HeavyHitters(Generic[Key]):
    """Counts of the most frequent keys."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._counts: dict[Key, int] = {}  # at most this often
        self._doubts: dict[Key, int] = {}  # so many of which may have been others'
        self._floor = 0  # the most that anything forgotten can have had

    def add(self, key: Key, number: int = 1) -> None:
        """It came so many times."""
        count = self._counts.get(key)
        if count is not None:
            self._counts[key] = count + number
            return
        self._counts[key] = self._floor + number
        if self._floor:
            self._doubts[key] = self._floor
        if len(self._counts) >= 2 * self._slots:
            self._shrink()

    def items(self) -> Iterator[tuple[Key, int]]:
        """What came, each with the count that is certain."""
        for key, count in self._counts.items():
            yield key, count - self._doubts.get(key, 0)

    def top(self, most: int) -> list[tuple[Key, int]]:
        """The most frequent ones, the first first."""
        return nlargest(most, self.items(), key=lambda item: item[1])

    def _shrink(self) -> None:
        ordered = sorted(self._counts.items(), key=lambda item: item[1], reverse=True)
        self._floor = ordered[self._slots][1]
        self._counts = dict(ordered[: self._slots])
        self._doubts = {key: doubt for key, doubt in self._doubts.items() if key in self._counts}

    def __len__(self) -> int:
        return len(self._counts)

"""The balancer that only follows the weights."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate

from routing.balancing.choice import WEIGHTED, Choice, Hubs


class WeightedRandom:
    """Every redirect on its own, in proportion to the weights."""

    def __init__(self, hubs: Hubs, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._bounds = list(accumulate(weight for _, weight in hubs))
        self._total = self._bounds[-1]
        self._choices = [(index, WEIGHTED) for index in range(len(hubs))]

    def choose(self, path: bytes) -> Choice:
        """A hub drawn by weight; the path does not matter."""
        # Rounding may lift the product to the total itself, which no bound is above.
        return self._choices[bisect(self._bounds, self._draw() * self._total, 0, len(self._bounds) - 1)]

    def note(self, path: bytes, place: int) -> None:
        """Nothing is counted here."""

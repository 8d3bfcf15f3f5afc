"""Rendezvous with bounded loads: the known remedy for a hot repository, to compare with. No hub uses it."""

from __future__ import annotations

from routing.balancing import HOME, SPILL, Choice, Hubs, cache_key
from routing.balancing.affinity import HALF_LIFE
from routing.balancing.ranking import ranked

BOUND = 1.25


class BoundedLoads:
    """Every launch goes to the first hub in rank order that has not had more than `bound` times its share lately."""

    def __init__(self, hubs: Hubs, bound: float = BOUND) -> None:
        weight = sum(weight for _, weight in hubs)
        self._hubs = hubs
        self._bounds = [bound * each / weight for _, each in hubs]
        self._growth = 2.0 ** (1 / HALF_LIFE)
        self._unit = self._total = 1.0
        self._loads = [0.0] * len(hubs)
        self._ranks: dict[bytes, list[int]] = {}

    def choose(self, path: bytes) -> Choice:
        """The hub, and whether it is the home."""
        rank = self._ranks.get(path)
        if rank is None:
            rank = self._ranks[path] = ranked(cache_key(path), self._hubs)
        place = next((each for each in rank if self._loads[each] < self._bounds[each] * self._total), rank[0])
        self.note(path, place)
        return place, HOME if place == rank[0] else SPILL

    def note(self, path: bytes, place: int) -> None:
        """Count one."""
        self._loads[place] += self._unit
        self._total += self._unit
        self._unit *= self._growth
        if self._unit > 2.0**500:
            self._loads = [load / self._unit for load in self._loads]
            self._total, self._unit = self._total / self._unit, 1.0

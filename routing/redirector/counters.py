"""Redirects counted in memory that all processes share: every worker writes its own region, anyone can read the sum.

The memory is made before the first fork, so the counts outlive each worker. A directory in it says which slot belongs
to which hub; the keeper alone writes there.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from routing.balancing import HOME, SPILL, WEIGHTED

COOKIE: Final = "cookie"  # back to the hub of the visitor's cookie
FALLBACK: Final = "fallback"  # nobody is in rotation: the hub is chosen as it is
REASONS: Final = (HOME, SPILL, WEIGHTED, FALLBACK, COOKIE)
SLOTS: Final = 1024  # hubs in the life of a redirector; those beyond it, or with endless keys, share the last slot
OTHERS: Final = "(others)"

_STRIDE: Final = len(REASONS)
_KEY_BYTES: Final = 256
_WORD: Final = 8


class Figures(NamedTuple):
    """Of what was counted: launches that wait to be handed over, that were lost, and how often some may have been."""

    waiting: int = 0
    lost: int = 0
    interruptions: int = 0


class Counters:
    """One cell for each worker, hub and reason, of 64 bits each."""

    def __init__(self, workers: int) -> None:
        region = SLOTS * _STRIDE
        self._keys = mmap.mmap(-1, SLOTS * _KEY_BYTES)
        words = memoryview(mmap.mmap(-1, workers * region * _WORD)).cast("Q")
        self._figures = memoryview(mmap.mmap(-1, len(Figures._fields) * _WORD)).cast("Q")
        self._regions = [words[region * worker : region * (worker + 1)] for worker in range(workers)]

    def region(self, worker: int) -> memoryview[int]:
        """The cells of one worker; `cell` says which is which."""
        return self._regions[worker]

    def assign(self, keys: Iterable[str]) -> None:
        """Give each hub a slot, for ever. The keeper alone calls this."""
        known = self.slots()
        for key in keys:
            if key not in known and len(known) < SLOTS - 1 and len(key.encode()) <= _KEY_BYTES:
                self._write(len(known), key)
                known[key] = len(known)

    def slots(self) -> dict[str, int]:
        """The slot of each hub key."""
        found: dict[str, int] = {}
        for slot in range(SLOTS - 1):
            key = self._read(slot)
            if not key:
                break
            found[key] = slot
        return found

    def totals(self) -> dict[str, tuple[int, ...]]:
        """By hub key, the sum over all workers of each reason in REASONS."""
        slots = self.slots()
        totals = {key: self._sums(slot) for key, slot in slots.items()}
        others = self._sums(SLOTS - 1)
        return {**totals, OTHERS: others} if any(others) else totals

    @property
    def figures(self) -> Figures:
        """How the hand-over goes, as the keeper said last."""
        return Figures(*self._figures)

    @figures.setter
    def figures(self, figures: Figures) -> None:
        """The keeper alone says it."""
        for place, number in enumerate(figures):
            self._figures[place] = number

    def _sums(self, slot: int) -> tuple[int, ...]:
        cells = range(slot * _STRIDE, (slot + 1) * _STRIDE)
        return tuple(sum(region[cell] for region in self._regions) for cell in cells)

    def _write(self, slot: int, key: str) -> None:
        start = slot * _KEY_BYTES
        self._keys[start : start + _KEY_BYTES] = key.encode()[:_KEY_BYTES].ljust(_KEY_BYTES, b"\0")

    def _read(self, slot: int) -> str:
        start = slot * _KEY_BYTES
        return self._keys[start : start + _KEY_BYTES].rstrip(b"\0").decode(errors="ignore")


def cell(slots: Mapping[str, int], key: str) -> int:
    """The first cell of a hub within a worker's region; its reasons follow in the order of REASONS."""
    return slots.get(key, SLOTS - 1) * _STRIDE


def slot_of(cell: int) -> int:
    """The slot of the hub that a cell belongs to."""
    return cell // _STRIDE

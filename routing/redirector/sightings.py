"""Which repositories a worker redirects, on the way to the keeper: noted in passing, counted between the requests.

The hot path only puts what it has at hand into a short queue. Ten times a second the queue is counted; of more than it
holds, that is some thousand launches a second, the oldest are not seen. Only names are missing then, never launches:
those are counted elsewhere.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable
from typing import Final

from routing.balancing import cache_key
from routing.redirector.box import Box
from routing.redirector.counters import slot_of
from routing.redirector.heavy import HeavyHitters

QUEUE: Final = 256  # launches between two looks
SLOTS: Final = 500  # pairs of hub and repository that are counted exactly, between two times the keeper looks
LONGEST: Final = 256  # bytes of a key; no longer one has a name
LARGEST: Final = 1024 * 1024  # bytes on their way to the keeper: more than all slots can take

Sighting = tuple[int, bytes]  # the cell of the counters, and the request's target
Seen = dict[tuple[int, bytes], int]  # by the hub's slot and the repository's key: how many launches


class Sightings:
    """One worker's. `see` is called for each redirect."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._queue: deque[Sighting] = deque(maxlen=QUEUE)
        self._counts: HeavyHitters[tuple[int, bytes]] = HeavyHitters(SLOTS)
        self.see: Callable[[Sighting], None] = self._queue.append

    def count(self) -> None:
        """Count what was seen since the last time."""
        queue = self._queue
        while queue:
            cell, target = queue.popleft()
            key = cache_key(target.partition(b"?")[0])
            if len(key) <= LONGEST:
                self._counts.add((slot_of(cell), key))

    def pass_on(self) -> bool:
        """Give what was counted to the keeper, if it has what it was given before; whether it was given."""
        if not len(self._counts) or self._box.taken != self._box.number:
            return False
        seen: Seen = dict(self._counts.top(SLOTS))
        self._counts = HeavyHitters(SLOTS)
        self._box.put(pickle.dumps(seen, protocol=pickle.HIGHEST_PROTOCOL))
        return True


def make_box() -> Box:
    """The memory between a worker and the keeper, to be made before they are."""
    return Box(LARGEST)


def look(box: Box) -> tuple[int, Seen]:
    """What waits for the keeper, and its number, which it acknowledges when it has it for good; 0 for nothing."""
    number = box.number
    if number == box.taken:
        return 0, {}
    document = box.take(number)
    seen: Seen = {} if document is None else pickle.loads(document)  # noqa: S301 - of our own worker, in our own memory
    return number, seen

"""Which hub a path goes to: the same pure code for the redirector, the what-if page and the simulator.

`rendezvous` agrees bit for bit with the redirector in use before this one: the hubs' image caches depend on it.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Final, Protocol

Hubs = Sequence[tuple[str, float]]  # hub key and effective weight, which is above 0
Choice = tuple[int, str]  # the hub's place in the sequence the balancer was made with, and why it was chosen

HOME: Final = "home"
WEIGHTED: Final = "weighted"

REMEMBERED: Final = 16_384  # paths in each of the two generations of a balancer's memory
LONGEST_REMEMBERED: Final = 512  # bytes of a path; longer ones are computed anew each time

_GREATEST: Final = 0xFFFFFFFFFFFFFFFF


class Balancer(Protocol):
    """Chooses a hub for a path. It may count and remember, within bounds; it never fails."""

    def choose(self, path: bytes) -> Choice:
        """The hub for this request path, as it came (no query), and the reason."""
        ...


def cache_key(path: bytes) -> bytes:
    """What a path is balanced by: every ref of one GitHub repository has the same key."""
    key = path.lower()
    return key.rpartition(b"/")[0] if key.startswith(b"/build/gh") else key


def rank(key: bytes, hubs: Hubs) -> list[str]:
    """All hub keys for a cache key, the home first."""
    seed = _seed(key)
    ranking = sorted(((_score(_draw(seed, hub.encode()), weight), hub) for hub, weight in hubs), reverse=True)
    return [hub for _, hub in ranking]


def _seed(key: bytes) -> blake2b:
    return blake2b(key + b"-", digest_size=8)


def _draw(seed: blake2b, hub: bytes) -> bytes:
    """The digest of key and hub: 64 bits, big-endian, so that digests compare as their numbers do."""
    hasher = seed.copy()  # a good deal faster than hashing the key again for each hub
    hasher.update(hub)
    return hasher.digest()


def _score(drawn: bytes, weight: float) -> float:
    number = int.from_bytes(drawn, "big")
    if number == 0:
        return 0.0
    fraction = number / _GREATEST
    # So near to the top that it rounds to 1: its logarithm is 0, its score is above all others.
    return weight * (1.0 / -math.log(fraction)) if fraction < 1.0 else math.inf


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


class Rendezvous:
    """Every repository has one home hub, for as long as that hub is in rotation.

    Homes are remembered in two generations: when the young one is full it becomes the old one, so memory is bounded
    and a path in use is never forgotten. A balancer made after another starts from what that one remembers: a home
    stays valid unless its own hub lost weight, and only hubs that gained weight can take it over.
    """

    def __init__(self, hubs: Hubs, before: Rendezvous | None = None) -> None:
        self.hubs = tuple(hubs)
        self._choices = [(index, HOME) for index in range(len(hubs))]
        self._everyone = _Rivals(self.hubs, range(len(hubs)))
        self._young: dict[bytes, Choice] = {}
        self._old: dict[bytes, Choice] = {}
        heritage = None if before is None else _Heritage(before, self.hubs)
        self._heritage = heritage if heritage is not None and heritage.of_use else None

    def choose(self, path: bytes) -> Choice:
        """The home of the path's repository."""
        return self._young.get(path) or self._recall(path)

    def _recall(self, path: bytes) -> Choice:
        choice = self._old.get(path) or self._choices[self._home(path)]
        if len(path) <= LONGEST_REMEMBERED:
            if len(self._young) >= REMEMBERED:
                self._old, self._young, self._heritage = self._young, {}, None
            self._young[path] = choice
        return choice

    def _home(self, path: bytes) -> int:
        rivals = self._heritage.rivals(path) if self._heritage is not None else None
        return (rivals or self._everyone).winner(cache_key(path))

    def remembered(self, path: bytes) -> int | None:
        """The home if it is remembered."""
        choice = self._young.get(path) or self._old.get(path)
        return None if choice is None else choice[0]

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class _Rivals:
    """Some of the hubs, in groups of equal weight: within a group the greatest digest wins, no logarithm is needed."""

    def __init__(self, hubs: Hubs, places: Iterable[int]) -> None:
        groups: dict[float, list[tuple[bytes, int]]] = {}
        for place in places:
            key, weight = hubs[place]
            groups.setdefault(weight, []).append((key.encode(), place))
        self._groups = list(groups.items())
        self._only = self._groups[0][1][0][1] if sum(map(len, groups.values())) == 1 else None

    def winner(self, key: bytes) -> int:
        """The place of the hub with the highest score."""
        if self._only is not None:
            return self._only
        seed = _seed(key)
        best: tuple[float, bytes, int] = (-1.0, b"", 0)
        for weight, hubs in self._groups:
            drawn, hub, place = max([(_draw(seed, hub), hub, place) for hub, place in hubs])
            best = max(best, (_score(drawn, weight), hub, place))
        return best[2]


class _Heritage:
    """What a balancer can learn from the one before it, without a hash per hub."""

    def __init__(self, before: Rendezvous, hubs: Hubs) -> None:
        self._before = before
        before._heritage = None  # one generation back is enough, and a chain would never end
        was = dict(before.hubs)
        places = {key: place for place, (key, _) in enumerate(hubs)}
        self._gained = {places[key] for key, weight in hubs if weight > was.get(key, 0.0)}
        self._hubs = hubs
        self._stayed = [
            places[key] if key in places and hubs[places[key]][1] >= weight else None for key, weight in before.hubs
        ]
        self._rivals: dict[int, _Rivals] = {}

    @property
    def of_use(self) -> bool:
        """Whether it spares hashes: not when most hubs gained weight, for all of these must be asked."""
        return 2 * len(self._gained) < len(self._hubs)

    def rivals(self, path: bytes) -> _Rivals | None:
        """The only hubs that can be this path's home now; None if that is not known."""
        was = self._before.remembered(path)
        home = None if was is None else self._stayed[was]
        if home is None:
            return None
        if home not in self._rivals:
            self._rivals[home] = _Rivals(self._hubs, self._gained | {home})
        return self._rivals[home]


BALANCERS: Final = ("rendezvous", "random")


def balancer(name: str, hubs: Hubs, before: Balancer | None = None) -> Balancer:
    """The named balancer over hubs that all have a weight above 0; it may learn from the one before it.

    An unknown name, from a newer portal, gives rendezvous: to keep each repository's home is never wrong.
    """
    if name == "random":
        return WeightedRandom(hubs)
    if isinstance(before, Rendezvous):
        return before if before.hubs == tuple(hubs) else Rendezvous(hubs, before)
    return Rendezvous(hubs)

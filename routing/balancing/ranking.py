"""Weighted rendezvous hashing, bit for bit as in the redirector in use before this one."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from routing.balancing.choice import Hubs

LONGEST_MEMORY: Final = 16  # changes of hubs or weights over which homes are remembered

_GREATEST: Final = 0xFFFFFFFFFFFFFFFF


def cache_key(path: bytes) -> bytes:
    """What a path is balanced by: every ref of one GitHub repository has the same key."""
    key = path.lower()
    return key.rpartition(b"/")[0] if key.startswith(b"/build/gh") else key


def rank(key: bytes, hubs: Hubs) -> list[str]:
    """All hub keys for a cache key, the home first."""
    return [hubs[place][0] for place in ranked(key, hubs)]


def ranked(key: bytes, hubs: Hubs) -> list[int]:
    """The places of all hubs for a cache key, the home's first."""
    seed = _seed(key)
    scores = [(_score(_draw(seed, hub.encode()), weight), hub, place) for place, (hub, weight) in enumerate(hubs)]
    return [place for _, _, place in sorted(scores, reverse=True)]


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


Scored = tuple[float, bytes, int]  # score, hub key, place: the greatest of them is the home


class Rivals:
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
        return self.best(_seed(key))[2] if self._only is None else self._only

    def best(self, seed: blake2b) -> Scored:
        """The one with the highest score; one below all scores where there is none."""
        best: Scored = (-1.0, b"", 0)
        for weight, hubs in self._groups:
            drawn, hub, place = max([(_draw(seed, hub), hub, place) for hub, place in hubs])
            best = max(best, (_score(drawn, weight), hub, place))
        return best


class Succession:
    """What homes under other hubs or weights say about homes now, without a hash per hub.

    A home stays valid unless its own hub lost weight, and only hubs that gained weight can take it over.
    """

    def __init__(self, before: Hubs, hubs: Hubs) -> None:
        was = dict(before)
        places = {key: place for place, (key, _) in enumerate(hubs)}
        gained = {places[key] for key, weight in hubs if weight > was.get(key, 0.0)}
        self._gained = Rivals(hubs, gained) if gained else None
        # Not when most hubs gained weight: to ask all of these is as good as to ask everyone.
        self._is_of_use = 2 * len(gained) < len(hubs)
        self._hubs = hubs
        self._stayed = [
            places[key] if key in places and hubs[places[key]][1] >= weight else None for key, weight in before
        ]

    def home(self, key: bytes, was: int) -> int | None:
        """The home now of a key that had its home there; None if that cannot be told from it."""
        place = self._stayed[was]
        if place is None or not self._is_of_use or self._gained is None:
            return place if self._is_of_use else None
        seed = _seed(key)
        hub, weight = self._hubs[place]
        held = (_score(_draw(seed, hub.encode()), weight), hub.encode(), place)
        return max(held, self._gained.best(seed))[2]


class Ages:
    """The hubs of now, and of a while ago: a home that was found under those need not be looked for from the start.

    An age begins with each change of hubs or weights, at a stamp; stamps only grow.
    """

    def __init__(self, hubs: Hubs, since: int, before: Ages | None = None) -> None:
        self._since: list[int] = [*(before._since[1 - LONGEST_MEMORY :] if before else ()), since]
        self._hubs: list[Hubs] = [*(before._hubs[1 - LONGEST_MEMORY :] if before else ()), hubs]
        self._everyone = Rivals(hubs, range(len(hubs)))
        self._successions: dict[int, Succession] = {}

    def home(self, key: bytes, stamp: int = -1, was: int = 0) -> int:
        """The place of the key's home now; it had its home at the place `was` when it was stamped, if it ever was."""
        age = bisect(self._since, stamp) - 1
        home = self._succession(age).home(key, was) if age >= 0 else None
        return self._everyone.winner(key) if home is None else home

    def _succession(self, age: int) -> Succession:
        if age not in self._successions:
            self._successions[age] = Succession(self._hubs[age], self._hubs[-1])
        return self._successions[age]

"""Weighted rendezvous hashing, bit for bit as in the redirector in use before this one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from routing.balancing.choice import Hubs

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
        if self._only is not None:
            return self._only
        seed = _seed(key)
        best: tuple[float, bytes, int] = (-1.0, b"", 0)
        for weight, hubs in self._groups:
            drawn, hub, place = max([(_draw(seed, hub), hub, place) for hub, place in hubs])
            best = max(best, (_score(drawn, weight), hub, place))
        return best[2]


class Succession:
    """What homes under other hubs or weights say about homes now, without a hash per hub.

    A home stays valid unless its own hub lost weight, and only hubs that gained weight can take it over.
    """

    def __init__(self, before: Hubs, hubs: Hubs) -> None:
        was = dict(before)
        places = {key: place for place, (key, _) in enumerate(hubs)}
        self._gained = {places[key] for key, weight in hubs if weight > was.get(key, 0.0)}
        self._hubs = hubs
        self._stayed = [
            places[key] if key in places and hubs[places[key]][1] >= weight else None for key, weight in before
        ]
        self._rivals: dict[int, Rivals] = {}

    @property
    def of_use(self) -> bool:
        """Whether it spares hashes: not when most hubs gained weight, for all of these must be asked."""
        return 2 * len(self._gained) < len(self._hubs)

    def rivals(self, was: int) -> Rivals | None:
        """The only hubs that can be the home now of what had its home there; None if that is not known."""
        home = self._stayed[was]
        if home is None:
            return None
        if home not in self._rivals:
            self._rivals[home] = Rivals(self._hubs, self._gained | {home})
        return self._rivals[home]

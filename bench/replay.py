"""Send launches through a balancer and look at what became of shares and images."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.bounded import BoundedLoads
from routing.balancing import Balancer, Hubs, Rendezvous, WeightedRandom, balancer, cache_key

BOUNDED: Final = "bounded"
COMPARED: Final = ("random", "rendezvous", BOUNDED, "balanced")
SKIP: Final = 1_000  # launches before shares are looked at
WINDOW: Final = 2_000  # launches of which each window's own shares are looked at


@dataclass(frozen=True)
class Outcome:
    """One run. Errors are in percentage points of all launches, at the hub where they are worst.

    Moves are images that had to be built because a hub left, per repository; needless ones are those of repositories
    that had an image on a hub that stayed.
    """

    shares: Mapping[str, float]
    worst_share_error_points: float
    worst_window_error_points: float
    images_per_repository: float
    spill_rate: float
    moves_per_repository: float | None
    needless_moves_per_repository: float | None


def make(name: str, hubs: Hubs, seed: int, before: Balancer | None = None) -> Balancer:
    """The named balancer: the redirector's own, but for bounded loads, which it does not have."""
    if name == BOUNDED:
        return BoundedLoads(hubs)
    return WeightedRandom(hubs, random.Random(seed).random) if name == "random" else balancer(name, hubs, before)


def replay(name: str, hubs: Hubs, launches: Sequence[bytes], seed: int, skip: int = SKIP) -> Outcome:
    """Send the launches, in this order; afterwards the largest hub leaves and the same launches come again."""
    keys = {path: cache_key(path) for path in set(launches)}
    one = make(name, hubs, seed)
    places = [one.choose(path)[0] for path in launches]
    homes = Rendezvous(hubs)
    home = {path: homes.choose(path)[0] for path in keys}
    images = {(keys[path], hubs[place][0]) for path, place in zip(launches, places, strict=True)}
    repositories = len(set(keys.values()))
    measured = places[skip:] or places
    moves = _leave(lambda left: make(name, left, seed, one), hubs, launches, images) if len(hubs) > 1 else None
    return Outcome(
        shares={hub: measured.count(place) / len(measured) for place, (hub, _) in enumerate(hubs)},
        worst_share_error_points=_error(hubs, measured),
        worst_window_error_points=max(_error(hubs, window) for window in _windows(measured)),
        images_per_repository=len(images) / repositories,
        spill_rate=sum(place != home[path] for path, place in zip(launches, places, strict=True)) / len(launches),
        moves_per_repository=None if moves is None else moves[0] / repositories,
        needless_moves_per_repository=None if moves is None else moves[1] / repositories,
    )


def _error(hubs: Hubs, places: Sequence[int]) -> float:
    seen, weight = Counter(places), sum(weight for _, weight in hubs)
    return 100 * max(abs(seen[place] / len(places) - each / weight) for place, (_, each) in enumerate(hubs))


def _windows(places: Sequence[int]) -> list[Sequence[int]]:
    whole = [places[start : start + WINDOW] for start in range(0, len(places) - WINDOW + 1, WINDOW)]
    return whole or [places]


def _leave(
    make_next: Callable[[Hubs], Balancer], hubs: Hubs, launches: Sequence[bytes], images: set[tuple[bytes, str]]
) -> tuple[int, int]:
    largest = max(hubs, key=lambda each: each[1])[0]
    left = [each for each in hubs if each[0] != largest]
    stayed = {key for key, hub in images if hub != largest}
    one = make_next(left)
    built = {(cache_key(path), left[one.choose(path)[0]][0]) for path in launches} - images
    return len(built), sum(key in stayed for key, _ in built)

"""Which hub a path goes to: the same pure code for the redirector, the what-if page and the simulator.

`rendezvous` agrees bit for bit with the redirector in use before this one: the hubs' image caches depend on it.
`balanced` is ours and the default. All of them share its homes but `random`.
"""

from __future__ import annotations

from typing import Final

from routing.balancing.affinity import BalancedAffinity
from routing.balancing.choice import HOME, SPILL, WEIGHTED, Balancer, Choice, Hubs
from routing.balancing.ranking import cache_key, rank
from routing.balancing.rendezvous import Rendezvous
from routing.balancing.weighted import WeightedRandom

__all__ = [
    "BALANCERS",
    "HOME",
    "SPILL",
    "WEIGHTED",
    "BalancedAffinity",
    "Balancer",
    "Choice",
    "Hubs",
    "Rendezvous",
    "WeightedRandom",
    "balancer",
    "cache_key",
    "rank",
]

BALANCERS: Final = ("balanced", "rendezvous", "random")


def balancer(name: str, hubs: Hubs, before: Balancer | None = None) -> Balancer:
    """The named balancer over hubs that all have a weight above 0; it may learn from the one before it.

    An unknown name, from a newer portal, gives rendezvous: to keep each repository's home is never wrong.
    """
    if name == "random":
        return WeightedRandom(hubs)
    kind = BalancedAffinity if name == "balanced" else Rendezvous
    if isinstance(before, kind) and before.hubs == tuple(hubs):
        return before
    if name == "balanced":
        return BalancedAffinity(hubs, before if isinstance(before, BalancedAffinity) else None)
    return Rendezvous(hubs, before if isinstance(before, Rendezvous) else None)

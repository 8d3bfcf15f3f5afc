"""Replay launches through the redirector's own balancers, under the weights of now and under others. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from routing.balancing import Balancer, Hubs, Rendezvous, WeightedRandom, balancer

# Balanced affinity settles within some thousand launches: more than this tells nothing new, but for rare repositories.
SAMPLE: Final = 150_000
# With fewer launches than this the same come again, until what is hot has shown.
LEAST: Final = 20_000
RARE: Final = 2_000  # names that stand for all repositories that nobody counted one by one
SEED: Final = 20_211_101

# What launches look like where none were counted: the first repository, the first twenty, and all.
INVENTED_LAUNCHES: Final = 32_000
INVENTED_TOP: Final = (0.386, 0.78)
INVENTED_REPOSITORIES: Final = 1_600


@dataclass(frozen=True)
class Mix:
    """What is launched: launches by repository, and those of repositories too rare to be known by name."""

    named: Mapping[str, int]
    rare: int = 0
    invented: bool = False

    @property
    def total(self) -> int:
        """All launches."""
        return sum(self.named.values()) + self.rare


@dataclass(frozen=True)
class Outcome:
    """Shares by hub key before and after, each of all launches; what must be built anew, of the named repositories.

    `replayed` is how many launches were sent through the balancer.
    """

    before: Mapping[str, float]
    after: Mapping[str, float]
    moved: int
    builds: int
    replayed: int


def invented() -> Mix:
    """A day of launches as mybinder.org had them in 2021."""
    first, twenty = INVENTED_TOP
    middle = [rank**-1.5 for rank in range(1, 20)]
    tail = [rank**-0.8 for rank in range(21, INVENTED_REPOSITORIES + 1)]
    parts = [
        first,
        *((twenty - first) * each / sum(middle) for each in middle),
        *((1 - twenty) * each / sum(tail) for each in tail),
    ]
    names = (f"gh/invented/repository-{number}" for number in count())
    return Mix(
        {name: max(1, round(INVENTED_LAUNCHES * part)) for name, part in zip(names, parts, strict=False)}, 0, True
    )


def replay(mix: Mix, name: str, before: Hubs, after: Hubs) -> Outcome:
    """The same launches under the hubs of before, and then, by a balancer that goes on from there, under others.

    Of many launches a sample is replayed in which every repository has its part. Rare repositories are stood for by
    some invented ones. Cookies are left out: a visitor who returns follows the choice of the first visit.
    """
    launches = list(_launches(mix))
    random.Random(SEED).shuffle(launches)
    old = _made(name, before)
    seen_before, shares_before = _send(old, before, launches)
    seen_after, shares_after = _send(_made(name, after, old), after, launches)
    if name != "random":
        _add_homes(seen_before, mix, before)
        _add_homes(seen_after, mix, after)
    paths = {_path(each) for each in mix.named}
    new = [len(hubs - seen_before.get(path, set())) for path, hubs in seen_after.items() if path in paths]
    return Outcome(shares_before, shares_after, sum(1 for each in new if each), sum(new), len(launches))


def _launches(mix: Mix) -> Iterator[bytes]:
    """A path for each launch that is replayed."""
    scale = SAMPLE / mix.total if mix.total > SAMPLE else float(max(1, -(-LEAST // max(1, mix.total))))
    due, sent = 0.0, 0
    # Parts of a launch are carried on to the next repository, so that nothing is lost and rare ones have their turn.
    for name, launches in sorted(mix.named.items()):
        due += launches * scale
        yield from [_path(name)] * (int(due) - sent)
        sent = int(due)
    rare = int(mix.rare * scale)
    yield from (b"/build/gh/rare/%d/HEAD" % (number % RARE) for number in range(rare))


def _path(name: str) -> bytes:
    """A path whose cache key is this repository's."""
    return f"/build/{name}{'/HEAD' if name.startswith('gh') else ''}".encode()


def _made(name: str, hubs: Hubs, before: Balancer | None = None) -> Balancer:
    return WeightedRandom(hubs, random.Random(SEED).random) if name == "random" else balancer(name, hubs, before)


def _send(one: Balancer, hubs: Hubs, launches: Sequence[bytes]) -> tuple[dict[bytes, set[str]], dict[str, float]]:
    """Where each path went, and the share of each hub."""
    choose = one.choose
    counts = Counter([(path, choose(path)[0]) for path in launches])
    keys = [key for key, _ in hubs]
    seen: dict[bytes, set[str]] = {}
    totals = dict.fromkeys(keys, 0)
    for (path, place), number in counts.items():
        seen.setdefault(path, set()).add(keys[place])
        totals[keys[place]] += number
    return seen, {key: number / len(launches) for key, number in totals.items()}


def _add_homes(seen: dict[bytes, set[str]], mix: Mix, hubs: Hubs) -> None:
    """Repositories that were not in the sample have their image at home."""
    homes = Rendezvous(hubs)
    for name in mix.named:
        path = _path(name)
        if path not in seen:
            seen[path] = {hubs[homes.choose(path)[0]][0]}

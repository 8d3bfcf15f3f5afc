"""Ours, the default: every repository has a home, and hot ones spill over so that traffic follows the weights."""

from __future__ import annotations

from math import inf
from typing import Final

from routing.balancing.choice import HOME, SPILL, Choice, Hubs
from routing.balancing.memory import Memory, Repository, Spread
from routing.balancing.ranking import Ages, cache_key, ranked

HALF_LIFE: Final = 2_000  # redirects after which a redirect counts half
HOT: Final = 0.01  # part of the traffic that makes a repository hot
WARM: Final = 10  # redirects, as counted now, without which no repository is hot: early on everything is a large part
TURNS: Final = 4  # further redirects of a repository that follow one choice, at most
TURN_HEAT: Final = 16  # redirects, as counted now, that a repository has for each of them
OPENING: Final = 0.005  # part of the traffic a hub must be short of before a hot repository is built there too

OVERLOAD: Final = 0.01  # part of the traffic above its share that makes a home send away repositories less than hot

_GROWTH: Final = 2.0 ** (1 / HALF_LIFE)
_SUM: Final = _GROWTH / (_GROWTH - 1)  # of the units of all redirects, to the growth of the unit over them
_TURNS: Final = tuple(_GROWTH**turns for turns in range(TURNS + 1))
_MANY: Final = TURNS * TURN_HEAT
_GREATEST: Final = 2.0**500  # the unit is made small again when it gets there; a power of two, so nothing is rounded


class BalancedAffinity:
    """Homes by weighted rendezvous; a hot repository also goes to the next hubs of its rank, as far as shares need.

    Counts decay by redirects: each redirect counts a little more than the one before it, which is the same and leaves
    old counts untouched. `_unit` is what a redirect counts now, `_origin` what it counted before the first one (all of
    them count what the unit grew by, times `_SUM`), `_loads` has what each hub's count.
    Nothing here is drawn by chance or asks for the time: the same requests give the same choices.

    A balancer made after another takes its memory over; that one is of the past and must not be asked any more.
    """

    def __init__(self, hubs: Hubs, before: BalancedAffinity | None = None) -> None:
        self.hubs = tuple(hubs)
        weight = sum(weight for _, weight in hubs)
        self._shares = [each / weight for _, each in hubs]
        self._openings = [share - min(OPENING, share / 2) for share in self._shares]
        self._homes = [(place, HOME) for place in range(len(hubs))]
        self._spills = [(place, SPILL) for place in range(len(hubs))]
        if before is None:
            self._memory = Memory()
            self._unit = self._origin = 1.0
            self._loads = [0.0] * len(hubs)
            self._unit_since = self._unit_before = 0
        else:
            self._inherit(before)
        self._known = self._memory.paths.get
        self._since = self._stamp = self._memory.stamp()
        self._ages: Ages = Ages(self.hubs, self._since, None if before is None else before._ages)

    def _inherit(self, before: BalancedAffinity) -> None:
        self._memory = before._memory
        self._unit, self._origin = before._unit, before._origin
        self._unit_since, self._unit_before = before._unit_since, before._unit_before
        self._loads = _settled(before, self.hubs, self._shares)

    def choose(self, path: bytes) -> Choice:
        """The home of the path's repository, unless it is hot and its home has had its share."""
        one = self._known(path) or self._memory.recall(path)
        if one.stamp != self._stamp:
            self._renew(one, path)
        spread = one.spread
        if spread is not None and spread.turns:
            spread.turns -= 1
            return spread.choice
        self._unit = unit = self._unit * _GROWTH
        one.heat = heat = one.heat + unit
        if heat >= WARM * unit and (spread is not None or self._is_hot(one)):
            # Once hot, its images are where it went: it goes on helping.
            return self._turn(one, path)
        choice = one.home
        self._loads[choice[0]] += unit
        if unit > _GREATEST:
            self._shrink()
        return choice

    def note(self, path: bytes, place: int) -> None:
        """A visitor went back to that hub by the cookie: it has its part of the traffic, the repository its heat."""
        one = self._known(path) or self._memory.recall(path)
        if one.stamp != self._stamp:
            self._renew(one, path)
        self._unit = unit = self._unit * _GROWTH
        one.heat += unit
        self._loads[place] += unit
        if unit > _GREATEST:
            self._shrink()

    @property
    def _total(self) -> float:
        return (self._unit - self._origin) * _SUM

    def _is_hot(self, one: Repository) -> bool:
        total = self._total
        if one.heat >= HOT * total:
            return True
        home = one.home[0]
        return self._loads[home] > (self._shares[home] + OVERLOAD) * total

    def _turn(self, one: Repository, path: bytes) -> Choice:
        """Choose for this redirect, and for the next few of this repository if it has many; all of them count now.

        The first hub in rank order that has its image and room; else one that is short; else the least loaded.
        """
        home, loads, shares, unit = one.home[0], self._loads, self._shares, self._unit
        total = (unit - self._origin) * _SUM
        spread = one.spread = one.spread or Spread(one.home, home, self.hubs[home][0])
        least, lowest = home, inf
        for place in spread.places:
            load, due = loads[place], shares[place] * total
            if load + unit <= due:
                break
            if load < lowest * due:
                least, lowest = place, load / due
        else:
            place = least if len(spread.places) == len(loads) else self._short(spread, path, total, least)
        spread.choice = choice = one.home if place == home else self._spills[place]
        # With the turns that follow, which count what the unit grows by over them.
        spread.turns = turns = TURNS if one.heat >= _MANY * unit else int(one.heat / unit) // TURN_HEAT
        self._unit = grown = unit * _TURNS[turns]
        counted = (grown - unit) * _SUM
        one.heat += counted
        loads[place] += unit + counted
        if grown > _GREATEST:
            self._shrink()
        return choice

    def _short(self, spread: Spread, path: bytes, total: float, least: int) -> int:
        """The first hub in rank order that is short, though it has not its image; without one the least loaded."""
        loads, places = self._loads, spread.places
        openings = enumerate(self._openings)
        short = [place for place, opening in openings if loads[place] < opening * total and place not in places]
        return self._open(spread, path, short) if short else least

    def _open(self, spread: Spread, path: bytes, short: list[int]) -> int:
        key = cache_key(path)
        place = self._first(key, short)[0]
        spread.hubs.add(self.hubs[place][0])
        spread.places = self._first(key, [*spread.places, place])
        return place

    def _first(self, key: bytes, places: list[int]) -> list[int]:
        """The places in the key's rank order."""
        return [places[each] for each in ranked(key, [self.hubs[place] for place in places])]

    def _renew(self, one: Repository, path: bytes) -> None:
        """What is known was of another unit, or of other hubs."""
        if one.stamp < self._unit_since:
            one.heat = one.heat / _GREATEST if one.stamp >= self._unit_before else 0.0
        if not self._since <= one.stamp <= self._stamp:
            self._settle(one, cache_key(path))
        one.stamp = self._stamp

    def _settle(self, one: Repository, key: bytes) -> None:
        home = self._ages.home(key, one.stamp, one.home[0])
        one.home = self._homes[home]
        if one.spread is not None:
            hubs = one.spread.hubs
            hubs.add(self.hubs[home][0])
            one.spread.places = self._first(key, [place for place, (hub, _) in enumerate(self.hubs) if hub in hubs])
            one.spread.turns = 0

    def _shrink(self) -> None:
        """Make the unit small again, before numbers end. Counts of repositories follow when they are next seen."""
        self._unit /= _GREATEST
        self._origin /= _GREATEST
        self._loads = [load / _GREATEST for load in self._loads]
        self._unit_before, self._stamp = self._unit_since, self._memory.stamp()
        self._unit_since = self._stamp


def _settled(before: BalancedAffinity, hubs: Hubs, shares: list[float]) -> list[float]:
    """What each hub counts as having received, now that hubs or weights are others.

    As if the new weights had always held: a hub that is new, back, or weighs more is not flooded to make up for the
    past. What a hub had received too much or too little still counts, the less the less it weighs now.
    """
    was = {hub: (load, share) for (hub, _), load, share in zip(before.hubs, before._loads, before._shares, strict=True)}
    total = before._total
    debts = [0.0] * len(hubs)
    for place, (hub, _) in enumerate(hubs):
        if hub in was:
            load, share = was[hub]
            debts[place] = (load - share * total) * min(1.0, shares[place] / share)
    left = sum(debts)  # of hubs that went, now the others' by their shares
    return [max(0.0, share * (total - left) + debt) for share, debt in zip(shares, debts, strict=True)]

"""What a worker chooses from: everything that can be worked out when a view loads, so that a request only looks up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from routing.balancing import Balancer, WeightedRandom, balancer
from routing.health_factors import SLOW_START
from routing.redirector.counters import FALLBACK, REASONS, cell
from routing.redirector.options import Options
from routing.redirector.view import View
from routing.snapshot import Hub, SnapshotError

HEALTH_FACTOR: Final = "health"

# Nothing that could end a header, a quoted cookie value or a cookie attribute.
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9._~:\[\]/%@!$&'()*+=-]+")


class Route:
    """One hub, ready to be written into answers; SnapshotError if its address may not stand in a header.

    `ways` has, for each reason to go there, the cell of the counters and the headers that say so, up to the cookie's
    date of expiry. With a reason given here that is the only one.
    """

    __slots__ = ("key", "url", "ways")

    def __init__(self, hub: Hub, first_cell: int, told: bool, only: str = "") -> None:
        if not _ADDRESS.fullmatch(hub.url):
            raise SnapshotError(f"the address of {hub.key} cannot be redirected to: {hub.url!r}")
        self.key = hub.key
        self.url = hub.url.rstrip("/").encode()
        cookie = b'\r\nset-cookie: host="%b"; expires=' % self.url
        ways = {
            reason: (number, (b"\r\nx-federation-reason: %b" % reason.encode() if told else b"") + cookie)
            for number, reason in enumerate(REASONS, first_cell)
        }
        self.ways = dict.fromkeys(REASONS, ways[only]) if only else ways


class Table:
    """One view of the federation, immutable: swapped whole, by one reference.

    `in_rotation` are the hubs that get new traffic; `ui_order` are all hubs, in the order in which they are to be asked
    for the pages of the federation; `routes` are the hubs the balancer chooses from, in its order.
    """

    def __init__(
        self,
        view: View,
        options: Options,
        slots: Mapping[str, int] | None = None,
        before: Table | None = None,
    ) -> None:
        self.view = view
        policy, hubs = view.snapshot.policy, view.snapshot.hubs
        self.cookie_age = 3600 * _first(options.cookie_age_hours, policy.host_cookie_age_hours)
        weights = {hub.key: hub.effective_weight for hub in hubs}
        healthy = {hub.key for hub in hubs if health(view, hub)[0]}
        self.in_rotation = tuple(hub for hub in hubs if weights[hub.key] > 0 and hub.key in healthy)
        rotating = {hub.key for hub in self.in_rotation}
        # Healthy before unhealthy, then the prime, then those in rotation; among these as the maintainers order them.
        self.ui_order = tuple(
            sorted(
                hubs, key=lambda hub: (hub.key not in healthy, _page_rank(hub), hub.key not in rotating, hub.ui_order)
            )
        )
        chosen_from = self.in_rotation or _last_resort(hubs)
        weighted = [(hub.key, weights[hub.key] or 1.0) for hub in chosen_from]
        only = "" if self.in_rotation else FALLBACK
        self.routes = [Route(hub, cell(slots or {}, hub.key), options.reason_header, only) for hub in chosen_from]
        self.balancer: Balancer = balancer(
            options.balancer or policy.balancer, weighted, None if before is None else before.balancer
        )
        self.draw: Balancer = WeightedRandom(weighted)  # for visitors without a repository
        self.choose = self.balancer.choose
        self.note = self.balancer.note
        self.sticky = {route.url: place for place, route in enumerate(self.routes)} if self.in_rotation else {}


def health(view: View, hub: Hub) -> tuple[bool, str]:
    """Whether a hub is healthy, and if not, why: our own checks say, else the portal's, else it counts as healthy."""
    verdict = view.verdicts.get(hub.key)
    if verdict is not None:
        return verdict.healthy, verdict.reason
    for factor in hub.factors:
        if factor.name == HEALTH_FACTOR and factor.value == 0:
            return False, factor.reason
    return True, ""


def _page_rank(hub: Hub) -> int:
    """The prime first, but one that has just come back last, until its slow start is over."""
    if not hub.prime:
        return 1
    return 2 if any(factor.name == SLOW_START for factor in hub.factors) else 0


def _first(given: float | None, otherwise: float) -> float:
    return otherwise if given is None else given


def _last_resort(hubs: Sequence[Hub]) -> tuple[Hub, ...]:
    """Nobody is in rotation: the prime hub as it is, else those with any promise of traffic, else all."""
    return tuple(
        [hub for hub in hubs if hub.prime][:1]
        or [hub for hub in hubs if hub.effective_weight > 0]
        or [hub for hub in hubs if hub.weight > 0]
        or hubs
    )

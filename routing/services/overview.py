"""The federation at this moment, as pages, badges and programs are told it: four queries, however many hubs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from routing import snapshot
from routing.models import CheckRound, Downtime, Hub, HubHealth, Policy
from routing.services import factors, hub_states, uptime, weights
from routing.services.hub_states import State
from routing.snapshot import Factor

WINDOWS: Final = {"24 h": 1, "7 days": 7, "30 days": 30, "90 days": 90}
DAYS: Final = 90
KEPT_SECONDS: Final = 60
KEPT_MOST: Final = 64


@dataclass(frozen=True)
class HubOverview:
    """One hub: what it is doing and why, and what it is promised and gets. Shares are in 0..1, of all hubs."""

    hub: Hub
    health: HubHealth
    state: State
    factors: tuple[Factor, ...]
    downtimes: tuple[Downtime, ...]
    promised: float
    share: float
    # The fact: target × factors.
    effective_weight: float

    @property
    def weight(self) -> float:
        """The promise."""
        return float(self.hub.weight)

    @property
    def serving(self) -> bool:
        """Whether it gets launches now, as far as anybody knows."""
        return self.effective_weight > 0 and self.state.kind != "unknown"


@dataclass(frozen=True)
class Overview:
    """All hubs but the retired ones, the largest promise first. `suspect` is since when none of them answers."""

    at: datetime
    policy: Policy
    hubs: tuple[HubOverview, ...]
    suspect: datetime | None = None

    def find(self, key: str) -> HubOverview | None:
        """The hub of that key."""
        return next((each for each in self.hubs if each.hub.key == key), None)

    @property
    def prime(self) -> HubOverview | None:
        """The hub whose versions are the reference."""
        return next((each for each in self.hubs if each.hub.prime), None)

    @property
    def taken_in(self) -> tuple[HubOverview, ...]:
        """All but those that are being set up: what is counted when people ask how many hubs there are."""
        return tuple(each for each in self.hubs if each.hub.state != Hub.State.ONBOARDING)

    def downtimes(self) -> list[Downtime]:
        """Current and coming downtimes of all hubs, the next first."""
        standing = {each.pk: each for hub in self.hubs for each in hub.downtimes if _ahead(each, self.at)}
        return sorted(standing.values(), key=lambda each: (each.starts_at, each.pk))


@dataclass(frozen=True)
class History:
    """A hub's uptime: in each of WINDOWS, and day by day (UTC), the oldest first."""

    windows: Mapping[str, uptime.Uptime]
    days: tuple[uptime.Uptime, ...]


# What was computed last, for the many who look at the same page while something is broken.
_remembered: dict[object, dict[int, History]] = {}


def read(now: datetime | None = None) -> Overview:
    """How everything is."""
    now = now or timezone.now()
    policy = Policy.objects.current()
    hubs = list(Hub.objects.published().with_ramp().select_related("member", "health"))
    downtimes = _downtimes(now)
    fleet = CheckRound.objects.filter(pk=1).first()
    suspect = fleet.fail_open_since if fleet else None
    found = [_facts(hub, downtimes.get(hub.pk, []), policy, now, suspect) for hub in hubs]
    return Overview(now, policy, tuple(_sorted(_shared(found))), suspect)


def of_retired(hub: Hub, now: datetime | None = None, policy: Policy | None = None) -> HubOverview:
    """A hub that has left: what is still said of it."""
    facts = _facts(hub, [], policy or Policy.objects.current(), now or timezone.now(), None)
    return next(iter(_shared([facts])))


def histories(hubs: Sequence[HubOverview], now: datetime) -> dict[int, History]:
    """The uptime of these hubs by primary key, in at most three queries.

    Ninety days don't move in a minute: computed once a minute, and at once when a flip or a downtime comes in.
    """
    planned = {each.hub.pk: tuple(uptime.planned_spans(each.downtimes, now)) for each in hubs}
    key = (int(now.timestamp() // KEPT_SECONDS), uptime.newest_flip(), tuple(planned.items()))
    known = _remembered.get(key)
    if known is None:
        pieces = uptime.of_hubs([each.hub for each in hubs], now - timedelta(days=DAYS), now, planned)
        known = {pk: _history(found, now) for pk, found in pieces.items()}
        if len(_remembered) >= KEPT_MOST:
            _remembered.clear()
        _remembered[key] = known
    return known


def forget() -> None:
    """Compute histories anew."""
    _remembered.clear()


def _history(pieces: Sequence[uptime.Stretch], now: datetime) -> History:
    end = now.timestamp()
    windows = {name: uptime.total(pieces, end - uptime.DAY * days, end) for name, days in WINDOWS.items()}
    return History(windows, tuple(uptime.days(pieces, end, DAYS)))


def _downtimes(now: datetime) -> dict[int, list[Downtime]]:
    """What was not cancelled, from as far back as history is shown: for states, for what comes and for the uptime."""
    found: dict[int, list[Downtime]] = {}
    rows = Downtime.objects.standing().exclude(ends_at__lte=now - timedelta(days=DAYS)).order_by("starts_at")
    for each in rows.only("hub_id", "severity", "starts_at", "ends_at", "text", "emergency", "cancelled_at"):
        found.setdefault(each.hub_id, []).append(each)
    return found


def _facts(
    hub: Hub, downtimes: Sequence[Downtime], policy: Policy, now: datetime, suspect: datetime | None
) -> hub_states.Facts:
    return hub_states.Facts(
        hub=hub,
        health=factors.health_of(hub),
        factors=factors.of(hub, downtimes, policy, now),
        downtimes=downtimes,
        policy=policy,
        now=now,
        suspect=suspect,
    )


def _shared(found: Sequence[hub_states.Facts]) -> Iterable[HubOverview]:
    promised = weights.shares(each.hub for each in found)
    effective = {each.hub.key: snapshot.effective_weight(float(each.hub.weight), each.factors) for each in found}
    total = sum(effective.values())
    for each in found:
        yield HubOverview(
            hub=each.hub,
            health=each.health,
            state=hub_states.state_of(each),
            factors=tuple(each.factors),
            downtimes=tuple(each.downtimes),
            promised=promised[each.hub.key],
            share=effective[each.hub.key] / total if total else 0.0,
            effective_weight=effective[each.hub.key],
        )


def _sorted(hubs: Iterable[HubOverview]) -> list[HubOverview]:
    return sorted(hubs, key=lambda each: (-each.promised, each.hub.name.casefold(), each.hub.key))


def _ahead(downtime: Downtime, now: datetime) -> bool:
    return downtime.ends_at is None or downtime.ends_at > now

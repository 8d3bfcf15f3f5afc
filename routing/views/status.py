"""The status page: is it me or you? The sentence, what is being said about it, and each hub with its last 90 days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from routing.models import Downtime, Hub, Incident
from routing.services import announcements, overview, sentences
from routing.services.hub_states import State
from routing.services.overview import History, HubOverview, Overview
from routing.views import drawings

FEEDS = (("/status.atom", "Atom feed of incidents and maintenance"), ("/maintenance.ics", "Maintenance as a calendar"))


@dataclass(frozen=True)
class Pods:
    """How full a hub is: lengths are in percent of its quota."""

    users: int
    builds: int
    quota: int | None

    @property
    def users_length(self) -> str:
        """Of the bar's part for users."""
        return _part(self.users, self.quota)

    @property
    def builds_length(self) -> str:
        """Of the bar's part for builds."""
        return _part(self.builds, self.quota)


@dataclass(frozen=True)
class Row:
    """A hub as the page shows it. Like all that is drawn once, it holds nothing but what is shown."""

    key: str
    name: str
    state: State
    days: SafeString
    figures: SafeString
    pods: Pods | None


@dataclass(frozen=True)
class Work:
    """A downtime of a hub; `begun` if it is on now."""

    key: str
    name: str
    begun: bool
    starts_at: datetime
    ends_at: datetime | None
    severity: str
    emergency: bool
    text: str


@dataclass(frozen=True)
class Telling:
    """An incident: the (key, name) of each of its hubs, and the (phase, when, text) of each update."""

    title: str
    opened_at: datetime
    resolved_at: datetime | None
    hubs: tuple[tuple[str, str], ...]
    updates: tuple[tuple[str, datetime, str], ...]


@never_cache
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The page. Its upper part asks for itself again while it is open."""
    now = overview.read()
    incidents = announcements.incidents(now.at)
    context = {
        "sentence": sentences.of(now),
        "rows": rows_of(now.hubs, now.at),
        "open_incidents": [told(each) for each in incidents.open],
        "past_incidents": [told(each) for each in incidents.past],
        "work": work_of(now),
        "feeds": [(path, title) for path, title in FEEDS if _exists(path)],
        "now": now.at,
        "past_days": announcements.PAST_DAYS,
    }
    return render(request, "status/status.html", context)


def rows_of(hubs: Sequence[HubOverview], now: datetime) -> list[Row]:
    """Hubs with their history."""
    histories = overview.histories(hubs, now)
    return [
        Row(each.hub.key, each.hub.name, each.state, *drawn(histories[each.hub.pk]), pods_of(each)) for each in hubs
    ]


def drawn(history: History) -> tuple[SafeString, SafeString]:
    """A history as bars and as numbers."""
    return drawings.day_bars(history.days), drawings.figures(tuple(history.windows.items()))


def work_of(now: Overview) -> list[Work]:
    """Current and coming maintenance."""
    hubs = {each.hub.pk: each.hub for each in now.hubs}
    return [_work(each, hubs[each.hub_id], now.at) for each in now.downtimes()]


def told(incident: Incident) -> Telling:
    """An incident whose hubs and updates are at hand."""
    return Telling(
        incident.title,
        incident.opened_at,
        incident.resolved_at,
        tuple((hub.key, hub.name) for hub in incident.hubs.all()),
        tuple((each.get_phase_display(), each.at, each.text) for each in incident.updates.all()),
    )


def pods_of(hub: HubOverview) -> Pods | None:
    """The hub's pods as it said last; None while nothing recent is known."""
    health = hub.health
    if hub.state.kind in {"out", "unknown"} or (health.user_pods is None and health.total_pods is None):
        return None
    users = health.user_pods if health.user_pods is not None else (health.total_pods or 0) - (health.build_pods or 0)
    return Pods(users, health.build_pods or 0, health.quota)


def _work(each: Downtime, hub: Hub, now: datetime) -> Work:
    return Work(
        hub.key,
        hub.name,
        each.starts_at <= now,
        each.starts_at,
        each.ends_at,
        each.severity,
        each.emergency,
        each.text,
    )


def _part(pods: int, quota: int | None) -> str:
    return f"{min(100 * pods / quota, 100):.1f}" if quota else "0"


def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True

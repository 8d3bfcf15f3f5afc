"""A hub's page: why it gets this much traffic, how it is, and everything that changed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from routing.models import Hub
from routing.services import announcements, answers, overview, redirects, timeline, timeline_words, wording
from routing.services.overview import HubOverview, Overview
from routing.services.uptime import Uptime
from routing.views import drawings, status, usage


@dataclass(frozen=True)
class Version:
    """One component: what the hub runs, and what the reference does."""

    name: str
    here: str
    reference: str

    @property
    def differs(self) -> bool:
        """Whether it is another than the reference."""
        return bool(self.reference) and self.here != self.reference


@dataclass(frozen=True)
class Day:
    """One UTC day of the uptime, for the table: a share in words, and whole minutes."""

    date: datetime
    share: str
    serving: int
    out: int
    planned: int
    unknown: int


@never_cache
@require_safe
def hub(request: HttpRequest, key: str) -> HttpResponse:
    """The page; of a hub that left only its history."""
    now = overview.read()
    found = now.find(key) or overview.of_retired(_retired(key), now.at)
    history = overview.histories([found], now.at)[found.hub.pk]
    days, figures = status.drawn(history)
    events = timeline.page(found.hub, timeline.Cursor.read(request.GET.get("before", "")))
    names = request.user.is_staff and request.user.has_perm("routing.view_weightchange")
    context = {
        "each": found,
        "retired": found.hub.state == Hub.State.RETIRED,
        "received": _received(found.hub),
        "pods": status.pods_of(found),
        "versions": _versions(found, now),
        "certificate_days": _days_left(found, now.at),
        "incidents": announcements.open_of(found.hub),
        "work": [each for each in status.work_of(now) if each.key == found.hub.key],
        "days": days,
        "figures": figures,
        "table": _table(history.days, now.at),
        "events": [timeline_words.tell(each, names=names) for each in events.entries],
        "older": events.older,
        "newer": "before" in request.GET,
        **usage.of_hub(found.hub),
        **_answers(found.hub, now.at),
    }
    return render(request, "hub/hub.html", context)


def _retired(key: str) -> Hub:
    gone = Hub.objects.select_related("member", "health").filter(key=key).first()
    if gone is None:
        raise Http404
    return gone


def _received(hub: Hub) -> float | None:
    """The share of today's launches that it was sent; None before the first and while the counter is away."""
    counts = redirects.today() or {}
    total = sum(counts.values())
    return counts.get(hub.key, 0) / total if total else None


def _versions(hub: HubOverview, now: Overview) -> list[Version]:
    reference = dict(now.prime.health.versions) if now.prime else {}
    policy = now.policy
    reference |= {"binderhub": policy.pinned_binderhub} if policy.pinned_binderhub else {}
    reference |= {"builder": policy.pinned_builder} if policy.pinned_builder else {}
    here = hub.health.versions
    return [Version(name, _text(here.get(name)), _text(reference.get(name))) for name in sorted({*here, *reference})]


def _text(value: object) -> str:
    """A value of /versions, which may hold values itself, for people."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(each)}" for name, each in sorted(value.items()))
    return "" if value is None else str(value)


def _days_left(hub: HubOverview, now: datetime) -> int | None:
    expires = hub.health.certificate_expires
    return None if expires is None else (expires - now).days


def _table(days: Sequence[Uptime], now: datetime) -> list[Day]:
    """The days, the newest first."""
    return [_day(now - timedelta(days=back), day) for back, day in enumerate(reversed(days))]


def _day(date: datetime, day: Uptime) -> Day:
    minutes = (round(seconds / 60) for seconds in (day.serving, day.out, day.planned, day.unknown))
    return Day(date, wording.availability(day.share), *minutes)


def _answers(hub: Hub, now: datetime) -> dict[str, Any]:
    slots = answers.last_day(hub, now)
    top = drawings.nice_top(max((slot.most or 0 for slot in slots), default=0))
    chart = drawings.answer_chart(slots, now, top) if slots else ""
    return {"slots": slots[::-1], "chart": chart, "chart_top": top}

"""Who gets the launches: the share promised against the share received, over time, and what is launched most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members.models import Member
from routing import repositories
from routing.models import Hub
from routing.services import usage
from routing.services.usage import WINDOWS, HubUsage, Repository, Usage, Window
from routing.views import usage_drawings

DEFAULT: Final = "day"
OF_HUB: Final = "week"
OF_MEMBER: Final = "month"
TOP: Final = 20
TOP_OF_HUB: Final = 5


@dataclass(frozen=True)
class Launched:
    """One repository as pages show it: `part` of all launches of the time, in 0..1."""

    text: str
    address: str
    launches: int
    part: float | None
    hubs: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Row:
    """One hub as pages show it."""

    usage: HubUsage
    chart: SafeString

    @property
    def spilled(self) -> int:
        """Launches that came because another hub, their repository's home, was full."""
        return self.usage.reasons.get(usage.SPILL, 0)

    @property
    def by_cookie(self) -> int:
        """Launches of visitors who came back."""
        return self.usage.reasons.get(usage.COOKIE, 0)


@dataclass(frozen=True)
class Slot:
    """One line of the table behind the charts: launches, and each hub's share received and promised."""

    at: datetime
    launches: int
    hubs: tuple[tuple[float | None, float | None], ...]


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page, of one window; without a word on which, of the last day."""
    window = WINDOWS.get(request.GET.get("window", ""), WINDOWS[DEFAULT])
    now = timezone.now()
    found = usage.look(window, now)
    since, until = _repository_days(window, now)
    launches = usage.total(since, until)
    top = [launched(each, launches) for each in usage.repositories(since, until, most=TOP)]
    scale = usage_drawings.top_of(every_share(found))
    context = {
        "window": window,
        "windows": WINDOWS.values(),
        "usage": found,
        "rows": [Row(each, _shares(each, received(found, each), scale)) for each in found.hubs],
        "scale": scale,
        "total": usage_drawings.columns(found.slot_totals(), _words(found)),
        "most": max(found.slot_totals(), default=0),
        "table": slots(found)[::-1],
        "repositories": top,
        "rare": max(0, launches - sum(each.launches for each in top)),
        "since": since,
        "until": until - timedelta(days=1),
    }
    return render(request, "usage/usage.html", context)


def of_day() -> dict[str, Any]:
    """What the federation's first page shows: the launches of the last 24 hours."""
    found = usage.totals(WINDOWS[DEFAULT])
    words = f"{sum(found):,} launches in the last 24 hours, at most {max(found):,} in an hour"
    return {"day_total": sum(found), "day_most": max(found), "day_chart": usage_drawings.columns(found, words)}


def of_hub(hub: Hub) -> dict[str, Any]:
    """What a hub's page shows: its shares over the last week, and what it launched most."""
    window, now = WINDOWS[OF_HUB], timezone.now()
    found = usage.look(window, now, hub=hub)
    mine = found.of(hub)
    if mine is None:
        return {"hub_usage": None}
    share = received(found, mine)
    scale = usage_drawings.top_of([*share, *mine.promises])
    since, until = _repository_days(window, now)
    rows = usage.repositories(since, until, hubs=[hub], most=TOP_OF_HUB)
    return {
        "hub_usage": Row(mine, _shares(mine, share, scale)),
        "hub_usage_slots": list(zip(found.slots, mine.launches, share, mine.promises, strict=True))[::-1],
        "hub_usage_scale": scale,
        "hub_repositories": [launched(each, mine.total) for each in rows],
        "hub_usage_since": since,
    }


def of_member(member: Member) -> dict[str, Any]:
    """What a member's page shows: each of its hubs over the last 30 days."""
    found = usage.look(WINDOWS[OF_MEMBER])
    mine = [each for each in found.hubs if each.hub.member_id == member.pk]
    scale = usage_drawings.top_of([share for each in mine for share in (*received(found, each), *each.promises)])
    rows = [Row(each, _shares(each, received(found, each), scale)) for each in mine]
    return {"usage_rows": rows, "usage_scale": scale, "usage_launches": sum(each.total for each in mine)}


def received(found: Usage, hub: HubUsage) -> list[float | None]:
    """The share of each slot's launches that a hub got; None where there were none."""
    totals = found.slot_totals()
    return [number / total if total else None for number, total in zip(hub.launches, totals, strict=True)]


def every_share(found: Usage) -> list[float | None]:
    """All shares that a chart may show: hubs share one scale, so that they can be compared."""
    return [share for each in found.hubs for share in (*received(found, each), *each.promises)]


def slots(found: Usage) -> list[Slot]:
    """The table behind the charts, the oldest slot first."""
    columns = [list(zip(received(found, each), each.promises, strict=True)) for each in found.hubs]
    return [
        Slot(at, total, tuple(column[place] for column in columns))
        for place, (at, total) in enumerate(zip(found.slots, found.slot_totals(), strict=True))
    ]


def launched(each: Repository, total: int) -> Launched:
    """A repository for pages."""
    part = min(1.0, each.launches / total) if total else None
    name, address = repositories.shown(each.name), repositories.address(each.name)
    return Launched(name, address, each.launches, part, tuple(each.hubs.items()))


def _repository_days(window: Window, now: datetime) -> tuple[date, date]:
    """Repositories are counted by day: the days that the window touches."""
    return window.begin(now).astimezone(UTC).date(), now.astimezone(UTC).date() + timedelta(days=1)


def _shares(each: HubUsage, share: Sequence[float | None], scale: float) -> SafeString:
    return usage_drawings.shares(share, each.promises, scale, usage_drawings.in_words(each.received, each.promised))


def _words(found: Usage) -> str:
    return f"{found.total:,} launches; the most in one column {max(found.slot_totals(), default=0):,}"

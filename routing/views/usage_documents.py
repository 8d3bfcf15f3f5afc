"""The numbers behind the charts of usage, as JSON and CSV. docs/status.md says what is in them.

Anybody may read them from any page (CORS). Fields are only ever added.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from routing.models import Hub
from routing.services import deliveries, usage
from routing.services.usage import WINDOWS, HubUsage, Usage
from routing.views.documents import for_everybody
from routing.views.usage import received

TOP: Final = 200


@dataclass(frozen=True)
class Asked:
    """What was asked for: a window or a month, of all hubs, of one, or of a member's."""

    name: str
    usage: Usage
    hubs: tuple[HubUsage, ...]
    narrowed: bool

    @property
    def days(self) -> tuple[date, date]:
        """The UTC days that it touches, the last one not among them."""
        return self.usage.since.astimezone(UTC).date(), _last_day(self.usage.until) + timedelta(days=1)


@require_safe
@cache_control(public=True, max_age=10)
@for_everybody
def as_json(request: HttpRequest) -> HttpResponse:
    """Everything."""
    asked = _asked(request)
    found = asked.usage
    return JsonResponse(
        {
            "window": asked.name,
            "since": found.since,
            "until": found.until,
            "launches": found.total,
            "spill_rate": found.spilled,
            "slots": list(found.slots),
            "hubs": [_hub(found, each) for each in asked.hubs],
            "repositories": {
                "since": asked.days[0],
                "until": asked.days[1] - timedelta(days=1),
                "top": [
                    {"name": each.name, "launches": each.launches, "hubs": each.hubs} for each in _repositories(asked)
                ],
            },
        }
    )


@require_safe
@cache_control(public=True, max_age=10)
@for_everybody
def as_csv(request: HttpRequest) -> HttpResponse:
    """A row for each slot and hub."""
    asked = _asked(request)
    header = ("since", "hub", "launches", "received_share", "promised_share")
    rows = [
        (at.isoformat(), each.hub.key, launches, _share(share), _share(promised))
        for each in asked.hubs
        for at, launches, share, promised in zip(
            asked.usage.slots, each.launches, received(asked.usage, each), each.promises, strict=True
        )
    ]
    return _csv(f"usage-{asked.name}.csv", header, sorted(rows))


@require_safe
@cache_control(public=True, max_age=10)
@for_everybody
def repositories_csv(request: HttpRequest) -> HttpResponse:
    """A row for each of the most launched repositories and hub."""
    asked = _asked(request)
    rows = [(each.name, hub, number) for each in _repositories(asked) for hub, number in each.hubs.items()]
    return _csv(f"repositories-{asked.name}.csv", ("repository", "hub", "launches"), rows)


def _asked(request: HttpRequest) -> Asked:
    month, hub, member = (request.GET.get(name, "") for name in ("month", "hub", "member"))
    name = month or request.GET.get("window", "day")
    found = _month(month, timezone.now()) if month else _window(name)
    hubs = tuple(each for each in found.hubs if hub in ("", each.hub.key) and member in ("", each.hub.member.slug))
    if hub and hub not in set(Hub.objects.values_list("key", flat=True)):
        raise Http404
    return Asked(name, found, hubs, bool(hub or member))


def _window(name: str) -> Usage:
    if name not in WINDOWS:
        raise Http404
    return usage.look(WINDOWS[name])


def _month(text: str, now: datetime) -> Usage:
    try:
        month = deliveries.month_of(text)
    except deliveries.NoSuchMonth:
        raise Http404 from None
    if month.first > now.date():
        raise Http404
    return usage.between(month.first, month.end, now)


def _last_day(until: datetime) -> date:
    """The day of the last moment before `until`."""
    return (until - timedelta(microseconds=1)).astimezone(UTC).date()


def _repositories(asked: Asked) -> list[usage.Repository]:
    hubs = [each.hub for each in asked.hubs] if asked.narrowed else None
    return usage.repositories(*asked.days, hubs=hubs, most=TOP)


def _hub(found: Usage, each: HubUsage) -> dict[str, Any]:
    return {
        "key": each.hub.key,
        "name": each.hub.name,
        "member": each.hub.member.slug,
        "launches": each.total,
        "received_share": each.received,
        "promised_share": each.promised,
        "reasons": each.reasons,
        "slots": [
            {"launches": launches, "received_share": share, "promised_share": promised}
            for launches, share, promised in zip(each.launches, received(found, each), each.promises, strict=True)
        ],
    }


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.6f}"


def _csv(name: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> HttpResponse:
    """No cell begins in a way that a spreadsheet takes for a formula: names begin with a provider, keys with a letter
    or a digit."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

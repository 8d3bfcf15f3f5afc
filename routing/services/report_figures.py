"""What the portal knows of a month: the figures in members' reports and in the federation's.

Plain data throughout, because they are frozen with a report and read from it years later: names as they were, moments
as ISO 8601, shares in 0..1, None for what is not known. All of it is public. Fields are only ever added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from foundation.months import Month
from members.models import ComputeOffer, Member, MemberChange
from routing.models import Downtime, Hub, Incident, LaunchDay, UsageDay, WeightChange
from routing.services import deliveries, uptime, usage, weights
from routing.services.usage import HubUsage, Usage

MOST: Final = 50
TOP: Final = 5
BEFORE: Final = 11

Figures = dict[str, Any]


@dataclass(frozen=True)
class HubMonth:
    """One hub's month."""

    hub: Hub
    usage: HubUsage | None
    uptime: uptime.Uptime
    user_hours: deliveries.UserHours | None
    launches: tuple[float, float] | None

    def plain(self) -> Figures:
        """As data."""
        succeeded, tried = self.launches or (None, None)
        return {
            "key": self.hub.key,
            "name": self.hub.name,
            "redirects": self.usage.total if self.usage else 0,
            "received": self.usage.received if self.usage else None,
            "promised": self.usage.promised if self.usage else None,
            "uptime": self.uptime.share,
            "out_minutes": round(self.uptime.out / 60),
            "planned_minutes": round(self.uptime.planned / 60),
            "user_hours": self.user_hours and round(self.user_hours.hours),
            "launches": tried,
            "launches_succeeded": succeeded,
        }


def of_member(member: Member, month: Month, now: datetime | None = None) -> Figures:
    """A member's month; of a month that is not over, so far. As many queries for ten hubs as for one."""
    now = now or timezone.now()
    found = usage.between(month.first, month.end, now)
    mine = _hub_months(found, month, now, member)
    return {
        **_sums(mine, found, month, now),
        "all_redirects": found.total,
        "hubs": [each.plain() for each in mine],
        "days": _days([each.usage for each in mine if each.usage], found),
        "incidents": _incidents(month, mine),
        "maintenance": [_work(each) for each in _downtimes(month, [each.hub for each in mine])[:MOST]],
        "offers": [_offer(each) for each in deliveries.offers_of(member, month)],
        "changes": sorted([*_weights(member, month), *_steps(member, month)], key=lambda each: str(each["at"])),
    }


def of_federation(month: Month, now: datetime | None = None) -> Figures:
    """The federation's month, with a line for each member that gave, and the months before it."""
    now = now or timezone.now()
    found = usage.between(month.first, month.end, now)
    hubs = [each for each in _hub_months(found, month, now, None) if each.hub.member.is_public]
    members = {each.hub.member_id: each.hub.member for each in hubs}
    rows = [_sums([each for each in hubs if each.hub.member_id == pk], found, month, now) for pk in members]
    lines = [
        {"slug": member.slug, "name": member.name, **row} for member, row in zip(members.values(), rows, strict=True)
    ]
    return {
        **_sums(hubs, found, month, now),
        "all_redirects": found.total,
        "hubs": len(hubs),
        "members": sorted(lines, key=lambda line: (-line["redirects"], line["name"])),
        "days": list(found.slot_totals()),
        "incidents": _incidents(month, None),
        "maintenance": [_work(each) for each in _downtimes(month, [each.hub for each in hubs])[:MOST]],
        "repositories": [
            {"name": each.name, "redirects": each.launches}
            for each in usage.repositories(month.first, month.end, most=TOP)
        ],
        "months": _months(month, found.total),
    }


def _hub_months(found: Usage, month: Month, now: datetime, member: Member | None) -> list[HubMonth]:
    """Every hub, or every one of a member, that was promised or sent anything or takes part; the busiest first."""
    known = {each.hub.pk: each for each in found.hubs}
    there = Q(pk__in=known) | Q(state__in=[Hub.State.ACTIVE, Hub.State.DRAINED], created_at__lt=month.ends_at)
    owned = Q(member=member) if member else Q()
    hubs = list(Hub.objects.filter(there, owned).select_related("member"))
    start, end = month.begins_at, max(month.begins_at, min(month.ends_at, now))
    planned: dict[int, list[uptime.Span]] = {}
    for each in Downtime.objects.standing().filter(hub__in=hubs, starts_at__lt=end).exclude(ends_at__lte=start):
        planned.setdefault(each.hub_id, []).extend(uptime.planned_spans([each], end))
    pieces = uptime.of_hubs(hubs, start, end, planned)
    hours = deliveries.user_hours(hubs, month, now)
    sums = (
        LaunchDay.objects.filter(hub__in=hubs, day__gte=month.first, day__lt=month.end)
        .values_list("hub_id")
        .order_by("hub_id")
    )
    launches = {pk: (done, tried) for pk, done, tried in sums.annotate(Sum("succeeded"), Sum("tried"))}
    rows = [
        HubMonth(
            hub=hub,
            usage=known.get(hub.pk),
            uptime=uptime.total(pieces[hub.pk], start.timestamp(), end.timestamp()),
            user_hours=hours.get(hub.pk),
            launches=launches.get(hub.pk),
        )
        for hub in hubs
    ]
    return sorted(rows, key=lambda each: (-(each.usage.total if each.usage else 0), each.hub.key))


def _sums(rows: Sequence[HubMonth], found: Usage, month: Month, now: datetime) -> Figures:
    """What several hubs did together."""
    redirects = sum(each.usage.total for each in rows if each.usage)
    known = [each.uptime for each in rows]
    serving, out = sum(each.serving for each in known), sum(each.out for each in known)
    promised = [each.usage.promised for each in rows if each.usage and each.usage.promised is not None]
    hours = [each.user_hours.hours for each in rows if each.user_hours]
    counted = [each.launches for each in rows if each.launches]
    return {
        "month": str(month),
        "as_of": now.isoformat(),
        "over": month.ends_at <= now,
        "redirects": redirects,
        "received": redirects / found.total if found.total else None,
        "promised": sum(promised) if promised else None,
        "uptime": serving / (serving + out) if serving + out else None,
        "out_minutes": round(out / 60),
        "planned_minutes": round(sum(each.planned for each in known) / 60),
        "user_hours": round(sum(hours)) if hours else None,
        "launches": sum(tried for _, tried in counted) if counted else None,
        "launches_succeeded": sum(done for done, _ in counted) if counted else None,
    }


def _days(mine: Sequence[HubUsage], found: Usage) -> list[int]:
    return [sum(each.launches[place] for each in mine) for place in range(len(found.slots))]


def _incidents(month: Month, rows: Sequence[HubMonth] | None) -> list[Figures]:
    """Those that were open in the month; of these hubs, or all."""
    open_then = Q(opened_at__lt=month.ends_at) & (Q(resolved_at=None) | Q(resolved_at__gte=month.begins_at))
    incidents = Incident.objects.public().filter(open_then)
    if rows is not None:
        incidents = incidents.filter(hubs__in=[each.hub.pk for each in rows]).distinct()
    return [
        {
            "title": each.title,
            "opened_at": each.opened_at.isoformat(),
            "resolved_at": each.resolved_at and each.resolved_at.isoformat(),
            "hubs": sorted(hub.name for hub in each.hubs.all()),
        }
        for each in incidents.order_by("opened_at", "pk").prefetch_related("hubs")[:MOST]
    ]


def _downtimes(month: Month, hubs: Iterable[Hub]) -> list[Downtime]:
    rows = Downtime.objects.standing().filter(hub__in=list(hubs), starts_at__lt=month.ends_at, emergency=False)
    return list(rows.exclude(ends_at__lte=month.begins_at).order_by("starts_at", "pk").select_related("hub"))


def _work(downtime: Downtime) -> Figures:
    return {
        "hub": downtime.hub.name,
        "text": downtime.text,
        "severity": downtime.severity,
        "starts_at": downtime.starts_at.isoformat(),
        "ends_at": downtime.ends_at and downtime.ends_at.isoformat(),
    }


def _offer(offer: ComputeOffer) -> str:
    """What was given, of what everybody may know."""
    parts = [
        f"{offer.cpu_cores:,} CPU cores" if offer.cpu_cores else "",
        f"{offer.memory_gib:,} GiB of memory" if offer.memory_gib else "",
        f"{offer.concurrent_users:,} users at the same time" if offer.concurrent_users else "",
    ]
    given = ", ".join(filter(None, parts)) or "compute"
    return given + (f" at {offer.provider}" if offer.provider else "")


def _weights(member: Member, month: Month) -> list[Figures]:
    rows = WeightChange.objects.filter(hub__member=member, at__gte=month.begins_at, at__lt=month.ends_at)
    return [
        {
            "at": each.at.isoformat(),
            "what": f"{each.hub.name}: weight {weights.shown(each.from_weight)} → {weights.shown(each.to_weight)}",
            "why": each.reason,
        }
        for each in rows.order_by("at", "pk").select_related("hub")[:MOST]
    ]


def _steps(member: Member, month: Month) -> list[Figures]:
    """That it joined, rested or left; why is between the member and the maintainers."""
    rows = MemberChange.objects.filter(member=member, at__gte=month.begins_at, at__lt=month.ends_at)
    return [
        {"at": each.at.isoformat(), "what": f"{member} became {each.get_to_state_display()}", "why": ""}
        for each in rows.order_by("at", "pk")[:MOST]
    ]


def _months(month: Month, redirects: int) -> list[Figures]:
    """This month and those before it, the oldest first; without those of before anything was counted."""
    names = [month.before]
    while len(names) < BEFORE:
        names.append(names[-1].before)
    rows = UsageDay.objects.filter(at__gte=names[-1].begins_at, at__lt=month.begins_at).order_by()
    sums = rows.annotate(of=TruncMonth("at", tzinfo=UTC)).values_list("of").annotate(Sum("launches"))
    known = {f"{at:%Y-%m}": number for at, number in sums}
    found = [{"month": str(each), "redirects": known.get(str(each), 0)} for each in names]
    while found and not found[-1]["redirects"]:
        found.pop()
    return [*found[::-1], {"month": str(month), "redirects": redirects}]

"""What a member gave in a month: launches served, user-hours as far as known, share promised and received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from foundation.months import Month, NoSuchMonth, month_of
from members.models import ComputeOffer, Member
from members.services import visibility
from routing.models import HealthHour, Hub, Promise, UsageDay
from routing.services import usage
from routing.services.usage import HubUsage, Repository, Usage

__all__ = ["Delivery", "Month", "NoSuchMonth", "UserHours", "month_of", "months", "newest_month", "read"]

TOP: Final = 10


@dataclass(frozen=True)
class UserHours:
    """The hours that people's servers ran, together; `known` hours were looked at, of `all` that there were."""

    hours: float
    known: int
    all: int


@dataclass(frozen=True)
class HubDelivery:
    """One hub's part."""

    usage: HubUsage
    user_hours: UserHours | None


@dataclass(frozen=True)
class Delivery:
    """One member's month. Shares are of all launches of the federation, in 0..1."""

    member: Member
    month: Month
    over: bool
    usage: Usage
    hubs: tuple[HubDelivery, ...]
    repositories: tuple[Repository, ...]
    offers: tuple[ComputeOffer, ...]

    @property
    def launches(self) -> int:
        """Launches that its hubs served."""
        return sum(each.usage.total for each in self.hubs)

    @property
    def received(self) -> float | None:
        """The share of all launches that its hubs received."""
        return self.launches / self.usage.total if self.usage.total else None

    @property
    def promised(self) -> float | None:
        """The share that its hubs were promised."""
        known = [each.usage.promised for each in self.hubs if each.usage.promised is not None]
        return sum(known) if known else None

    @property
    def user_hours(self) -> UserHours | None:
        """Those of all its hubs; None where no hub told."""
        known = [each.user_hours for each in self.hubs if each.user_hours is not None]
        if not known:
            return None
        return UserHours(*(sum(getattr(each, name) for each in known) for name in ("hours", "known", "all")))

    def days(self) -> list[tuple[datetime, int]]:
        """The launches that its hubs served, day by day."""
        columns = [each.usage.launches for each in self.hubs]
        return [(at, sum(column[place] for column in columns)) for place, at in enumerate(self.usage.slots)]


def months(now: datetime | None = None) -> list[Month]:
    """All months of which there is something to tell, the newest first."""
    today = (now or timezone.now()).astimezone(UTC).date()
    first = _first_day()
    found, month = [], Month(today.replace(day=1))
    while first is not None and month.end > first:
        found.append(month)
        month = month.before
    return found


def read(member: Member, month: Month, now: datetime | None = None) -> Delivery:
    """The month of a member; NoSuchMonth where there is nothing to tell yet."""
    now = now or timezone.now()
    first, today = _first_day(), now.astimezone(UTC).date()
    if first is None or month.end <= first or month.first > today:
        raise NoSuchMonth(str(month))
    found = usage.between(month.first, month.end, now)
    mine = [each for each in found.hubs if each.hub.member_id == member.pk]
    hours = user_hours([each.hub for each in mine], month, now)
    top = usage.repositories(month.first, month.end, hubs=[each.hub for each in mine], most=TOP) if mine else []
    return Delivery(
        member=member,
        month=month,
        over=month.end <= today,
        usage=found,
        hubs=tuple(HubDelivery(each, hours.get(each.hub.pk)) for each in mine),
        repositories=tuple(top),
        offers=offers_of(member, month),
    )


def _first_day() -> date | None:
    """The first day that anything was counted or promised."""
    counted: datetime | None = UsageDay.objects.aggregate(Min("at"))["at__min"]
    promised: datetime | None = Promise.objects.aggregate(Min("at"))["at__min"]
    known = [each.astimezone(UTC).date() for each in (counted, promised) if each]
    return min(known, default=None)


def user_hours(hubs: Sequence[Hub], month: Month, now: datetime) -> dict[int, UserHours]:
    """By hub: the mean number of people's servers in an hour is what that hour adds."""
    begin, end = month.begins_at, min(month.ends_at, now)
    rows = HealthHour.objects.filter(hub__in=hubs, hour__gte=begin, hour__lt=end).order_by().values("hub_id")
    told = rows.filter(user_pods_mean__isnull=False)
    sums = told.annotate(hours=Sum("user_pods_mean"), known=Count("pk"))
    length = int((end - begin).total_seconds() // 3600)
    return {row["hub_id"]: UserHours(row["hours"], row["known"], max(length, row["known"])) for row in sums}


def offers_of(member: Member, month: Month) -> tuple[ComputeOffer, ...]:
    """The offers that gave in this month, of those that everybody may know of."""
    rows = visibility.offers(visibility.Viewer()).filter(member=member)
    given = rows.filter(Q(starts=None) | Q(starts__lt=month.end), Q(ends=None) | Q(ends__gte=month.first))
    return tuple(given.order_by("id"))


def newest_month(now: datetime | None = None) -> Month | None:
    """The last month that is over, else the running one; None before anything was counted."""
    found = months(now)
    return found[1] if len(found) > 1 else found[0] if found else None

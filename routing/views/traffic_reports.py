"""What a member gave in a month: a page to show to a funder, with an address that stays."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members.models import Member
from members.services import visibility
from routing.services import deliveries
from routing.views import usage_drawings
from routing.views.usage import launched


@never_cache
@require_safe
def newest(request: HttpRequest, slug: str) -> HttpResponse:
    """To the last month that is over; before there is one, a word on that."""
    member = _member(request, slug)
    month = deliveries.newest_month()
    if month is None:
        return render(request, "usage/no_report.html", {"member": member})
    return redirect("traffic-report", member.slug, month)


@never_cache
@require_safe
def report(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """One month."""
    member, now = _member(request, slug), timezone.now()
    try:
        delivery = deliveries.read(member, deliveries.month_of(month), now)
    except deliveries.NoSuchMonth:
        raise Http404 from None
    days = delivery.days()
    launches = [number for _, number in days]
    context = {
        "member": member,
        "delivery": delivery,
        "now": now,
        "address": request.build_absolute_uri(request.path),
        "days": [(at, number) for at, number in days if at <= now],
        "chart": usage_drawings.columns(launches, f"{delivery.launches:,} launches, day by day"),
        "most": max(launches, default=0),
        "repositories": [launched(each, delivery.launches) for each in delivery.repositories],
        "months": deliveries.months(now),
    }
    return render(request, "usage/report.html", context)


def _member(request: HttpRequest, slug: str) -> Member:
    return get_object_or_404(visibility.members(visibility.viewer(request.user)), slug=slug)

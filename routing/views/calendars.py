"""Calendars: what there is to subscribe to, and each person's own secret address."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.models import CalendarAddress
from members.services import calendar_addresses, meetings
from members.views.own import who
from routing.services import calendars
from routing.views.feeds import CALENDAR, answer


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Both calendars, and how to subscribe."""
    user = request.user
    own = CalendarAddress.objects.filter(user=user).first() if user.is_authenticated else None
    context = {
        "own": own,
        "link": calendar_addresses.link(own) if own else "",
        "public": calendars.public_link(),
        "takes_part": meetings.takes_part(user),
    }
    return render(request, "calendars/calendars.html", context)


@require_safe
def public(request: HttpRequest) -> HttpResponse:
    """Everybody's calendar."""
    return answer(request, calendars.public(), CALENDAR)


@require_safe
def personal(request: HttpRequest, secret: str) -> HttpResponse:
    """One person's calendar, for whoever has its address."""
    user = calendar_addresses.of_link(secret)
    if user is None:
        raise Http404
    response = answer(request, calendars.personal(user), CALENDAR, whose="private")
    # Its address is a key: it is in no list, and told to no other page.
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_required
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Make an address, another one, or take it back."""
    if request.POST.get("do") == "take-back":
        calendar_addresses.take_back(who(request))
        messages.success(request, "The address was taken back: nobody reads your calendar by it any more.")
    else:
        had = CalendarAddress.objects.filter(user=who(request)).exists()
        calendar_addresses.make(who(request))
        told = " The one of before leads nowhere now." if had else ""
        messages.success(request, f"This is the address of your calendar.{told} Keep it to yourself.")
    return redirect("calendars")

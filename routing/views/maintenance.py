"""Maintenance of a member's own hubs: plan it, change it, call it off."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from foundation import reasons
from members.models import Member, Role
from members.views.own import for_member, page, who
from routing.models import Downtime
from routing.own_forms import LaterForm, PlanForm
from routing.services import downtimes

REFUSED = (downtimes.DowntimesError, reasons.NoReason)
PAST = timedelta(days=90)


@for_member(Role.VIEWER)
@require_safe
def listing(request: HttpRequest, member: Member) -> HttpResponse:
    """What is on, what comes, and what was in the last months."""
    now = timezone.now()
    found = Downtime.objects.filter(hub__member=member).exclude(ends_at__lt=now - PAST).select_related("hub")
    rows = [(each, each.phase(now)) for each in found]
    ahead = [row for row in rows if row[1] in {"on", "coming"}]
    context = {"ahead": ahead[::-1], "past": [row for row in rows if row not in ahead]}
    return page(request, "my/maintenance.html", member, **context)


@for_member(Role.EDITOR)
def plan(request: HttpRequest, member: Member) -> HttpResponse:
    """Announce some."""
    zone = who(request).time_zone or member.time_zone
    known = {"hubs": request.GET.getlist("hub")} if "hub" in request.GET else {}
    form = PlanForm(request.POST or None, member=member, zone=zone, initial=known)
    if form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("starts", "ends", "severity", "text")}
        try:
            rows = downtimes.plan(form.cleaned_data["hubs"], by=who(request), **values)
        except REFUSED as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Announced for {', '.join(row.hub.name for row in rows)}.")
            for other in downtimes.beside(rows):
                said = (
                    f"{other.hub} has other maintenance at that time: “{other.text}” If it is the same, call one off."
                )
                messages.warning(request, said)
            return redirect("my-maintenance", member.slug)
    return page(request, "my/plan.html", member, form=form)


@for_member(Role.EDITOR)
def change(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Let it end later, end it now, or call it off."""
    row = get_object_or_404(Downtime.objects.select_related("hub__member"), pk=pk, hub__member=member)
    verb = request.POST.get("verb")
    zone = who(request).time_zone or member.time_zone
    form = LaterForm(request.POST if verb == "extend" else None, zone=zone)
    try:
        said = _change(row, verb, request, form)
    except REFUSED as error:
        said = ""
        if form.is_bound:
            form.add_error(None, str(error))
        else:
            messages.error(request, str(error))
    if said:
        messages.success(request, f"{row.hub}: {said}.")
        return redirect("my-maintenance", member.slug)
    return page(request, "my/downtime.html", member, row=row, phase=row.phase(timezone.now()), form=form)


def _change(row: Downtime, verb: str | None, request: HttpRequest, form: LaterForm) -> str:
    """What was done; nothing if there is nothing to do, or the form is not right."""
    by, reason = who(request), request.POST.get("reason", "")
    match verb:
        case "extend" if form.is_valid():
            changed = downtimes.extend(row, form.cleaned_data["ends"], reason=form.cleaned_data["reason"], by=by)
        case "end":
            changed = downtimes.end_early(row, reason=reason, by=by)
        case "cancel":
            changed = downtimes.cancel(row, reason=reason, by=by)
        case _:
            return ""
    return changed.change

"""What is asked before maintenance is changed, and before a hub is drained at once or comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from foundation import reasons
from foundation.zones import said
from routing.admin import pages
from routing.downtime_forms import DowntimeForm, DrainForm, ExtendForm
from routing.forms import ReasonForm
from routing.models import Downtime, Hub, Policy
from routing.services import downtimes, weights

REFUSED = (downtimes.DowntimesError, reasons.NoReason)
COMES_BACK = "Launches come back step by step, once its checks pass."


def plan(admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Ask what is planned; ask again when nobody would be left; announce it."""
    known = {"hubs": request.GET.getlist("hub")}
    form = DowntimeForm(request.POST or None, initial=known)
    valid = form.is_valid()
    away = form.cleaned_data["hubs"] if valid and form.cleaned_data["severity"] == Downtime.Severity.OUTAGE else []
    lead = timedelta(minutes=Policy.objects.current().drain_lead_minutes)
    ask = pages.Confirmation(
        title="Plan maintenance",
        form=form,
        yes="Announce it",
        back=pages.changelist("downtime"),
        sentences=(
            f"Ahead of an outage the hub gets no new launches from {_span(lead)} before it begins. After it, "
            "launches come back step by step.",
            "At risk is a notice only: launches go on.",
            "A hub in maintenance alerts nobody and does not count as down.",
        ),
        warnings=_nobody_left(away),
    )
    if not valid or not ask.is_confirmed(request):
        return ask.ask(admin, request)
    values = {name: form.cleaned_data[name] for name in ("starts", "ends", "severity", "text")}
    try:
        rows = downtimes.plan(form.cleaned_data["hubs"], by=pages.who(request), **values)
    except REFUSED as error:
        return _again(admin, request, ask, error)
    for row in rows:
        admin.log_addition(request, row, f"Announced from {said(row.starts_at)}")
    names = ", ".join(row.hub.name for row in rows)
    messages.success(request, f"Announced for {names}: {_when(rows[0])}.")
    return redirect(pages.changelist("downtime"))


def extend(admin: ModelAdmin[Any], request: HttpRequest, row: Downtime) -> HttpResponse:
    """Ask for a later end, and why."""
    form = ExtendForm(request.POST or None, initial={"ends": row.ends_at})
    return _change(
        admin,
        request,
        row,
        form,
        words=("Extend", f"It ends on {said(row.ends_at)} now." if row.ends_at else "It has no end."),
        verb=lambda values: downtimes.extend(row, values["ends"], reason=values["reason"], by=pages.who(request)),
    )


def end_early(admin: ModelAdmin[Any], request: HttpRequest, row: Downtime) -> HttpResponse:
    """Ask why it ends now."""
    return _change(
        admin,
        request,
        row,
        ReasonForm(request.POST or None),
        words=("End it now", COMES_BACK),
        verb=lambda values: downtimes.end_early(row, reason=values["reason"], by=pages.who(request)),
    )


def cancel(admin: ModelAdmin[Any], request: HttpRequest, row: Downtime) -> HttpResponse:
    """Ask why it does not happen."""
    return _change(
        admin,
        request,
        row,
        ReasonForm(request.POST or None),
        words=("Call it off", "Subscribers are told; calendars mark it as cancelled."),
        verb=lambda values: downtimes.cancel(row, reason=values["reason"], by=pages.who(request)),
    )


def drain(admin: ModelAdmin[Any], request: HttpRequest, hub: Hub) -> HttpResponse:
    """Ask why, and until when; ask again when nobody would be left; do it."""
    form = DrainForm(request.POST or None)
    ask = pages.Confirmation(
        title=f"Drain {hub.name} now",
        form=form,
        yes="Drain it now",
        back=reverse("admin:routing_hub_change", args=[hub.pk]),
        sentences=(
            "It gets no new launches from now on; those that run there go on.",
            "It alerts nobody meanwhile. Subscribers of the status feed can read the reason.",
        ),
        warnings=_nobody_left([hub]),
    )
    if not form.is_valid() or not ask.is_confirmed(request):
        return ask.ask(admin, request)
    reason, until = form.cleaned_data["reason"], form.cleaned_data["until"]
    try:
        downtimes.drain(hub, reason=reason, until=until, by=pages.who(request))
    except REFUSED as error:
        return _again(admin, request, ask, error)
    admin.log_change(request, hub, f"Drained: {reason}")
    messages.success(request, f"{hub.name} is drained. Redirectors follow within two seconds.")
    return redirect(ask.back)


def undrain(admin: ModelAdmin[Any], request: HttpRequest, hub: Hub) -> HttpResponse:
    """Say what happens, do it: no reason is asked of who brings a hub back."""
    ask = pages.Confirmation(
        title=f"Undrain {hub.name}",
        form=forms.Form(request.POST or None),
        yes="Undrain it",
        back=reverse("admin:routing_hub_change", args=[hub.pk]),
        sentences=(COMES_BACK,),
    )
    if request.method != "POST":
        return ask.ask(admin, request)
    try:
        downtimes.undrain(hub, by=pages.who(request))
    except REFUSED as error:
        messages.error(request, str(error))
    else:
        admin.log_change(request, hub, "Undrained")
        messages.success(request, f"{hub.name} is undrained: its launches come back step by step.")
    return redirect(ask.back)


def of_hub(hub: Hub) -> SafeString:
    """What is on and what comes, each a link to its page, and the way to plan more."""
    now = timezone.now()
    coming = Downtime.objects.coming(now).filter(hub=hub).order_by("starts_at")
    items = format_html_join(
        "",
        '<li><a class="office-link" href="{}">{}</a>, {}</li>',
        (
            (reverse("admin:routing_downtime_change", args=[row.pk]), row.text, _when(row))
            for row in (*Downtime.objects.at(now).filter(hub=hub), *coming)
        ),
    )
    plan_more = f"{reverse('admin:routing_downtime_add')}?hub={hub.pk}"
    return format_html('<ul>{}<li><a class="office-link" href="{}">Plan maintenance</a></li></ul>', items, plan_more)


def _change(
    admin: ModelAdmin[Any],
    request: HttpRequest,
    row: Downtime,
    form: forms.Form,
    *,
    words: tuple[str, str],
    verb: Callable[[dict[str, Any]], Downtime],
) -> HttpResponse:
    title, sentence = words
    ask = pages.Confirmation(
        title=f"{title}: {row.hub.name}",
        form=form,
        yes=title,
        back=reverse("admin:routing_downtime_change", args=[row.pk]),
        sentences=(f"“{row.text}”, {_when(row)}.", sentence),
    )
    if not form.is_valid():
        return ask.ask(admin, request)
    try:
        verb(form.cleaned_data)
    except downtimes.Settled as error:
        messages.error(request, f"Nothing was changed. {error}")
    except REFUSED as error:
        return _again(admin, request, ask, error)
    else:
        admin.log_change(request, row, row.change)
        messages.success(request, f"{row.hub.name}: {row.change}.")
    return redirect(ask.back)


def _again(admin: ModelAdmin[Any], request: HttpRequest, ask: pages.Confirmation, error: Exception) -> HttpResponse:
    ask.form.add_error(None, str(error))
    return ask.ask(admin, request)


def _nobody_left(away: list[Hub]) -> list[str]:
    if not away:
        return []
    states = {hub.pk: Hub.State.DRAINED.value for hub in away}
    return weights.consequences(weights.preview(list(Hub.objects.published().order_by("name")), {}, states))


def _when(row: Downtime) -> str:
    return f"{said(row.starts_at)} to {said(row.ends_at)}" if row.ends_at else f"since {said(row.starts_at)}"


def _span(lead: timedelta) -> str:
    minutes = int(lead.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes and not minutes % 60 else f"{minutes} min"

"""What is asked of weights that are to return by themselves: now, at another time, or not at all."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from foundation import reasons
from foundation.zones import said
from routing.admin import pages
from routing.models import TimedChange
from routing.services import timed_changes, weights
from routing.weight_forms import TimedForm


def timed_page(admin: ModelAdmin[Any], request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
    """Say what lasts, ask what becomes of it, do it."""
    rows = list(TimedChange.objects.filter(batch=batch).select_related("hub", "by"))
    if not rows:
        raise Http404("There is no such change.")
    form = TimedForm(request.POST or None, initial={"zone": pages.who(request).time_zone or "UTC"})
    ask = pages.Confirmation(
        title="Weights for a time",
        form=form,
        yes="Do it",
        back=reverse("admin:routing_weightchange_add"),
        sentences=[_sentence(row) for row in rows],
    )
    if all(row.ended_at for row in rows):
        messages.info(request, "It is over: " + rows[0].get_outcome_display() + ".")
        return redirect(ask.back)
    if not form.is_valid():
        return ask.ask(admin, request)
    try:
        messages.success(request, _do(batch, form.cleaned_data, request))
    except (weights.WeightsError, reasons.NoReason) as error:
        form.add_error(None, str(error))
        return ask.ask(admin, request)
    return redirect(ask.back)


def _do(batch: uuid.UUID, values: dict[str, Any], request: HttpRequest) -> str:
    by = pages.who(request)
    if values["what"] == "keep":
        timed_changes.keep_for_good(batch, by=by)
        return "They stay as they are, for good."
    if values["what"] == "extend":
        timed_changes.extend(batch, values["until"], by=by)
        return f"They go back on {said(values['until'])}."
    timed_changes.return_early(batch, reason=values["reason"], by=by)
    return "The weights of before are back. Redirectors follow within two seconds."


def _sentence(row: TimedChange) -> str:
    now, before = weights.shown(row.weight), weights.shown(row.back_to)
    return f"{row.hub.name} has {now} until {said(row.until)}, then {before} again: “{row.reason}”."

"""What is asked before a hub becomes the prime or changes its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from routing.admin import pages
from routing.forms import AT_ONCE, RAMP, ReasonForm
from routing.models import Hub
from routing.services import hubs, weights
from routing.weight_forms import StateForm

STATES = (
    "Onboarding: it is checked and shown, and gets no launches yet.",
    "Active: it gets its share of the launches.",
    "Drained: it gets no new launches; those that run there go on. Its weight stays, for when it comes back.",
    "Retired: it leaves the federation. Its weight becomes 0; its history stays.",
)


def make_prime(admin: ModelAdmin[Any], request: HttpRequest, hub: Hub) -> HttpResponse:
    """Say what a new prime means, ask why, do it."""
    form = ReasonForm(request.POST or None)
    old = Hub.objects.filter(prime=True).exclude(pk=hub.pk).first()
    ask = pages.Confirmation(
        title=f"Make {hub.name} the prime",
        form=form,
        yes="Make it the prime",
        back=_record(hub),
        sentences=(
            f"{hub.name} would serve the federation's pages, all that is no launch, from {hub.url}.",
            f"{old.name} would no longer do so." if old else "No hub is the prime now.",
            "Its versions would become the reference that the other hubs are compared with.",
        ),
    )
    if not form.is_valid():
        return ask.ask(admin, request)
    reason = form.cleaned_data["reason"]
    said = f"{hub.name} is the prime."
    return _do(admin, request, hub, said, lambda: hubs.make_prime(hub, reason=reason, by=pages.who(request)))


def change_state(admin: ModelAdmin[Any], request: HttpRequest, hub: Hub) -> HttpResponse:
    """Say what the states mean, ask for one and why; ask again when that leaves nobody or moves much; do it."""
    slowly = RAMP if hub.state == Hub.State.ONBOARDING else AT_ONCE
    form = StateForm(request.POST or None, initial={"state": hub.state, "begin": slowly})
    valid = form.is_valid()
    wanted = form.cleaned_data.get("state", hub.state) if form.is_bound else hub.state
    rows = weights.preview(list(Hub.objects.order_by("name")), {}, {hub.pk: wanted})
    ask = pages.Confirmation(
        title=f"The state of {hub.name}",
        form=form,
        yes="Change its state",
        back=_record(hub),
        sentences=STATES,
        warnings=weights.consequences(rows),
        rows=[row for row in rows if row.share != row.new_share],
    )
    if not valid or not ask.is_confirmed(request):
        return ask.ask(admin, request)
    reason = form.cleaned_data["reason"]
    said = f"{hub.name} is {wanted} now."
    steps = form.cleaned_data["steps"] if (form.cleaned_data["begin"] or slowly) == RAMP else None
    return _do(
        admin,
        request,
        hub,
        said,
        lambda: hubs.change_state(hub, wanted, reason=reason, by=pages.who(request), steps=steps),
    )


def _do(admin: ModelAdmin[Any], request: HttpRequest, hub: Hub, said: str, verb: Callable[[], Hub]) -> HttpResponse:
    try:
        verb()
    except (hubs.HubsError, weights.WeightsError) as error:
        messages.error(request, str(error))
    else:
        admin.log_change(request, hub, said)
        messages.success(request, said)
    return redirect(_record(hub))


def _record(hub: Hub) -> str:
    return reverse("admin:routing_hub_change", args=[hub.pk])

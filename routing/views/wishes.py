"""What a member asks for its hub: another weight, or not more than so many users; and what maintainers say to it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from foundation import reasons
from members.models import Member, Role
from members.views.own import for_member, page, who
from routing.models import Hub, HubProposal
from routing.own_forms import LimitForm, WeightForm
from routing.services import hubs, proposals, ramps, weights

REFUSED = (proposals.ProposalsError, reasons.NoReason, weights.WeightsError, hubs.HubsError)
SHOWN = 20


@for_member(Role.EDITOR)
def hub(request: HttpRequest, member: Member, key: str) -> HttpResponse:
    """Ask for one hub."""
    own = get_object_or_404(Hub, member=member, key=key)
    asked = request.POST.get("what")
    weight = WeightForm(request.POST if asked == "weight" else None, initial={"weight": weights.shown(own.weight)})
    limit = LimitForm(request.POST if asked == "users" else None, initial={"users": own.user_limit}, auto_id="limit_%s")
    for form in (weight, limit):
        if form.is_valid() and _ask(request, own, form):
            return redirect("my-hub", member.slug, own.key)
    wishes = own.proposals.select_related("by", "decided_by")[:SHOWN]
    context = {
        "hub": own,
        "weight": weights.shown(own.weight),
        "weight_form": weight,
        "limit_form": limit,
        "wishes": wishes,
        "steps": ramps.said_steps(ramps.DEFAULT),
    }
    return page(request, "my/hub.html", member, **context)


@for_member(Role.EDITOR)
@require_POST
def decide(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Say yes, say no, or take it back."""
    wish, by = get_object_or_404(HubProposal, pk=pk, hub__member=member), who(request)
    try:
        match request.POST.get("verb"):
            case "accept":
                proposals.accept(wish, by=by)
            case "ramp":
                proposals.accept(wish, by=by, ramp=True)
            case "decline":
                proposals.decline(wish, reason=request.POST.get("reason", ""), by=by)
            case "withdraw":
                proposals.withdraw(wish, by=by)
            case _:
                raise BadRequest("What is to become of the wish?")
    except REFUSED as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{wish.hub}, {wish.wish}: {wish.get_state_display()}.")
    return redirect("my-hub", member.slug, wish.hub.key)


def _ask(request: HttpRequest, own: Hub, form: forms.Form) -> bool:
    values, by = form.cleaned_data, who(request)
    try:
        if isinstance(form, WeightForm):
            wish = proposals.propose_weight(own, values["weight"], reason=values["reason"], by=by)
        else:
            wish = proposals.propose_limit(own, values["users"], reason=values["reason"], by=by)
    except REFUSED as error:
        form.add_error(None, str(error))
        return False
    if wish.state == HubProposal.State.APPLIED:
        messages.success(request, f"{own} has {wish.wish} from now on. Redirectors follow within seconds.")
    else:
        messages.success(request, f"Asked for {wish.wish}. Maintainers were told, and decide.")
    return True

"""A member's offers of compute, and which hubs run on them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from foundation import reasons
from members.models import ComputeOffer, Member, Role
from members.services import offers, visibility
from members.services.edits import EditError
from members.views.own import for_member, page, who
from routing.own_forms import HubOfferForm
from routing.services import capacity


@for_member(Role.VIEWER)
@require_safe
def listing(request: HttpRequest, member: Member) -> HttpResponse:
    """All of them, as this person may read them, and what their hubs use of them."""
    viewer = visibility.viewer(who(request))
    found = member.offers.select_related("team_contact", "member").prefetch_related("hubs")
    rows = [(each, visibility.shown(viewer, each)) for each in found]
    return page(request, "my/offers.html", member, rows=rows, used=capacity.of(member.hubs.exclude(state="retired")))


@for_member(Role.EDITOR)
def add(request: HttpRequest, member: Member) -> HttpResponse:
    """A new one."""
    form = HubOfferForm(request.POST or None, member=member, fields=_fields(request, member))
    offer = form.save_by(lambda values: _propose(request, member, form, values))
    if offer is not None:
        messages.success(request, f"“{offer}” is proposed. Maintainers look at it next.")
        return redirect("my-offers", member.slug)
    return page(request, "my/offer.html", member, form=form)


@for_member(Role.EDITOR)
def edit(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Change one."""
    offer = get_object_or_404(member.offers, pk=pk)
    form = HubOfferForm(request.POST or None, instance=offer, member=member, fields=_fields(request, member))
    saved = form.save_by(lambda changes: _edit(request, offer, form, changes))
    if saved is not None:
        messages.success(request, f"“{saved}” is saved.")
        return redirect("my-offers", member.slug)
    return page(request, "my/offer.html", member, form=form, offer=ComputeOffer.objects.get(pk=pk))


@for_member(Role.EDITOR)
@require_POST
def act(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """Take it back; for maintainers: accept it, decline it, think again."""
    offer, by = get_object_or_404(member.offers, pk=pk), who(request)
    try:
        match request.POST.get("verb"):
            case "accept":
                said = f"is {offers.accept(offer, by=by).get_state_display()}"
            case "decline":
                offers.decline(offer, reason=request.POST.get("reason", ""), by=by)
                said = "is declined"
            case "reopen":
                offers.reopen(offer, by=by)
                said = "is to be decided again"
            case _:
                offers.withdraw(offer, by=by)
                said = "was taken back"
    except (EditError, reasons.NoReason) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{offer}” {said}.")
    return redirect("my-offers", member.slug)


def _fields(request: HttpRequest, member: Member) -> tuple[str, ...]:
    """What this person sees of an offer is what this person may type."""
    return visibility.fields(ComputeOffer, visibility.viewer(who(request)).kind(member.pk))


@transaction.atomic
def _propose(request: HttpRequest, member: Member, form: HubOfferForm, values: dict[str, Any]) -> ComputeOffer:
    offer = offers.propose(member, values, by=who(request))
    capacity.assign(offer, form.cleaned_data["hubs"], by=who(request))
    return offer


@transaction.atomic
def _edit(request: HttpRequest, offer: ComputeOffer, form: HubOfferForm, changes: dict[str, Any]) -> ComputeOffer:
    saved = offers.edit(offer, changes, by=who(request), seen=form.seen_text)
    capacity.assign(saved, form.cleaned_data["hubs"], by=who(request))
    return saved

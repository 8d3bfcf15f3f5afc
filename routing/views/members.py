"""Who powers this: the members, and a page for each. They need the hubs, so they live here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members.models import ComputeOffer, Contact, Member, Text
from members.services import texts, visibility
from routing.models import Hub
from routing.services import overview
from routing.services.overview import HubOverview
from routing.views import status, usage

# An offer of which this person may read none of these is no more than an empty box.
OF_AN_OFFER = ("title", "concurrent_users", "cpu_cores", "memory_gib", "provider", "ends", "grantor")


@dataclass(frozen=True)
class Card:
    """A member and its hubs as they are now."""

    member: Member
    hubs: Sequence[HubOverview]


@never_cache
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """Those that give now, and those that gave once, with thanks."""
    now = overview.read()
    context = {
        "words": texts.read(Text.Part.MEMBERS, Text.Part.INVITATION),
        "cards": [Card(each, _hubs_of(each, now.hubs)) for each in Member.objects.listed()],
        "past": Member.objects.past().order_by("-until", "name"),
    }
    return render(request, "members/members.html", context)


@never_cache
@require_safe
def member(request: HttpRequest, slug: str) -> HttpResponse:
    """One member. Before it is public only its own people and maintainers see its page."""
    who = visibility.viewer(request.user)
    found = get_object_or_404(visibility.members(who), slug=slug)
    now = overview.read()
    context = {
        "member": found,
        "rows": status.rows_of(_hubs_of(found, now.hubs), now.at),
        "retired": found.hubs.filter(state=Hub.State.RETIRED),
        "contacts": _contacts(found, who),
        "offers": _offers(found, who),
        **usage.of_member(found),
    }
    return render(request, "members/member.html", context)


def _hubs_of(member: Member, hubs: Sequence[HubOverview]) -> list[HubOverview]:
    return [each for each in hubs if each.hub.member_id == member.pk]


def _contacts(member: Member, who: visibility.Viewer) -> list[dict[str, Any]]:
    """Those that this person may see, and of them what they may see."""
    found = member.contacts.filter(pk__in=visibility.contacts(who))
    return [visibility.shown(who, each) | {"roles": each.role_labels, "public": _is_public(each)} for each in found]


def _is_public(contact: Contact) -> bool:
    return contact.visibility == Contact.Visibility.PUBLIC


def _offers(member: Member, who: visibility.Viewer) -> list[dict[str, Any]]:
    """What it gives now, as this person may see it."""
    found = member.offers.filter(pk__in=visibility.offers(who), state=ComputeOffer.State.ACTIVE)
    said = [visibility.shown(who, each) for each in found]
    return [each for each in said if any(each.get(name) for name in OF_AN_OFFER)]

"""Admissions: an application becomes a member with contact, offer, first account and hub. All of it or nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.db import transaction

from members.models import Application, ComputeOffer, Contact, Member, Role, slugs
from members.services import application_letters, applications, contacts, history, invitations, lifecycle, offers
from routing.addresses import own_domain
from routing.models import Hub
from routing.services import capacity, hubs, onboarding

if TYPE_CHECKING:
    from members.models import User

LONGEST: Final = 24
# No name ends with one of these.
SMALL: Final = frozenset(
    ["a", "an", "and", "at", "by", "de", "der", "des", "die", "du", "for", "in", "la", "of", "on", "the", "und"]
)
REASON: Final = "Application approved"
WHY: Final = "your application to join the federation was approved"


@dataclass(frozen=True)
class Terms:
    """How the new member and its hub are called: what maintainers decide with the approval."""

    name: str
    slug: str
    key: str
    hub_name: str
    url: str


def proposal(application: Application) -> Terms:
    """Names that are free, made from what the applicant wrote."""
    base = _slug(application.organisation) or "member"
    key = _free(base, lambda each: Hub.objects.filter(key=each).exists())
    domain, taken = own_domain(), slugs.taken()
    return Terms(
        name=application.organisation,
        slug=_free(base, lambda each: each in taken or Member.objects.filter(slug=each).exists()),
        key=key,
        hub_name=application.organisation,
        url=application.hub_url or (f"https://{key}.{domain}" if domain else ""),
    )


@transaction.atomic
def admit(application: Application, terms: Terms, *, by: User) -> Hub:
    """Approve. Exactly one caller wins, the others get AlreadyDecided; ValidationError for names that can't be."""
    applications.approve(application, by=by)
    member = _member(application, terms, by)
    contact = contacts.add(
        member,
        {
            "roles": [Contact.Role.TECHNICAL, Contact.Role.ADMINISTRATIVE],
            "name": application.contact_name,
            "email": application.email,
            "chat": application.chat,
            "time_zone": application.time_zone,
        },
        by=by,
        confirmed_at=application.email_confirmed_at,
    )
    offer = _offer(application, member, contact, by)
    invitations.invite(member, application.email, Role.MANAGER, by=by, why=WHY)
    hub = _hub(member, terms, by)
    capacity.assign(offer, [hub], by=by)
    onboarding.begin(hub, application)
    application.member = member
    application.save(update_fields=["member"])
    application_letters.approved(application)
    return hub


def _member(application: Application, terms: Terms, by: User) -> Member:
    member = Member(
        slug=terms.slug,
        name=terms.name,
        state=Member.State.ONBOARDING,
        mode=application.mode or Member.Mode.MEMBER,
        website=application.website,
        summary=application.summary,
        time_zone=application.time_zone,
    )
    member.full_clean()
    history.save(member, by=by, reason=REASON)
    lifecycle.begin(member, reason=REASON, by=by)
    return member


def _offer(application: Application, member: Member, contact: Contact, by: User) -> ComputeOffer:
    names = ("provider", "cpu_cores", "memory_gib", "concurrent_users", "regions", "starts", "ends", "restrictions")
    said = {name: getattr(application, name) for name in names}
    values = {"title": "What we offered when we joined", "grantor": application.organisation, "team_contact": contact}
    return offers.accept(offers.propose(member, {**values, **said}, by=by), by=by)


def _hub(member: Member, terms: Terms, by: User) -> Hub:
    """Its other names begin as its key: onboarding is where they are looked over."""
    hub = Hub(
        member=member,
        key=terms.key,
        name=terms.hub_name,
        url=terms.url,
        health_url=f"{terms.url}/health",
        versions_url=f"{terms.url}/versions",
        helm_release=terms.key,
        grafana_name=terms.key,
        event_origin=urlsplit(terms.url).hostname or "",
    )
    return hubs.add(hub, weight=Decimal(0), reason=f"{member.name} joins", by=by)


def _slug(text: str) -> str:
    """The first words of a name, in ASCII as far as that goes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    kept = [word[:LONGEST] for word in words[:1]]
    for word in words[1:]:
        if len("-".join([*kept, word])) > LONGEST:
            break
        kept.append(word)
    while len(kept) > 1 and kept[-1] in SMALL:
        kept.pop()
    return "-".join(kept)


def _free(base: str, taken: Callable[[str], bool]) -> str:
    number, found = 1, base
    while taken(found):
        number += 1
        found = f"{base}-{number}"
    return found

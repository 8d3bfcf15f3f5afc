"""One reader of our letters: who they are to us, what they chose, and every letter that was meant for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from members.models import Access, Contact, DeadAddress, Notice, User
from members.services import recipients, wishes
from members.services.topics import Topic

SHOWN = 50


@dataclass(frozen=True)
class Reader:
    """What is known of an address."""

    address: str
    reasons: tuple[str, ...]
    wishes: tuple[tuple[Topic, str], ...]
    dead: DeadAddress | None
    notices: tuple[Notice, ...]


def of(address: str) -> Reader:
    """All of it, for "why did they (not) get this?"."""
    found = Notice.objects.filter(recipient__iexact=address)
    return Reader(
        address,
        tuple(_reasons(address)),
        tuple((topic, wishes.WISHES(wish).label) for topic, wish in wishes.wishes(address)),
        DeadAddress.objects.filter(address=address.lower()).first(),
        tuple(found[:SHOWN]),
    )


def _reasons(address: str) -> Iterator[str]:
    """Who they are to us, which is why they would get something."""
    user = User.objects.filter(email__iexact=address).first()
    if user is not None:
        yield f"has the account “{user}”" + ("" if user.is_active else ", which is switched off: no letter goes there")
    if any(each.address == address.lower() for each in recipients.maintainers()):
        yield "is a maintainer: gets what concerns the federation"
    for access in Access.objects.filter(user__email__iexact=address).select_related("member"):
        yield f"acts for {access.member} as {access.role}"
    for contact in Contact.objects.filter(email__iexact=address).select_related("member"):
        confirmed = "" if contact.email_confirmed_at else ", but has not confirmed the address: no alert goes there"
        yield f"is a contact of {contact.member} ({', '.join(contact.role_labels)}){confirmed}"

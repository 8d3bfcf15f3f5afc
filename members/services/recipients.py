"""Who is told: the one place that knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from members.models import Channel, Contact, User

MAINTAINERS: Final = "maintainers"
# What somebody is told as: whoever is not that any more when a letter goes out does not get it.
MAINTAINER: Final = "maintainer"
# Somebody with an account who is of a member that takes part.
TAKES_PART: Final = "takes part"


@dataclass(frozen=True)
class Recipient:
    """One who is told, at an e-mail address or through a channel, why, and as what."""

    address: str
    why: str
    channel: Channel | None = None
    standing: str = ""


def of_member(member: int) -> str:
    """The standing of this member's people and contacts (by its primary key)."""
    return f"member {member}"


def each_once(whom: Iterable[Recipient]) -> list[Recipient]:
    """One for each address: who is there as several things is told as the first of them."""
    found: dict[str, Recipient] = {}
    for each in whom:
        found.setdefault(each.address, each)
    return list(found.values())


def maintainers() -> list[Recipient]:
    """Every active maintainer with an e-mail address, and every channel that is switched on."""
    people = User.objects.filter(groups__name=MAINTAINERS, is_active=True).exclude(email="").order_by("pk")
    channels = Channel.objects.filter(enabled=True).order_by("pk")
    return [
        *(
            Recipient(person.email.lower(), "you are a maintainer of the federation", None, MAINTAINER)
            for person in people
        ),
        *(Recipient(each.recipient, f"the maintainers set up the channel “{each.name}”", each) for each in channels),
    ]


def contacts(member: int, steps: int = 1) -> list[Recipient]:
    """Whom to call when a hub of this member (by primary key) has trouble: its technical and on-call contacts.

    In the order of escalation, its first `steps` steps, and only where the address is shown to be theirs.
    """
    wanted = Q(roles__contains=[Contact.Role.TECHNICAL]) | Q(roles__contains=[Contact.Role.ON_CALL])
    confirmed = Contact.objects.filter(wanted, member=member).exclude(email_confirmed_at=None)
    found = list(confirmed.select_related("member").order_by("position", "pk"))
    called = sorted({each.position for each in found})[:steps]
    return [
        Recipient(each.email.lower(), f"you are a contact of {each.member}", None, of_member(member))
        for each in found
        if each.position in called
    ]

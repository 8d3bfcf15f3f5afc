"""Who is asked to a meeting, and who they are to us: by address, since most of them never log in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from members.models import Access, Contact, Meeting, Member, Role, User
from members.services.recipients import MAINTAINER, MAINTAINERS, TAKES_PART, Recipient, each_once, of_member

# Members whose people are asked.
TAKING_PART: Final = (Member.State.ONBOARDING, Member.State.ACTIVE, Member.State.PAUSED)
# The roles that ask for it: those who act for a member, and its contacts for the machines and for the organisation.
ACTING: Final = (Role.EDITOR, Role.MANAGER)
CALLED: Final = (Contact.Role.TECHNICAL, Contact.Role.ON_CALL, Contact.Role.ADMINISTRATIVE)


@dataclass(frozen=True)
class Guest:
    """Who is behind an address: a name, the member whose person it is, and the time zone to write times in."""

    address: str
    name: str = ""
    member: Member | None = None
    time_zone: str = ""


def invited(meeting: Meeting) -> list[Recipient]:
    """Whom to invite, each once: those whose role asks for it. Who opted out is left out when letters are sent."""
    found = [*running(meeting), *_maintainers(), *_acting(), *_contacts(), *_willing()]
    return each_once(found)


def absent(meeting: Meeting) -> list[Recipient]:
    """Those of the invited who are not among those who were there. Who led, took notes or wrote them was."""
    there = set(meeting.attendance.exclude(address="").values_list("address", flat=True))
    there |= {user.email for user in (meeting.facilitator, meeting.note_taker) if user is not None}
    first = meeting.history.exclude(noted_at=None).order_by("history_date", "history_id").first()
    if first is not None and first.history_user is not None:
        there.add(first.history_user.email)
    return [each for each in invited(meeting) if each.address not in there]


def still_here(addresses: Iterable[str]) -> dict[str, str]:
    """Those of these addresses who are of the federation by now, and as what letters go to them."""
    asked = {each.lower() for each in addresses}
    contacts = Contact.objects.annotate(address=Lower("email")).filter(address__in=asked, member__state__in=TAKING_PART)
    found = dict(contacts.exclude(email_confirmed_at=None).values_list("address", "member"))
    people = _of_the_federation().filter(email__in=asked).values_list("email", flat=True)
    return {address: of_member(member) for address, member in found.items()} | dict.fromkeys(people, TAKES_PART)


def running(meeting: Meeting, *, over: bool = False) -> list[Recipient]:
    """Those who lead the meeting and take its notes, unless they left since."""
    here = {each.pk for each in _of_the_federation().filter(pk__in=[meeting.facilitator_id, meeting.note_taker_id])}
    led, wrote = ("led", "took the notes of") if over else ("lead", "take the notes of")
    return [
        Recipient(user.email.lower(), f"you {what} this meeting", None, TAKES_PART)
        for user, what in ((meeting.facilitator, led), (meeting.note_taker, wrote))
        if user is not None and user.pk in here
    ]


def known(addresses: Iterable[str]) -> dict[str, Guest]:
    """Who is behind these addresses, as far as we know; accounts say more than contacts. Three queries."""
    asked = {each.lower() for each in addresses if each}
    found = {each: Guest(each) for each in asked}
    contacts = Contact.objects.annotate(address=Lower("email")).filter(address__in=asked).select_related("member")
    for contact in contacts.order_by("-position", "-pk"):
        zone = contact.time_zone or contact.member.time_zone
        found[contact.email.lower()] = Guest(contact.email.lower(), contact.name, contact.member, zone)
    people = User.objects.filter(email__in=asked, is_active=True).prefetch_related("access__member")
    for user in people:
        before = found[user.email]
        own = [each.member for each in user.access.all() if each.member.state in TAKING_PART]
        member = own[0] if own else before.member
        zone = user.time_zone or before.time_zone or (member.time_zone if member else "")
        found[user.email] = Guest(user.email, str(user), member, zone)
    return found


def guest(address: str) -> Guest:
    """Who is behind this address, as far as we know."""
    return known([address]).get(address.lower(), Guest(address.lower()))


def _of_the_federation() -> QuerySet[User]:
    """Accounts of people of members, and of maintainers, at whose address letters can be read."""
    taking_part = Q(access__member__state__in=TAKING_PART) | Q(groups__name=MAINTAINERS)
    return User.objects.filter(taking_part, is_active=True, service=False).exclude(email="").distinct()


def _maintainers() -> Iterator[Recipient]:
    people = User.objects.filter(groups__name=MAINTAINERS, is_active=True).exclude(email="").order_by("pk")
    for user in people:
        yield Recipient(user.email.lower(), "you are a maintainer of the federation", None, MAINTAINER)


def _acting() -> Iterator[Recipient]:
    rows = Access.objects.filter(
        role__in=ACTING, member__state__in=TAKING_PART, user__is_active=True, user__service=False
    ).exclude(user__email="")
    for row in rows.select_related("user", "member").order_by("pk"):
        standing = of_member(row.member_id)
        yield Recipient(row.user.email.lower(), f"you act for {row.member} in the federation", None, standing)


def _contacts() -> Iterator[Recipient]:
    wanted = Q()
    for role in CALLED:
        wanted |= Q(roles__contains=[role])
    rows = Contact.objects.filter(wanted, member__state__in=TAKING_PART).exclude(email_confirmed_at=None)
    for row in rows.select_related("member").order_by("member__name", "position", "pk"):
        yield Recipient(row.email.lower(), f"you are a contact of {row.member}", None, of_member(row.member_id))


def _willing() -> Iterator[Recipient]:
    people = _of_the_federation().filter(Q(rota__facilitates=True) | Q(rota__takes_notes=True)).order_by("pk")
    for user in people:
        yield Recipient(user.email.lower(), "you lead meetings or take notes in turn", None, TAKES_PART)

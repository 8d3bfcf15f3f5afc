"""What a member's people could do next. Each source looks at one thing and says what is to be done, if anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.urls import reverse
from django.utils import timezone

from members.models import ComputeOffer, Contact, Member
from members.services import contacts

ENDS_SOON: Final = timedelta(days=60)


@dataclass(frozen=True)
class Todo:
    """Something to do, and where. `urgent` is what nobody would be reached without, or traffic is lost over."""

    text: str
    url: str
    urgent: bool = False


def of_contacts(member: Member) -> Iterator[Todo]:
    """Somebody can be called, and what we know of them is right."""
    found = list(member.contacts.all())
    page = reverse("my-contacts", args=[member.slug])
    for role in (Contact.Role.TECHNICAL, Contact.Role.ON_CALL):
        if not any(role in each.roles for each in found):
            urgent = role == Contact.Role.TECHNICAL
            yield Todo(f"Name {'a' if urgent else 'an'} {role.label} contact: nobody is called yet.", page, urgent)
    now = timezone.now()
    for each in found:
        if each.email_confirmed_at is None:
            yield Todo(f"{each} has not confirmed the e-mail address, and gets no alerts until then.", page)
        if not contacts.is_fresh(each, now):
            yield Todo(f"Is what you say of {each} still right? It was last checked half a year ago.", page)


def of_record(member: Member) -> Iterator[Todo]:
    """The public page says who they are."""
    page = reverse("my-record", args=[member.slug])
    missing = [Member.label(name) for name in ("summary", "funded_by") if not getattr(member, name)]
    if missing:
        yield Todo(f"Your public page lacks: {', '.join(missing)}.", page)
    if not member.logo:
        yield Todo("Your public page has no logo yet.", page)


def of_offers(member: Member) -> Iterator[Todo]:
    """What they give goes on."""
    today = timezone.now().date()
    ending = member.offers.filter(state=ComputeOffer.State.ACTIVE, ends__gte=today, ends__lte=today + ENDS_SOON)
    for each in ending:
        days = (each.ends - today).days if each.ends else 0
        when = "today" if days == 0 else f"in {days} day{'' if days == 1 else 's'}"
        yield Todo(f"“{each}” ends {when}. Does it go on?", reverse("my-offers", args=[member.slug]), urgent=days < 15)


def of_reports(member: Member) -> Iterator[Todo]:
    """The others hear how their month was."""
    today = timezone.now().date()
    for each in member.reports.unfinished().order_by("month"):
        page = reverse("my-report", args=[member.slug, each.period])
        if each.due_on < today:
            yield Todo(
                f"The report of {each.period.words} was due on {each.due_on:%-d %B}. Write it, or skip it.", page
            )
        else:
            yield Todo(f"The report of {each.period.words} is open until {each.due_on:%-d %B}.", page)

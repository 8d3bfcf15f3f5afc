"""The reminders about members: check-ins, offers that end, applications that wait. Each looks at rows, not at the past.

A beat task calls them every half hour; a notice's key (kind, recipient, occasion) names the date and the rung, so that
each is sent once, and a date that moves begins a ladder of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from members.models import Access, Application, ComputeOffer, Contact, Member, Role
from members.services import access, contacts, ladders, notices, recipients
from members.services.recipients import Recipient

if TYPE_CHECKING:
    from members.models import User

CHECK_IN: Final = (0, 7, 14, 21, 30)
OFFER: Final = (-60, -30, -7, 0)
APPLICATION: Final = (3, 7)
TWICE_A_YEAR: Final = "Twice a year we ask whether what we know of you is still right."
ASKED: Final = "The federation's maintainers ask whether what we know of you is still right."
TAKING_PART: Final = (Member.State.ONBOARDING, Member.State.ACTIVE, Member.State.PAUSED)


def remind(now: datetime | None = None) -> None:
    """Queue what is to be said now. Safe to run any time, any number of times."""
    now = now or timezone.now()
    check_in(now)
    offers_end(now)
    applications_wait(now)


def check_in(now: datetime) -> None:
    """Ask each contact whether it is still right, half a year after that was last said; in the end tell maintainers."""
    due = Contact.objects.filter(
        Q(checked_at__lte=now - contacts.FRESH) | Q(checked_at=None, created_at__lte=now - contacts.FRESH),
        member__state__in=TAKING_PART,
    )
    for contact in due.select_related("member"):
        date = (contact.checked_at or contact.created_at) + contacts.FRESH
        # A contact that is stale stays so; whoever comes back after a year without a beat asks anew.
        rung = ladders.rung(date, CHECK_IN, now, last=timedelta(days=150))
        if rung is None:
            continue
        occasion = f"contact {contact.pk}, {date:%Y-%m-%d}, {rung.day}"
        if rung.last:
            _tell_stale(contact, occasion)
        if contact.email_confirmed_at is None:
            # Mistyped, it may be a stranger's: nobody there is asked, and maintainers hear of it in the end.
            continue
        _ask_whether_right(
            contact, occasion, _check_in_words(contact, date if rung.day else None), now, rung.useful_until
        )


def check_in_now(chosen: Iterable[Contact], *, by: User) -> int:
    """Ask these contacts now, whenever they were asked last, but once a day at most; how many are asked.

    Not those whose address nobody confirmed: it may be a stranger's.
    """
    if not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers ask the contacts of every member.")
    now = timezone.now()
    here = [contact for contact in chosen if contact.member.state in TAKING_PART]
    found = [contact for contact in here if contact.email_confirmed_at is not None]
    for contact in found:
        occasion = f"contact {contact.pk}, {now:%Y-%m-%d}, asked for"
        body = _check_in_words(contact, None, ASKED)
        _ask_whether_right(contact, occasion, body, now, now + timedelta(days=14))
    return len(found)


def _ask_whether_right(
    contact: Contact, occasion: str, body: str, now: datetime, useful_until: datetime | None
) -> None:
    notices.queue(
        kind="check-in",
        recipient=contact.email.lower(),
        occasion=occasion,
        subject=f"Is this still right? You are a contact of {contact.member}",
        body=body,
        link=("Still right", contacts.check_in_link(contact)),
        why=f"you are a contact of {contact.member}",
        standing=recipients.of_member(contact.member_id),
        due_at=now,
        useful_until=useful_until,
    )


def _check_in_words(contact: Contact, first: datetime | None, asked: str = TWICE_A_YEAR) -> str:
    said = [
        f"{asked} For {contact.member} you are its contact ({', '.join(contact.role_labels)}), at this address.",
        "If so, one click says it. If something changed, the same page says who can put it right.",
    ]
    if first:
        said.insert(
            1, f"We first asked on {first.day} {first:%B}. When something breaks at night, somebody has to be reached."
        )
    return "\n\n".join(said)


def _tell_stale(contact: Contact, occasion: str) -> None:
    notices.tell(
        recipients.maintainers(),
        kind="stale-contact",
        occasion=occasion,
        subject=f"Nobody answers for {contact} of {contact.member}",
        body=(
            f"For 30 days {contact} ({', '.join(contact.role_labels)} of {contact.member}) has not said that the "
            "contact is still right. Ask the member whom to call now."
        ),
        link=("Contacts of the member", settings.PORTAL_URL + reverse("my-contacts", args=[contact.member.slug])),
    )


def offers_end(now: datetime) -> None:
    """Tell a member's people and contacts for money before an offer ends, and maintainers too from 30 days before."""
    last, first = now.date() - timedelta(days=7), now.date() + timedelta(days=60)
    ending = ComputeOffer.objects.filter(state__in=["accepted", "active", "expired"], ends__gte=last, ends__lte=first)
    for offer in ending.select_related("member").filter(member__state__in=TAKING_PART):
        ends = datetime.combine(offer.ends, time(), UTC)  # type: ignore[arg-type]
        rung = ladders.rung(ends, OFFER, now)
        if rung is None:
            continue
        whom = _for_money(offer.member)
        if rung.day >= -30:
            whom += recipients.maintainers()
        # The date, not "in 7 days": the letter may have to wait for its mail server.
        last_day = f"{offer.ends.day} {offer.ends:%B %Y}"  # type: ignore[union-attr]
        notices.tell(
            recipients.each_once(whom),
            kind="offer-ends",
            occasion=f"offer {offer.pk}, {offer.ends}, {rung.day}",
            subject=f"“{offer}” of {offer.member} ends on {last_day}",
            body=(
                f"“{offer}”{f', given by {offer.grantor},' if offer.grantor else ''} ends: "
                f"{last_day} is its last day.\n\n"
                "If it goes on, enter the new date. If not, tell the maintainers in time, so that traffic moves away "
                "before the machines do."
            ),
            link=("Look at the offer", settings.PORTAL_URL + reverse("my-offers", args=[offer.member.slug])),
            due_at=now,
            useful_until=rung.useful_until,
        )


def applications_wait(now: datetime) -> None:
    """Tell maintainers of an application that waits for them: the applicant spoke last, days ago."""
    waiting = Application.objects.waiting().annotate(
        spoken_at=Max("messages__at"),
        heard_at=Max("messages__at", filter=Q(messages__from_applicant=True)),
    )
    for application in waiting:
        heard_at, spoken_at = application.heard_at, application.spoken_at  # type: ignore[attr-defined]
        since = heard_at or application.submitted_at
        theirs = spoken_at is not None and spoken_at != heard_at
        rung = ladders.rung(since, APPLICATION, now) if since and not theirs else None
        if rung is None:
            continue
        notices.tell(
            recipients.maintainers(),
            kind="application-waiting",
            occasion=f"application {application.pk}, {since:%Y-%m-%d}, {rung.day}",
            subject=f"{application.organisation} has waited {rung.day} days for an answer",
            body="They offered compute and people. Ask what is missing, or decide.",
            link=("Open the application", settings.PORTAL_URL + reverse("application-review", args=[application.pk])),
            due_at=now,
            useful_until=rung.useful_until,
        )


def people(member: Member, least: Role = Role.EDITOR) -> list[Recipient]:
    """Those who act for a member in the portal."""
    roles = {Role.EDITOR: [Role.EDITOR, Role.MANAGER], Role.MANAGER: [Role.MANAGER]}.get(least, list(Role))
    rows = Access.objects.filter(member=member, role__in=roles, user__is_active=True).exclude(user__email="")
    standing = recipients.of_member(member.pk)
    return [
        Recipient(each.user.email.lower(), f"you act for {member} in the federation", None, standing)
        for each in rows.select_related("user").order_by("pk")
    ]


def _for_money(member: Member) -> list[Recipient]:
    wanted = Q(roles__contains=[Contact.Role.FUNDING]) | Q(roles__contains=[Contact.Role.ADMINISTRATIVE])
    found = member.contacts.filter(wanted).exclude(email_confirmed_at=None).order_by("position", "pk")
    standing = recipients.of_member(member.pk)
    named = [Recipient(each.email.lower(), f"you are a contact of {member} for this", None, standing) for each in found]
    return named + people(member)

"""Contacts: whom to call, who may see it, whether the address is theirs, and whether it is still right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from members.models import Contact, Member, Notice, Role
from members.services import access, edits, history, notices, recipients

if TYPE_CHECKING:
    from members.models import User
    from members.models.contacts import ContactQuerySet

CONFIRM: Final = "contact-email"
CHECK_IN: Final = "contact-check-in"
CONFIRM_WITHIN: Final = timedelta(days=14)
# The ladder of reminders lasts a month: its first link must work to the end.
CHECK_IN_WITHIN: Final = timedelta(days=60)
# So many letters that ask for confirmation a member may have sent in a day.
MOST_ASKED: Final = 30
# Twice a year somebody says that it is still right.
FRESH: Final = timedelta(days=183)


class ContactsError(edits.EditError):
    """Nothing was changed; the text says why."""


class LastOne(ContactsError):
    """Nobody would be left to call when a hub that is in use has trouble."""


class TooMany(ContactsError):
    """More letters to people who did not ask for one than a member may have sent in a day."""


class BadLink(ContactsError):
    """The link was cut off or changed, or is about something that is no more."""


class OldLink(BadLink):
    """The link is older than it may be."""


@transaction.atomic
def add(
    member: Member,
    values: Mapping[str, Any],
    *,
    by: User | None,
    confirmed_at: datetime | None = None,
    looked_at: bool = True,
) -> Contact:
    """A new contact; its address gets a letter with a link to confirm it, unless it was shown to be theirs already.

    `looked_at`: whether somebody who adds it says with that that it is right; a table of many says it of none.
    """
    if by is not None:
        access.require(by, Role.EDITOR, member)
    checked_at = timezone.now() if looked_at else None
    row = Contact(member=member, checked_at=checked_at, email_confirmed_at=confirmed_at)
    for name, value in edits.different(row, values).items():
        setattr(row, name, value)
    edits.check(row, Contact.RECORD)
    history.save(row, by=by)
    if confirmed_at is None:
        ask_to_confirm(row)
    return row


@transaction.atomic
def edit(
    contact: Contact,
    changes: Mapping[str, Any],
    *,
    by: User | None,
    seen: str | None = None,
    looked_at: bool = True,
) -> Contact:
    """Change a contact. A new address has to be confirmed anew. `seen`: see edits.write; `looked_at`: see add."""
    if by is not None:
        access.require(by, Role.EDITOR, contact.member)
    _hold(contact.member)
    row = edits.locked(contact)
    if Contact.Role.TECHNICAL not in changes.get("roles", [Contact.Role.TECHNICAL]):
        _refuse_last(row)
    changed = edits.apply(row, changes, seen=seen)
    if not changed:
        return row
    if looked_at:
        row.checked_at = timezone.now()
    if "email" in changed:
        row.email_confirmed_at = None
        ask_to_confirm(row)
    history.save(row, by=by, fields=[*changed, "checked_at", "email_confirmed_at"])
    return row


@transaction.atomic
def remove(contact: Contact, *, by: User | None, reason: str = "") -> None:
    """Take a contact off the record."""
    if by is not None:
        access.require(by, Role.EDITOR, contact.member)
    _hold(contact.member)
    row = edits.locked(contact)
    _refuse_last(row)
    history.delete(row, by=by, reason=reason)


@transaction.atomic
def still_right(contact: Contact, *, by: User | None) -> Contact:
    """Somebody says that all of it is still right. By None: the contact itself, through the link sent to it."""
    if by is not None:
        access.require(by, Role.EDITOR, contact.member)
    row = edits.locked(contact)
    row.checked_at = timezone.now()
    history.save(row, by=by, reason="still right", fields=["checked_at"])
    return row


def ask_to_confirm(contact: Contact) -> None:
    """Send the link that shows the address to be theirs: at most once an hour, however often it is asked for.

    TooMany when a member's people had so many sent today: the addresses may be those of strangers.
    """
    now, standing = timezone.now(), recipients.of_member(contact.member_id)
    asked = Notice.objects.filter(kind=CONFIRM, standing=standing, created_at__gt=now - timedelta(days=1))
    if asked.count() >= MOST_ASKED:
        raise TooMany(f"{MOST_ASKED} people were asked today to confirm that they are contacts. Go on tomorrow.")
    notices.queue(
        kind=CONFIRM,
        recipient=contact.email.lower(),
        occasion=f"contact {contact.pk}, {now:%Y-%m-%d %H}",
        subject=f"Please confirm: are you a contact of {contact.member}?",
        body=(
            f"{contact.member} named you as its contact in the federation: {', '.join(contact.role_labels)}.\n\n"
            f"If that is right, please confirm your address:\n{confirm_link(contact)}\n\n"
            f"The link works for {CONFIRM_WITHIN.days} days. If it is not right, do nothing: you will get no alerts."
        ),
        why=f"{contact.member} entered your address as that of its contact",
        standing=standing,
        useful_until=now + CONFIRM_WITHIN,
    )


@transaction.atomic
def confirm(contact: Contact) -> Contact:
    """The address is theirs: they opened the link that was sent to it."""
    row = edits.locked(contact)
    if row.email_confirmed_at is None:
        row.email_confirmed_at = timezone.now()
        history.save(row, by=None, reason="confirmed by the link", fields=["email_confirmed_at"])
    return row


def confirm_link(contact: Contact) -> str:
    """The address that confirms the e-mail address."""
    return settings.PORTAL_URL + reverse("contact-confirm", args=[_signed(contact, CONFIRM)])


def check_in_link(contact: Contact) -> str:
    """The address where the contact says that all is still right, without logging in."""
    return settings.PORTAL_URL + reverse("contact-check-in", args=[_signed(contact, CHECK_IN)])


def by_link(secret: str, purpose: str) -> Contact:
    """The contact that a link is about; BadLink or OldLink."""
    within = CONFIRM_WITHIN if purpose == CONFIRM else CHECK_IN_WITHIN
    try:
        found = signing.loads(secret, salt=purpose, max_age=within)
    except signing.SignatureExpired:
        raise OldLink("This link is too old.") from None
    except signing.BadSignature:
        raise BadLink("This link is not complete.") from None
    contact = Contact.objects.select_related("member").filter(pk=found["contact"], email=found["email"]).first()
    if contact is None:
        raise BadLink("This contact is not on the record any more, or has another address by now.")
    return contact


def is_fresh(contact: Contact, now: datetime) -> bool:
    """Whether somebody said within half a year that it is right."""
    return now - (contact.checked_at or contact.created_at) < FRESH


def stale(now: datetime) -> ContactQuerySet:
    """Contacts of members that take part of which nobody said for half a year that they are right."""
    taking_part = [Member.State.ONBOARDING, Member.State.ACTIVE, Member.State.PAUSED]
    return Contact.objects.filter(member__state__in=taking_part).unchecked_since(now - FRESH)


def _signed(contact: Contact, purpose: str) -> str:
    return signing.dumps({"contact": contact.pk, "email": contact.email}, salt=purpose)


def _hold(member: Member) -> None:
    """Of two who remove contacts of a member at once the second sees what the first did."""
    Member.objects.select_for_update().get(pk=member.pk)


def _refuse_last(row: Contact) -> None:
    if Contact.Role.TECHNICAL not in row.roles or not row.member.hubs.filter(state="active").exists():
        return
    others = Contact.objects.for_role(Contact.Role.TECHNICAL).filter(member=row.member).exclude(pk=row.pk)
    if not others.exists():
        raise LastOne(
            f"{row} is the last technical contact of {row.member}, which has a hub in use: name another one first."
        )
    # Who has not confirmed the address gets no alerts: a hub in use is not left to them alone.
    if row.email_confirmed_at and not others.exclude(email_confirmed_at=None).exists():
        raise LastOne(
            f"{row} is the last technical contact of {row.member} with a confirmed address, and a hub of it is in "
            "use: let another one confirm theirs first."
        )

"""What the portal knows of a person: all of it on request, and none of it on request.

History stays: it says that somebody did it, and not any more who.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms.models import model_to_dict

from members.models import (
    Access,
    Application,
    Contact,
    DeadAddress,
    FederationReport,
    Invitation,
    LetterChoice,
    Member,
    MemberChange,
    Notice,
    Report,
    Role,
    User,
)
from members.services import access, contacts, edits, guest_data, history

ERASED: Final = "somebody who was erased"
# What a letter holds of its reader: also links and invitations are made for one address.
EMPTIED: Final = ("body", "why", "link", "link_text", "calendar", "calendar_method", "error")
APPLICATION: Final = ("organisation", "contact_name", "email", "chat", "state", "submitted_at", "hub_url")
HISTORY: Final = ("history_date", "history_type", "username", "first_name", "last_name", "email", "time_zone")
ACCOUNT: Final = ("username", "first_name", "last_name", "email", "time_zone", "date_joined", "last_login")


class PeopleError(edits.EditError):
    """Nothing was erased; the text says what to do first."""


def export(user: User) -> dict[str, Any]:
    """All that is kept of a person, as plain data."""
    return {
        "account": {name: _plain(getattr(user, name)) for name in ACCOUNT},
        "account_before": list(user.history.values(*HISTORY)),
        "access": list(user.access.values("member__slug", "role", "created_at")),
        "contacts": [_contact(each) for each in _contacts(user)],
        "invitations": list(_invitations(user).values("member__slug", "email", "role", "created_at", "accepted_at")),
        "applications": list(_applications(user).values(*APPLICATION)),
        "letters": list(_letters(user).values("subject", "created_at", "state", "why", "body")),
        "choices": list(LetterChoice.objects.filter(_same_address("address", user)).values("topic", "wish")),
        "steps": list(MemberChange.objects.filter(by=user).values("member__slug", "to_state", "reason", "at")),
        "meetings": guest_data.export(user),
        "edits": [
            *_edits(Member, user, "slug"),
            *_edits(Contact, user, "name"),
            *_edits(Access, user, "member__slug"),
            *_edits(Report, user, "member__slug"),
            *_edits(FederationReport, user, "month"),
        ],
    }


@transaction.atomic
def erase(user: User) -> None:
    """Forget the person: the account and all that names it. History then says "somebody".

    Refused while others would be left without anybody: who manages alone hands over first, and so does who is the
    last to call for a hub that is in use.
    """
    managed = Member.objects.select_for_update().filter(access__user=user, access__role=Role.MANAGER)
    for member in managed.exclude(state=Member.State.PAST):
        if not member.access.filter(role=Role.MANAGER).exclude(user=user).exists():
            raise PeopleError(f"You are the only manager of {member}: make somebody else one first.")
    if access.is_maintainer(user) and not _other_maintainers(user).exists():
        raise PeopleError("You are the only maintainer: make somebody else one first.")
    found = list(_contacts(user))
    for contact in found:
        try:
            contacts.remove(contact, by=None, reason="erased")
        except contacts.LastOne as error:
            raise PeopleError(str(error)) from error
    forget_contacts([contact.pk for contact in found])
    _invitations(user).delete()
    _forget_applications(user)
    _forget_letters(user)
    _forget_letters_about(user)
    guest_data.forget(user, ERASED)
    for row in user.access.all():
        history.delete(row, by=None, reason="erased")
    Access.history.filter(Q(user=user.pk) | Q(given_by=user.pk)).update(user=None, given_by=None)
    Contact.history.filter(user=user.pk).update(user=None)
    user.delete()


def forget_contacts(numbers: list[int], before: datetime | None = None) -> int:
    """Leave of removed contacts (by primary key) only that there was one; how many rows of history were blotted."""
    rows = Contact.history.filter(id__in=numbers).exclude(name=ERASED)
    if before is not None:
        rows = rows.filter(history_date__lt=before)
    return int(rows.update(name=ERASED, email="", chat="", phone="", time_zone="", user=None))


def _contacts(user: User) -> QuerySet[Contact]:
    return Contact.objects.filter(Q(user=user) | _same_address("email", user)).select_related("member")


def _invitations(user: User) -> QuerySet[Invitation]:
    return Invitation.objects.filter(_same_address("email", user))


def _applications(user: User) -> QuerySet[Application]:
    return Application.objects.filter(_same_address("email", user))


def _forget_applications(user: User) -> None:
    """Of one that a member came of stays what was offered."""
    _applications(user).filter(member=None).delete()
    for row in _applications(user):
        row.contact_name, row.email, row.chat = ERASED, f"erased-{row.pk}@example.invalid", ""
        row.save(update_fields=["contact_name", "email", "chat"])


def _letters(user: User) -> QuerySet[Notice]:
    return Notice.objects.filter(_same_address("recipient", user))


def _same_address(field: str, user: User) -> Q:
    return Q(**{f"{field}__iexact": user.email}) if user.email else Q(pk__in=[])


def _other_maintainers(user: User) -> QuerySet[User]:
    return User.objects.filter(groups__name="maintainers", is_active=True).exclude(pk=user.pk)


def _forget_letters(user: User) -> None:
    """Those that wait are dropped; of all only kind and time stay. The number keeps the key of each row unique."""
    for letter in _letters(user):
        letter.recipient, letter.subject = f"erased:{letter.pk}", "erased"
        for name in EMPTIED:
            setattr(letter, name, "")
        if letter.state in {Notice.State.WAITING, Notice.State.SENDING, Notice.State.HELD}:
            letter.state = Notice.State.DROPPED
        letter.save(update_fields=["recipient", "subject", "state", *EMPTIED])
    if user.email:
        for model in (LetterChoice, DeadAddress):
            model.objects.filter(address=user.email.lower()).delete()


def _forget_letters_about(user: User) -> None:
    """What others were told of this person: that it was told stays, and when."""
    named = Q(subject__icontains=user.email) | Q(body__icontains=user.email) if user.email else Q(pk__in=[])
    if len(str(user).split()) > 1:
        named |= Q(subject__icontains=str(user)) | Q(body__icontains=str(user))
    about = Notice.objects.filter(named)
    about.filter(state__in=[Notice.State.WAITING, Notice.State.HELD]).update(state=Notice.State.DROPPED)
    about.update(subject="erased", body="", error="")


def _contact(contact: Contact) -> dict[str, Any]:
    return {name: _plain(value) for name, value in model_to_dict(contact, exclude=["user"]).items()} | {
        "member": contact.member.slug
    }


def _edits(model: type[Any], user: User, name: str) -> list[dict[str, Any]]:
    rows = model.history.filter(history_user=user).values("history_date", "history_type", name)
    return [{"what": model._meta.model_name, **row} for row in rows]


def _plain(value: Any) -> Any:  # noqa: ANN401
    return value if isinstance(value, (str, int, float, bool, list, datetime, type(None))) else str(value)

"""Invitations: a manager asks a colleague in by e-mail; whoever has the link in the letter may take it, once.

The secret is in the letter and nowhere else; the table keeps a hash of it. A new letter means a new secret.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from members.models import Access, Invitation, Member, Notice, Role, User
from members.services import access, accounts, edits, history, notices

if TYPE_CHECKING:
    from datetime import datetime

LASTS: Final = timedelta(days=14)
KIND: Final = "invitation"
# Bounds on the letters that a manager can have written to strangers.
MOST_OPEN: Final = 30
MOST_TO_ONE: Final = 3


class InvitationsError(edits.EditError):
    """Nothing was changed; the text says why."""


class AlreadyIn(InvitationsError):
    """This person has access already."""


class TooMany(InvitationsError):
    """So many letters were written lately that this one has to wait."""


class BadLink(InvitationsError):
    """The link was cut off or changed, was used already, or its invitation was taken back."""


class OldLink(BadLink):
    """The link was good once; a manager can send a new one."""


@transaction.atomic
def invite(member: Member, email: str, role: Role, *, by: User, why: str = "") -> Invitation:
    """Ask somebody in. Who was asked already gets a new letter, and the role they are asked in for now."""
    access.require(by, Role.MANAGER, member)
    Member.objects.select_for_update().get(pk=member.pk)
    email = _checked(email)
    if member.access.filter(user__email=email).exists():
        raise AlreadyIn(f"{email} has access already. You can change the role below.")
    if Invitation.objects.filter(member=member, accepted_at=None).count() >= MOST_OPEN:
        raise TooMany(f"{MOST_OPEN} invitations of {member} are open. Take back those that nobody will take.")
    row = Invitation.objects.filter(member=member, email=email, accepted_at=None).first() or Invitation(
        member=member, email=email
    )
    row.role, row.invited_by = role, by
    _write(row, why or f"{by} invited you")
    return row


@transaction.atomic
def send_again(invitation: Invitation, *, by: User) -> None:
    """A new letter with a new link; the one before works no more."""
    access.require(by, Role.MANAGER, invitation.member)
    row = _open(invitation)
    _write(row, f"{by} invited you")


@transaction.atomic
def take_back(invitation: Invitation, *, by: User) -> None:
    """Let the link work no more."""
    access.require(by, Role.MANAGER, invitation.member)
    _open(invitation).delete()


def opened(secret: str) -> Invitation:
    """The invitation that a link leads to; BadLink or OldLink if there is none to take."""
    rows = Invitation.objects.select_related("member", "invited_by")
    row = rows.filter(secret_hash=_hashed(secret), accepted_at=None).first()
    if row is None:
        raise BadLink("This invitation was used already or taken back, or its link was cut off.")
    if row.expires_at <= timezone.now():
        raise OldLink("This invitation has expired. Ask for a new one.")
    return row


def account_of(invitation: Invitation) -> User | None:
    """The account of the invited address, if there is one."""
    return User.objects.filter(email=invitation.email, service=False).first()


@transaction.atomic
def accept(invitation: Invitation, *, by: User) -> Access:
    """Take the invitation. Exactly one wins. Nobody loses a role by it that they had."""
    now = timezone.now()
    mine = Invitation.objects.filter(pk=invitation.pk, secret_hash=invitation.secret_hash)
    if not mine.filter(accepted_at=None, expires_at__gt=now).update(accepted_at=now, accepted_by=by):
        raise BadLink("This invitation was used already or taken back.")
    row = Access.objects.filter(member=invitation.member, user=by).first()
    role = Role(invitation.role)
    if row is None:
        row = Access(member=invitation.member, user=by, role=role, given_by=invitation.invited_by)
    elif access.RANK[Role(row.role)] < access.RANK[role]:
        row.role = role
    history.save(row, by=by, reason="took an invitation")
    _tell_inviter(invitation, by, now)
    return row


@transaction.atomic
def accept_as_newcomer(invitation: Invitation, name: str) -> User:
    """Make the account of the invited address and take the invitation: the link proves that it is theirs."""
    user = accounts.create(invitation.email, name)
    accept(invitation, by=user)
    return user


def _write(row: Invitation, why: str) -> None:
    now = timezone.now()
    letters = Notice.objects.filter(kind=KIND, recipient=row.email, occasion__startswith=f"{row.member.pk} ")
    if letters.filter(created_at__gt=now - timedelta(days=1)).count() >= MOST_TO_ONE:
        raise TooMany(f"{row.email} got {MOST_TO_ONE} letters today. Let them look for one, also among the spam.")
    secret = secrets.token_urlsafe(32)
    row.secret_hash, row.expires_at = _hashed(secret), now + LASTS
    row.save()
    notices.queue(
        kind=KIND,
        recipient=row.email,
        occasion=f"{row.member.pk} {now.isoformat()}",
        subject=f"Your access to {row.member} in the BinderHub federation",
        body=(
            f"You are invited to act for {row.member} in the BinderHub federation.\n"
            f"{row.get_role_display().capitalize()}.\n\n"
            f"Open this page to accept:\n{settings.PORTAL_URL}/invitations/{secret}/\n\n"
            f"The link is for you alone and works once, until {row.expires_at:%d %B %Y}. If you did not expect it, do "
            "nothing."
        ),
        why=why,
        useful_until=row.expires_at,
    )


def _tell_inviter(invitation: Invitation, user: User, now: datetime) -> None:
    inviter = invitation.invited_by
    if inviter is None or not inviter.email or inviter == user:
        return
    notices.queue(
        kind="invitation-accepted",
        recipient=inviter.email,
        occasion=f"{invitation.pk}",
        subject=f"{user} accepted your invitation",
        body=f"{user} ({user.email}) has access to {invitation.member} now, as {invitation.role}.",
        why="you invited this person",
        useful_until=now + LASTS,
    )


def _open(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("member")
    row = rows.filter(pk=invitation.pk, accepted_at=None).first()
    if row is None:
        raise BadLink("Somebody took this invitation, or it was taken back.")
    return row


def _checked(email: str) -> str:
    email = User.objects.normalize_email(email.strip())
    try:
        validate_email(email)
    except ValidationError:
        raise InvitationsError("This is no e-mail address.") from None
    return email


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

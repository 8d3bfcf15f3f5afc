"""Accounts: made for those who were invited, kept in step with their e-mail address, and ended at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from allauth.utils import generate_unique_username
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from foundation import texts
from members.models import User
from members.services import access, history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AnonymousUser

STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class AddressTaken(ValueError):
    """Somebody else has this e-mail address."""


@transaction.atomic
def create(email: str, name: str = "") -> User:
    """An account without a password, for somebody who has shown that they read this address."""
    email = User.objects.normalize_email(email)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                generate_unique_username([email.partition("@")[0], "person"]), email, first_name=texts.line(name)[:150]
            )
    except IntegrityError:
        raise AddressTaken(f"There is an account with the address {email} already.") from None
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def edit(user: User, *, name: str, time_zone: str) -> None:
    """What this person is called, and their time zone."""
    user.first_name, user.last_name, user.time_zone = texts.line(name), "", time_zone
    history.save(user, by=user, fields=["first_name", "last_name", "time_zone"])


@transaction.atomic
def change_email(user: User, email: str, *, by: User | None = None) -> None:
    """Give the account another address, which is trusted. The old one logs nobody in any more."""
    email = User.objects.normalize_email(email)
    if email and User.objects.exclude(pk=user.pk).filter(email=email).exists():
        raise AddressTaken("Somebody else has this e-mail address.")
    EmailAddress.objects.filter(user=user).delete()
    if email:
        EmailAddress.objects.filter(email=email).delete()
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    user.email = email
    history.save(user, by=by, fields=["email"])


def end_sessions(user: User) -> None:
    """Log this person out everywhere, at once."""
    User.objects.filter(pk=user.pk).update(session_era=F("session_era") + 1)
    UserSession.objects.filter(user=user).delete()


def has_second_factor(user: User) -> bool:
    """Whether logging in takes more than a code from a mailbox or a password."""
    return bool(Authenticator.objects.filter(user=user, type__in=STRONG).exists())


def lacks_second_factor(user: User | AnonymousUser) -> bool:
    """Whether this person has power over the federation and nothing but one factor to prove it."""
    if not isinstance(user, User) or not (user.is_staff or access.is_maintainer(user)):
        return False
    return not has_second_factor(user)


@transaction.atomic
def take_second_factors(users: Iterable[User]) -> int:
    """Let those who lost theirs log in without, and log them out everywhere; how many had one."""
    users = list(users)
    had: int = Authenticator.objects.filter(user__in=users).values("user").distinct().count()
    Authenticator.objects.filter(user__in=users).delete()
    for user in users:
        end_sessions(user)
    return had


def tidy() -> int:
    """Forget sessions that are over, with the addresses and browsers noted for them; how many notes went."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    gone = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return int(gone[0])

"""Tokens: make one, know one when it is shown, revoke one. A secret is seen once, by whoever made it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation import texts
from members.models import Access, Member, Role, Token, TokenUse, User
from members.services import access

if TYPE_CHECKING:
    from django.db.models import QuerySet

MARK: Final = "fed_"
LONGEST: Final = timedelta(days=366)
MOST: Final = 50
# What these open is for maintainers alone.
FOR_MAINTAINERS: Final = frozenset({Token.Scope.HUBS, Token.Scope.WEBHOOKS, Token.Scope.METRICS})
USE_NOTED_EVERY: Final = timedelta(minutes=1)
USES_KEPT: Final = timedelta(days=366)


class TokensError(ValueError):
    """Nothing was changed; the text says why."""


class NotAllowed(TokensError):
    """This person may not do that with these tokens."""


class Revoked(TokensError):
    """It was revoked already."""


class New(NamedTuple):
    """A token that was just made; its secret is known here and never again."""

    token: Token
    secret: str


@transaction.atomic
def issue(*, name: str, scopes: Iterable[str], expires_at: datetime, by: User) -> New:
    """Make a token that acts as this person."""
    if not by.is_active or by.service:
        raise NotAllowed("Only a person can make a token.")
    return _made(by, None, name, scopes, expires_at, by)


@transaction.atomic
def issue_for_member(
    member: Member, *, role: Role, name: str, scopes: Iterable[str], expires_at: datetime, by: User
) -> New:
    """Make a service account of a member, with one token: it may do what a person of that role may, whoever leaves."""
    if not access.may(by, Role.MANAGER, member):
        raise NotAllowed(f"Only managers of {member} make its service accounts.")
    if role not in {Role.VIEWER, Role.EDITOR}:
        raise TokensError("A service account is a viewer or an editor.")
    name = _checked_name(name)
    account = User.objects.create(
        username=f"service-{member.slug[:40]}-{secrets.token_hex(6)}",
        password="!",  # noqa: S106 Django's mark for: nobody can log in with a password.
        first_name=name,
        last_name=f"(service account of {member})",
        service=True,
    )
    Access.objects.create(member=member, user=account, role=role, given_by=by)
    return _made(account, member, name, scopes, expires_at, by)


def known(secret: str) -> Token | None:
    """The token with this secret if it is good, with its account; its use is noted."""
    now = timezone.now()
    token = Token.objects.good(now).select_related("user").filter(digest=_digest(secret)).first()
    if token is not None and (token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY):
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


@transaction.atomic
def revoke(token: Token, *, by: User) -> None:
    """End a token at once, and the service account that has no other."""
    if not may_revoke(by, token):
        raise NotAllowed("Only whoever made it, a manager of its member or a maintainer may revoke it.")
    if not Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=by):
        raise Revoked("It was revoked already.")
    if token.member_id is not None:
        Access.objects.filter(user_id=token.user_id, user__service=True).delete()
        User.objects.filter(pk=token.user_id, service=True).update(is_active=False)


def revoke_all(user: User, *, by: User | None) -> int:
    """End all tokens of a person who leaves; how many there were."""
    return Token.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=by)


def makers(member: Member) -> dict[int, list[Token]]:
    """The good tokens of the member's service accounts, by the primary key of who made them and saw their secrets."""
    found: dict[int, list[Token]] = {}
    for each in Token.objects.good(timezone.now()).filter(member=member).order_by("name", "pk"):
        if each.created_by_id is not None:
            found.setdefault(each.created_by_id, []).append(each)
    return found


def may_revoke(user: User, token: Token) -> bool:
    """Whether this person may end it."""
    if token.user_id == user.pk or access.is_maintainer(user):
        return True
    return token.member is not None and access.may(user, Role.MANAGER, token.member)


def of(user: User) -> QuerySet[Token]:
    """A person's own tokens, and those of the members they manage, the newest first."""
    managed = Access.objects.filter(user=user, role=Role.MANAGER).values("member")
    rows = Token.objects.filter(Q(user=user) | Q(member__in=managed))
    return rows.select_related("user", "member", "created_by", "revoked_by")


def note_use(token: Token, *, method: str, path: str, status: int) -> None:
    """Keep what was written with it."""
    TokenUse.objects.create(token=token, method=method[:10], path=path.replace("\0", "")[:300], status=status)


def tidy() -> None:
    """Let old uses go."""
    TokenUse.objects.filter(at__lt=timezone.now() - USES_KEPT).delete()


def _made(user: User, member: Member | None, name: str, scopes: Iterable[str], expires_at: datetime, by: User) -> New:
    now, chosen = timezone.now(), sorted(set(scopes))
    if not chosen or not set(chosen) <= set(Token.Scope.values):
        raise TokensError(f"Choose what it may be used for: {', '.join(Token.Scope.values)}.")
    if not now < expires_at <= now + LONGEST:
        raise TokensError("It must expire within a year. Make a new one then.")
    if Token.objects.filter(created_by=by).good(now).count() >= MOST:
        raise TokensError(f"You have {MOST} tokens. Revoke those that you don't need.")
    prefix = MARK + secrets.token_hex(4)
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = Token.objects.create(
        user=user,
        member=member,
        name=_checked_name(name),
        prefix=prefix,
        digest=_digest(secret),
        scopes=chosen,
        created_by=by,
        expires_at=expires_at,
    )
    return New(token, secret)


def _checked_name(name: str) -> str:
    name = texts.line(name)
    if not name or len(name) > 100:
        raise TokensError("Give it a name of at most 100 characters that says what it is for.")
    return name


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

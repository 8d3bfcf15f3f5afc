"""Who may do what with a member: the one rule that pages, admin, API and other services ask.

Viewers see, editors change, managers decide about people and about taking part. Maintainers may do all of it with every
member. An account that was switched off may nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import AnonymousUser

from members.models import Access, Member, Role

if TYPE_CHECKING:
    from members.models import User

RANK: Final = {Role.VIEWER: 1, Role.EDITOR: 2, Role.MANAGER: 3}


class NotAllowed(ValueError):
    """This person may not do that; the text says who may."""


def is_maintainer(user: User | AnonymousUser) -> bool:
    """Whether this person runs the federation."""
    return user.is_active and user.has_perm("members.change_member")


def role(user: User | AnonymousUser, member: Member) -> Role | None:
    """The role this person has at the member, leaving aside that maintainers may do everything."""
    if not (user.is_authenticated and user.is_active):
        return None
    found = Access.objects.filter(user=user, member=member).values_list("role", flat=True).first()
    return Role(found) if found else None


def may(user: User | AnonymousUser, least: Role, member: Member) -> bool:
    """Whether this person may do what a person of at least this role may."""
    if is_maintainer(user):
        return True
    has = role(user, member)
    return has is not None and RANK[has] >= RANK[least]


def require(user: User | AnonymousUser, least: Role, member: Member) -> None:
    """Refuse with NotAllowed who may not."""
    if not may(user, least, member):
        a = "an" if least == Role.EDITOR else "a"
        raise NotAllowed(
            f"Only {a} {least.value} of {member}, or somebody above, may do that. Ask one of its managers."
        )

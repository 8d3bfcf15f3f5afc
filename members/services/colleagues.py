"""Colleagues: the people who may act for a member. Changed by its managers; one manager always stays."""

from __future__ import annotations

from django.db import transaction

from members.models import Access, Member, Role, User
from members.services import access, accounts, edits, history, tokens


class ColleaguesError(edits.EditError):
    """Nothing was changed; the text says why."""


class LastManager(ColleaguesError):
    """The member would be left without anybody who may invite or remove people."""


@transaction.atomic
def change_role(given: Access, role: Role, *, by: User) -> None:
    """Let this person be something else for the member from now on."""
    row = _held(given)
    access.require(by, Role.MANAGER, row.member)
    if row.role == role:
        return
    if row.role == Role.MANAGER:
        _keep_a_manager(row)
    row.role = role
    history.save(row, by=by, fields=["role"])


@transaction.atomic
def remove(given: Access, *, by: User, with_tokens: bool = False) -> None:
    """End this person's access at once. Whom others remove is logged out everywhere, and their tokens end.

    `with_tokens`: so do those of the member's service accounts that they made, whose secrets they saw.
    """
    row = _held(given)
    if row.user_id != by.pk:
        access.require(by, Role.MANAGER, row.member)
    if row.role == Role.MANAGER:
        _keep_a_manager(row)
    user = row.user
    if with_tokens and access.may(by, Role.MANAGER, row.member):
        for token in tokens.makers(row.member).get(user.pk, []):
            tokens.revoke(token, by=by)
    history.delete(row, by=by)
    if user.pk != by.pk:
        accounts.end_sessions(user)
        tokens.revoke_all(user, by=by)


def _held(given: Access) -> Access:
    """The row as it is now; who else changes people of this member waits until this is done."""
    Member.objects.select_for_update().get(pk=given.member_id)
    row = Access.objects.select_related("member", "user").filter(pk=given.pk).first()
    if row is None:
        raise ColleaguesError("This person has no access any more.")
    return row


def _keep_a_manager(row: Access) -> None:
    others = row.member.access.filter(role=Role.MANAGER, user__is_active=True, user__service=False).exclude(pk=row.pk)
    if not others.exists():
        raise LastManager(f"{row.user} is the only manager of {row.member}. Make somebody else manager first.")

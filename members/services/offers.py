"""Offers of compute: proposed by members, accepted or declined by maintainers, active from first day to last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation import reasons
from members.models import ComputeOffer, Member, Role
from members.services import access, edits, history

if TYPE_CHECKING:
    from members.models import User

PROPOSED, ACCEPTED, ACTIVE, EXPIRED, DECLINED = ComputeOffer.State
# What a maintainer may decide, from where; days passing do the rest.
DECISIONS: Final = {PROPOSED: {ACCEPTED, DECLINED}, ACCEPTED: {DECLINED}, DECLINED: {PROPOSED}}


class OffersError(edits.EditError):
    """Nothing was changed; the text says why."""


class Decided(OffersError):
    """Somebody else decided on it first."""


@transaction.atomic
def propose(member: Member, values: Mapping[str, Any], *, by: User | None) -> ComputeOffer:
    """A new offer."""
    if by is not None:
        access.require(by, Role.EDITOR, member)
    row = ComputeOffer(member=member)
    for name, value in edits.different(row, values).items():
        setattr(row, name, value)
    _check_contact(row)
    edits.check(row, ComputeOffer.RECORD)
    history.save(row, by=by)
    return row


@transaction.atomic
def edit(offer: ComputeOffer, changes: Mapping[str, Any], *, by: User | None, seen: str | None = None) -> ComputeOffer:
    """Change an offer. One whose last day moves past today goes on; `seen`: see edits.write."""
    if by is not None:
        access.require(by, Role.EDITOR, offer.member)
    row = edits.locked(offer)
    edits.write(row, changes, by=by, seen=seen)
    _check_contact(row)
    _follow(row, timezone.now().date())
    return row


@transaction.atomic
def accept(offer: ComputeOffer, *, by: User) -> ComputeOffer:
    """Take it; it is active at once if its first day has come. Of two who decide at once one gets Decided."""
    row = _decide(offer, ACCEPTED, by, "accepted")
    _follow(row, timezone.now().date())
    return row


def decline(offer: ComputeOffer, *, reason: str, by: User) -> ComputeOffer:
    """Say no, and why."""
    return _decide(offer, DECLINED, by, reasons.checked(reason))


def reopen(offer: ComputeOffer, *, by: User) -> ComputeOffer:
    """Think about a declined one again."""
    return _decide(offer, PROPOSED, by, "to be decided again")


@transaction.atomic
def withdraw(offer: ComputeOffer, *, by: User) -> None:
    """Take back an offer that nobody has accepted yet."""
    access.require(by, Role.EDITOR, offer.member)
    row = edits.locked(offer)
    if row.state not in {PROPOSED, DECLINED}:
        raise OffersError("It was accepted: instead of taking it back set its last day.")
    history.delete(row, by=by, reason="withdrawn")


def follow_the_days(today: date | None = None) -> int:
    """Let those begin whose first day has come, and those end whose last day has passed; how many. Run it any day."""
    today = today or timezone.now().date()
    due = ComputeOffer.objects.filter(
        Q(state=ACCEPTED) & (Q(starts=None) | Q(starts__lte=today)) | Q(state=ACTIVE, ends__lt=today)
    )
    return sum(_follow_one(pk, today) for pk in due.values_list("pk", flat=True))


@transaction.atomic
def end_all(member: Member, *, by: User | None, reason: str) -> None:
    """The member leaves: what runs ends today, what nobody decided on is declined."""
    today = timezone.now().date()
    for row in ComputeOffer.objects.select_for_update().filter(member=member, state__in=[PROPOSED, ACCEPTED, ACTIVE]):
        row.state = DECLINED if row.state == PROPOSED else EXPIRED
        if row.state == EXPIRED and (row.ends is None or row.ends > today):
            row.ends = max(today, row.starts or today)
        history.save(row, by=by, reason=reason, fields=["state", "ends"])


@transaction.atomic
def _follow_one(pk: int, today: date) -> bool:
    row = ComputeOffer.objects.select_for_update().filter(pk=pk).first()
    return row is not None and _follow(row, today)


def _follow(row: ComputeOffer, today: date) -> bool:
    """Bring an accepted offer's state up to the day."""
    state = row.state
    if state in {ACCEPTED, ACTIVE, EXPIRED}:
        over = row.ends is not None and row.ends < today
        ahead = row.starts is not None and row.starts > today
        state = EXPIRED if over else ACCEPTED if ahead else ACTIVE
    if state == row.state:
        return False
    row.state = state
    history.save(row, by=None, reason="as its days say", fields=["state"])
    return True


@transaction.atomic
def _decide(offer: ComputeOffer, to: str, by: User, reason: str) -> ComputeOffer:
    if not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers decide on offers.")
    row = edits.locked(offer)
    if row.state != offer.state or to not in DECISIONS.get(ComputeOffer.State(row.state), set()):
        raise Decided(f"It is {row.get_state_display()} by now.")
    row.state = to
    history.save(row, by=by, reason=reason, fields=["state"])
    offer.refresh_from_db()
    return row


def _check_contact(row: ComputeOffer) -> None:
    if row.team_contact is not None and row.team_contact.member_id != row.member_id:
        raise OffersError("The team's contact is not one of this member's.")

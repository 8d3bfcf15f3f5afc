"""A member's life: from applying to being thanked. Each step has who, when and why, and is kept for ever.

What a step means for the member's hubs is `routing.services.lifecycle`: pages and the API go through that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from foundation import reasons
from members.models import Member, MemberChange, Role
from members.services import access, edits, history

if TYPE_CHECKING:
    from members.models import User

APPLICANT, ONBOARDING, ACTIVE, PAUSED, PAST = Member.State
STEPS: Final[Mapping[str, frozenset[str]]] = {
    APPLICANT: frozenset([ONBOARDING, ACTIVE, PAST]),
    ONBOARDING: frozenset([ACTIVE, PAST]),
    ACTIVE: frozenset([PAUSED, PAST]),
    PAUSED: frozenset([ACTIVE, ONBOARDING, PAST]),
    PAST: frozenset([ONBOARDING]),
}
# What a member's managers may do by themselves; all else is for maintainers.
OWN_STEPS: Final = frozenset([(ACTIVE, PAUSED), (PAUSED, ACTIVE), (ACTIVE, PAST), (PAUSED, PAST), (ONBOARDING, PAST)])


class LifecycleError(edits.EditError):
    """The member stays as it was; the text says why."""


class Moved(LifecycleError):
    """Somebody else moved it first."""


def begin(member: Member, *, reason: str, by: User | None) -> MemberChange:
    """Note how a new member began; whoever created it calls this in the same transaction."""
    return MemberChange.objects.create(
        member=member, by=by, from_state="", to_state=member.state, reason=reasons.checked(reason), by_maintainers=True
    )


@transaction.atomic
def move(member: Member, to: str, *, reason: str, by: User | None, seen: str | None = None) -> MemberChange:
    """Let the member be in another state from now on. `seen` is the state the person saw: Moved if it is another.

    `by` is None for the portal itself, which may do what maintainers may.
    """
    reason = reasons.checked(reason)
    row = edits.locked(member)
    if seen is not None and row.state != seen:
        raise Moved(f"{row} is {row.get_state_display()} by now. Look at the page again.")
    _refuse(row, to, by)
    change = MemberChange.objects.create(
        member=row, by=by, from_state=row.state, to_state=to, reason=reason, by_maintainers=not _is_own(row, by)
    )
    row.state = to
    today = timezone.now().date()
    if to == ACTIVE and row.since is None:
        row.since = today
    # Who never gave anything left no years behind.
    row.until = (row.until or today) if to == PAST and row.since else None
    history.save(row, by=by, reason=reason, fields=["state", "since", "until"])
    member.refresh_from_db()
    return change


def paused_by_maintainers(member: Member) -> bool:
    """Whether it rests because maintainers said so: then it comes back through the admission checks only."""
    if member.state != PAUSED:
        return False
    last = member.changes.filter(to_state=PAUSED).first()
    return last is not None and last.by_maintainers


def steps(member: Member, user: User) -> list[str]:
    """The states this person may move it to."""
    return [to for to in Member.State.values if to in STEPS[member.state] and not _why_not(member, to, user)]


def _refuse(row: Member, to: str, by: User | None) -> None:
    if to not in STEPS[row.state]:
        raise LifecycleError(f"{row} is {row.get_state_display()}: it can't become {to} from there.")
    why_not = _why_not(row, to, by)
    if why_not:
        raise why_not


def _why_not(row: Member, to: str, by: User | None) -> Exception | None:
    if to == ACTIVE and paused_by_maintainers(row):
        return LifecycleError(f"Maintainers paused {row}: it comes back through the admission checks, as onboarding.")
    if to == ONBOARDING and row.state == PAUSED and not paused_by_maintainers(row):
        return LifecycleError(f"{row} paused by itself: it comes back as active.")
    if by is None or access.is_maintainer(by):
        return None
    if not access.may(by, Role.MANAGER, row):
        return access.NotAllowed(f"Only a manager of {row} or a maintainer may do that.")
    if (row.state, to) not in OWN_STEPS:
        return access.NotAllowed("Only maintainers may do that.")
    return None


def _is_own(row: Member, by: User | None) -> bool:
    """Whether the member's own people do it; a maintainer who is also a manager of it acts for the member."""
    return by is not None and access.role(by, row) == Role.MANAGER

"""The agenda of a meeting: what people propose, in which order, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from members.models import AgendaItem, Meeting, Member
from members.services import access, edits, history, meetings, visibility

if TYPE_CHECKING:
    from members.models import User

# So that nobody fills a meeting alone by mistake.
MOST_EACH: Final = 10
# Where the portal's own items begin and those of people; the order of each group is that of its making.
OWN_BEGIN: Final = 10
PEOPLE_BEGIN: Final = 100
STEP: Final = 10


class AgendaError(edits.EditError):
    """Nothing was changed; the text says why."""


def items(meeting: Meeting, user: User | AnonymousUser | None) -> QuerySet[AgendaItem]:
    """What this person reads of a meeting's agenda, in its order; None sees all of it."""
    rows = meeting.items.filter(removed_at=None).select_related("by", "member")
    if user is None or meetings.takes_part(user):
        return rows
    return rows.filter(seen_by=AgendaItem.SeenBy.EVERYBODY)


@transaction.atomic
def propose(meeting: Meeting, values: Mapping[str, Any], *, by: User, member: Member | None = None) -> AgendaItem:
    """Put something on the agenda, for one's member or as a maintainer."""
    meetings.require_to_take_part(by)
    held = _held(meeting)
    if held.items.filter(by=by, removed_at=None).count() >= MOST_EACH:
        raise AgendaError(f"You have {MOST_EACH} items on this agenda: take one off first, or put two into one.")
    last = held.items.filter(source="").aggregate(last=Max("position"))["last"] or PEOPLE_BEGIN - STEP
    row = AgendaItem(meeting=held, by=by, member=_whose(by, member), position=max(last, PEOPLE_BEGIN - STEP) + STEP)
    for name, value in edits.different(row, values).items():
        setattr(row, name, value)
    edits.check(row, AgendaItem.RECORD)
    history.save(row, by=by)
    return row


@transaction.atomic
def edit(item: AgendaItem, values: Mapping[str, Any], *, by: User, seen: str | None = None) -> AgendaItem:
    """Change an item: one's own, or any for those who run the meeting."""
    require(by, item)
    _held(item.meeting)
    row = edits.locked(item)
    edits.write(row, values, by=by, seen=seen)
    return row


@transaction.atomic
def remove(item: AgendaItem, *, by: User) -> None:
    """Take an item off the agenda; it stays in the history."""
    require(by, item)
    _held(item.meeting)
    if not AgendaItem.objects.filter(pk=item.pk, removed_at=None).update(removed_at=timezone.now()):
        raise AgendaError("Somebody took it off already.")
    item.refresh_from_db()
    history.note([item], by=by, reason="taken off the agenda")


@transaction.atomic
def shift(item: AgendaItem, *, up: bool, by: User) -> None:
    """Let an item change places with the one before or after it."""
    meetings.require_to_run(by, item.meeting)
    _held(item.meeting)
    rows = list(item.meeting.items.select_for_update().filter(removed_at=None))
    places = {row.pk: number for number, row in enumerate(rows)}
    if item.pk not in places:
        raise AgendaError("Somebody took it off already.")
    other = places[item.pk] + (-1 if up else 1)
    if not 0 <= other < len(rows):
        return
    rows[places[item.pk]], rows[other] = rows[other], rows[places[item.pk]]
    for number, row in enumerate(rows, start=1):
        if row.position != number * STEP:
            row.position = number * STEP
            history.save(row, by=by, reason="order of the agenda", fields=["position"])


def may_edit(user: User | AnonymousUser, item: AgendaItem) -> bool:
    """Whether this person may change the item or take it off."""
    return meetings.runs(user, item.meeting) or (user.pk is not None and user.is_active and item.by_id == user.pk)


def require(user: User, item: AgendaItem) -> None:
    """Refuse with NotAllowed who may not."""
    if not may_edit(user, item):
        raise access.NotAllowed("Whoever proposed it may do that, and those who run the meeting.")


def _held(meeting: Meeting) -> Meeting:
    """The meeting, held until the transaction ends, if it still has an agenda to change."""
    row = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    phase = row.phase(timezone.now())
    if phase in {"over", "cancelled"}:
        raise AgendaError("It is over." if phase == "over" else "It does not take place.")
    return row


def _whose(user: User, member: Member | None) -> Member | None:
    """The member that somebody speaks for: the one they name, or the first of their own."""
    roles = visibility.viewer(user).roles
    if member is not None and member.pk in roles:
        return member
    return Member.objects.filter(pk__in=roles, state__in=visibility.TAKING_PART).order_by("name").first()

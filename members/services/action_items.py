"""Action items: what somebody will do until when. Open ones come back on the next agenda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from members.models import ActionItem, Meeting
from members.services import access, edits, history, meetings

if TYPE_CHECKING:
    from members.models import User


class Settled(edits.EditError):
    """Somebody else said first that it is done, or not done after all."""


def open_before(meeting: Meeting) -> QuerySet[ActionItem]:
    """What earlier meetings decided and was not done when this one began, as far as that is known by now."""
    began = min(meeting.starts_at, timezone.now())
    earlier = ActionItem.objects.filter(meeting__starts_at__lt=meeting.starts_at, created_at__lt=meeting.ends_at)
    still_open = Q(done_at=None) | Q(done_at__gt=began)
    return earlier.filter(still_open).exclude(meeting=meeting).select_related("owner", "meeting")


def open_of(user: User) -> QuerySet[ActionItem]:
    """What somebody has promised and not done yet."""
    return ActionItem.objects.filter(owner=user, done_at=None).select_related("meeting")


@transaction.atomic
def add(meeting: Meeting, values: Mapping[str, Any], *, by: User) -> ActionItem:
    """Keep what somebody will do, by those who run the meeting."""
    meetings.require_to_run(by, meeting)
    if meeting.cancelled_at is not None or meeting.starts_at > timezone.now():
        raise edits.EditError("The meeting has not begun: nobody promised anything there yet.")
    row = ActionItem(meeting=meeting)
    for name, value in edits.different(row, values).items():
        setattr(row, name, value)
    edits.check(row, ActionItem.RECORD)
    history.save(row, by=by)
    return row


@transaction.atomic
def edit(item: ActionItem, values: Mapping[str, Any], *, by: User, seen: str | None = None) -> ActionItem:
    """Change what is to be done, by whom or until when."""
    require(by, item)
    row = edits.locked(item)
    edits.write(row, values, by=by, seen=seen)
    return row


@transaction.atomic
def settle(item: ActionItem, *, done: bool, by: User, at: datetime | None = None) -> ActionItem:
    """Say that it is done, or that it is not done after all. Of two who do this at once one gets Settled."""
    require(by, item)
    rows = ActionItem.objects.filter(pk=item.pk, done_at__isnull=done)
    if not rows.update(done_at=(at or timezone.now()) if done else None):
        raise Settled("It was done already." if done else "It was open already.")
    item.refresh_from_db()
    history.note([item], by=by, reason="done" if done else "not done after all")
    return item


@transaction.atomic
def remove(item: ActionItem, *, by: User) -> None:
    """Take it away: it was entered by mistake."""
    meetings.require_to_run(by, item.meeting)
    history.delete(edits.locked(item), by=by)


def may_edit(user: Any) -> Callable[[ActionItem], bool]:  # noqa: ANN401
    """Says of action items whether this person may change them.

    Their owner may, those who ran the meeting, and those who run the next one, where it comes back.
    """
    known = user.pk is not None and user.is_active
    coming = meetings.next_one()
    of_all = known and (access.is_maintainer(user) or (coming is not None and meetings.runs(user, coming)))
    return lambda item: (
        of_all or (known and user.pk in (item.owner_id, item.meeting.facilitator_id, item.meeting.note_taker_id))
    )


def require(user: User, item: ActionItem) -> None:
    """Refuse with NotAllowed who may not."""
    if not may_edit(user)(item):
        raise access.NotAllowed("Whoever promised it may do that, and those who run the meeting.")

"""What is told of a meeting, and what may be asked of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from members.api.resources import Order, Record
from members.models import AgendaItem, Meeting, Rsvp
from members.models.agendas import ActionItem

LINK: int = 500


class ItemRecord(Record):
    """Something to talk about."""

    id = serializers.IntegerField()
    meeting = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField(help_text="Markdown.")
    minutes = serializers.IntegerField()
    seen_by = serializers.ChoiceField(AgendaItem.SeenBy.choices)
    member = serializers.CharField(
        allow_null=True, help_text="The slug of the member that proposed it, if you may know of it."
    )
    from_portal = serializers.BooleanField()


class ActionRecord(serializers.Serializer[Any]):
    """What somebody will do."""

    text = serializers.CharField()
    owner = serializers.CharField(required=False, allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)


class GuestRecord(serializers.Serializer[Any]):
    """Somebody who answered, or was there."""

    name = serializers.CharField()
    member = serializers.CharField(allow_null=True)
    answer = serializers.ChoiceField(Rsvp.Answer.choices, required=False)


class MeetingRecord(Record):
    """A meeting. What the caller may not see is not there."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    phase = serializers.ChoiceField(["coming", "on", "over", "cancelled"])
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    minutes = serializers.IntegerField()
    time_zone = serializers.CharField(help_text="The one it was planned in.")
    series = serializers.IntegerField(allow_null=True)
    uid = serializers.UUIDField(help_text="By which calendars know it.")
    sequence = serializers.IntegerField()
    change = serializers.CharField(help_text="What the last change of time or place was.")
    changed_at = serializers.DateTimeField()
    calendar = serializers.CharField(help_text="The address of it as a file for calendars.")
    agenda = ItemRecord(many=True)
    notes = serializers.CharField(help_text="Markdown.")
    notes_url = serializers.CharField()
    notes_public = serializers.BooleanField()
    actions = ActionRecord(many=True)
    place = serializers.CharField(help_text="The video link: for people of the federation.")
    pad = serializers.CharField()
    facilitator = serializers.CharField(allow_null=True)
    note_taker = serializers.CharField(allow_null=True)
    answers = GuestRecord(many=True)
    attendance = GuestRecord(many=True)


class MeetingEdit(Order):
    """Fields of a meeting."""

    title = serializers.CharField(required=False, max_length=120)
    place = serializers.CharField(required=False, allow_blank=True, max_length=LINK)
    pad = serializers.CharField(required=False, allow_blank=True, max_length=LINK)


class NewMeeting(MeetingEdit):
    """A meeting to plan."""

    title = serializers.CharField(max_length=120)
    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(min_value=5, max_value=1440, default=60)
    time_zone = serializers.CharField(max_length=64, default="UTC")


class MeetingReason(Order):
    """The reason. Everybody reads it: in letters, and on the public page."""

    reason = serializers.CharField(max_length=500)


class Move(MeetingReason):
    """Another time."""

    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(required=False, min_value=5, max_value=1440)


class Notes(Order):
    """What was said."""

    notes = serializers.CharField(required=False, allow_blank=True, max_length=50_000)
    notes_url = serializers.CharField(required=False, allow_blank=True, max_length=LINK)
    notes_public = serializers.BooleanField(required=False)


class Answer(Order):
    """Whether somebody comes."""

    answer = serializers.ChoiceField(Rsvp.Answer.choices)


class ItemEdit(Order):
    """Fields of an item of the agenda."""

    title = serializers.CharField(required=False, max_length=200)
    text = serializers.CharField(required=False, allow_blank=True, max_length=5_000)
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=240)
    seen_by = serializers.ChoiceField(AgendaItem.SeenBy.choices, required=False)


class NewItem(ItemEdit):
    """An item to propose."""

    title = serializers.CharField(max_length=200)
    member = serializers.CharField(required=False, max_length=63, help_text="For which of your members.")


def item(row: AgendaItem, *, takes_part: bool) -> dict[str, Any]:
    """An item as `ItemRecord` says; everybody hears of members only that may be known."""
    member = row.member if row.member and (takes_part or row.member.is_public) else None
    return {
        "id": row.pk,
        "meeting": row.meeting_id,
        "title": row.title,
        "text": row.text,
        "minutes": row.minutes,
        "seen_by": row.seen_by,
        "member": member and member.slug,
        "from_portal": bool(row.source),
    }


def meeting(row: Meeting, *, takes_part: bool, answers: Sequence[Rsvp], now: datetime) -> dict[str, Any]:
    """A meeting as `MeetingRecord` says, as far as everybody or people of the federation see it."""
    names = ("title", "starts_at", "ends_at", "minutes", "time_zone", "uid", "sequence", "change", "changed_at")
    found = {
        "id": row.pk,
        **{name: getattr(row, name) for name in names},
        "phase": row.phase(now),
        "series": row.series_id,
        "agenda": [item(each, takes_part=takes_part) for each in _agenda(row, takes_part=takes_part)],
        "notes_public": row.notes_public,
    }
    if takes_part or row.notes_public:
        found |= {"notes": row.notes, "notes_url": row.notes_url}
        found["actions"] = [_action(each, takes_part=takes_part) for each in row.actions.all()]
    return {**found, **_for_members(row, answers)} if takes_part else found


def _for_members(row: Meeting, answers: Sequence[Rsvp]) -> dict[str, Any]:
    return {
        "place": row.place,
        "pad": row.pad,
        "facilitator": row.facilitator and str(row.facilitator),
        "note_taker": row.note_taker and str(row.note_taker),
        "answers": [{**_guest(each), "answer": each.answer} for each in answers],
        "attendance": [_guest(each) for each in row.attendance.all()],
    }


def _agenda(row: Meeting, *, takes_part: bool) -> list[AgendaItem]:
    """As services.agendas.items, of rows that are here already."""
    standing = [each for each in row.items.all() if each.removed_at is None]
    return [each for each in standing if takes_part or each.seen_by == AgendaItem.SeenBy.EVERYBODY]


def _action(row: ActionItem, *, takes_part: bool) -> dict[str, Any]:
    found = {"text": row.text, "due_on": row.due_on, "done_at": row.done_at}
    return {**found, "owner": row.owner and str(row.owner)} if takes_part else found


def _guest(row: Any) -> dict[str, Any]:  # noqa: ANN401
    """Without the address: who has no name here is somebody of a member."""
    return {"name": row.name or "somebody", "member": row.member and row.member.slug}

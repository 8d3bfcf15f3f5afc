"""What meetings know of a person: handed over on request, and forgotten on request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from members.models import ActionItem, AgendaItem, Attendance, Meeting, RotaPerson, Rsvp, User


def export(user: User) -> dict[str, Any]:
    """Answers, attendance, proposals, promises and turns."""
    address = user.email.lower()
    turns = Meeting.objects.filter(facilitator=user) | Meeting.objects.filter(note_taker=user)
    return {
        "answers": list(
            Rsvp.objects.filter(address=address).exclude(address="").values("meeting__title", "answer", "at")
        ),
        "attendance": list(
            Attendance.objects.filter(address=address)
            .exclude(address="")
            .values("meeting__title", "meeting__starts_at")
        ),
        "proposed": list(AgendaItem.objects.filter(by=user).values("title", "text", "created_at")),
        "promised": list(ActionItem.objects.filter(owner=user).values("text", "due_on", "done_at")),
        "turns": list(turns.distinct().values("title", "starts_at")),
        "rota": list(RotaPerson.objects.filter(user=user).values("facilitates", "takes_notes")),
    }


def forget_old(before: datetime) -> None:
    """Forget who answered to meetings that were over before then, and by which address somebody was there."""
    Rsvp.objects.filter(meeting__ends_at__lt=before).delete()
    Attendance.objects.filter(meeting__ends_at__lt=before).exclude(address="").update(address="")


def forget(user: User, name: str) -> None:
    """Leave of the person only that somebody was there, under this name."""
    address = user.email.lower()
    if address:
        Rsvp.objects.filter(address=address).delete()
        Attendance.objects.filter(address=address).update(address="", name=name)
    for model, fields in (
        (Meeting, ("facilitator", "note_taker", "changed_by")),
        (AgendaItem, ("by",)),
        (ActionItem, ("owner",)),
    ):
        for field in fields:
            model.history.filter(**{field: user.pk}).update(**{field: None})
    # Reasons named who had a turn once.
    for words in ("leads it", "takes notes"):
        named = Meeting.history.filter(history_change_reason__startswith=f"{user} {words}: ")
        named.update(history_change_reason=f"{name} {words}")
    for ending in ("in exchange with {}", ": {} left", ": {} does it no more"):
        named = Meeting.history.filter(history_change_reason__endswith=ending.format(user))
        named.update(history_change_reason=f"a turn of {name}")
    RotaPerson.history.filter(user=user.pk).delete()

"""What a meeting is about, and what it decided that somebody will do."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models.editing import Editable
from members.models.meetings import Meeting
from members.models.members import Member
from members.models.traces import traced


class AgendaItem(Editable):
    """One thing to talk about. Those with a source were put there by the portal, and go when it is no more so.

    Nothing is deleted: what somebody took off the agenda is not put there again.
    """

    RECORD = ("title", "text", "minutes", "seen_by")

    class SeenBy(models.TextChoices):
        """Who reads it."""

        EVERYBODY = "everybody", "everybody"
        MEMBERS = "members", "members only"

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="items")
    title = models.CharField(max_length=200)
    text = models.TextField("more about it", max_length=5_000, blank=True, help_text="Markdown.")
    minutes = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(240)], help_text="How long it may take."
    )
    seen_by = models.CharField("who reads it", max_length=9, choices=SeenBy.choices, default=SeenBy.EVERYBODY)
    position = models.PositiveSmallIntegerField(default=100)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # Whose item it is, if one of its people proposed it.
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="agenda_items")
    # What the portal made it of, such as `incident 7`; empty for what people proposed.
    source = models.CharField(max_length=80, blank=True, editable=False)
    # Where to read more, for an item of the portal: a path.
    link = models.CharField(max_length=200, blank=True, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    history = HistoricalRecords()

    class Meta:
        ordering = ("position", "created_at", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="agendaitem_has_title"),
            models.CheckConstraint(condition=Q(minutes__gte=1, minutes__lte=240), name="agendaitem_minutes"),
            models.CheckConstraint(condition=Q(seen_by__in=["everybody", "members"]), name="agendaitem_seen_by_known"),
            models.UniqueConstraint(
                fields=["meeting", "source"], condition=~Q(source=""), name="agendaitem_source_once"
            ),
        ]
        triggers: ClassVar = traced("meetings", "meeting_id", part=True)

    def __str__(self) -> str:
        return self.title


class ActionItem(Editable):
    """What somebody will do. It comes back on the agenda of each next meeting until it is done."""

    RECORD = ("text", "owner", "due_on")

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="actions")
    text = models.CharField(max_length=300)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="actions"
    )
    due_on = models.DateField("due", null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    history = HistoricalRecords()

    class Meta:
        ordering = ("due_on", "created_at", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(text__regex=r"^\s*$"), name="actionitem_says_what"),
        ]
        triggers: ClassVar = traced("meetings", "meeting_id", part=True)

    def __str__(self) -> str:
        return self.text

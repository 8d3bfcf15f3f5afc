"""Facts that a maintainer looks at before they are published."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from members.models.histories import Histories
from members.models.members import Member


class ReviewedField(models.Model):
    """A fact of members' records that does not change at once when a member edits it: maintainers look first."""

    field = models.CharField(max_length=30, unique=True)

    history = Histories()

    class Meta:
        ordering = ("field",)

    def __str__(self) -> str:
        return Member.label(self.field)


class ProposedChange(models.Model):
    """What a member would like its record to say. One waits for each fact; a newer one takes its place."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "waiting"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="proposed_changes")
    field = models.CharField(max_length=30)
    # As text; a date in ISO 8601.
    value = models.TextField(blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["member", "field"], condition=Q(state="waiting"), name="proposedchange_one_waits"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "accepted", "declined", "withdrawn"]),
                name="proposedchange_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member}: {self.field}"

    @property
    def label(self) -> str:
        """The fact, as people call it."""
        return Member.label(self.field)

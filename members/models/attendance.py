"""Who comes to a meeting, who was there, and who leads and writes in turn."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models.meetings import Meeting
from members.models.members import Member


class Rsvp(models.Model):
    """What the reader at an address answered to the invitation; by address, since most contacts never log in."""

    class Answer(models.TextChoices):
        """Whether they come."""

        YES = "yes", "I'll come"
        MAYBE = "maybe", "maybe"
        NO = "no", "I can't come"

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="rsvps")
    # In lower case.
    address = models.EmailField()
    name = models.CharField(max_length=200, blank=True)
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    answer = models.CharField(max_length=5, choices=Answer.choices)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "address")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["meeting", "address"], name="rsvp_once"),
            models.CheckConstraint(condition=Q(answer__in=["yes", "maybe", "no"]), name="rsvp_answer_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.address}: {self.answer}"


class Attendance(models.Model):
    """One who was there; a guest without an address is just a name."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendance")
    # In lower case.
    address = models.EmailField(blank=True)
    name = models.CharField(max_length=200)
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="attendance")
    noted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "id")
        verbose_name_plural = "attendance"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["meeting", "address"], condition=~Q(address=""), name="attendance_once"),
            models.CheckConstraint(condition=~Q(name__regex=r"^\s*$"), name="attendance_has_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RotaPerson(models.Model):
    """Somebody who is willing to lead meetings, to take notes, or both, in turn with others."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="rota")
    facilitates = models.BooleanField("leads meetings", default=False)
    takes_notes = models.BooleanField(default=False)

    history = HistoricalRecords()

    class Meta:
        ordering = ("user__username",)
        verbose_name_plural = "rota"

    def __str__(self) -> str:
        return str(self.user)

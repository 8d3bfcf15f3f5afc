"""What maintainers are told of: one row for each trouble, from its first sign to its end. Kept for ever."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from routing.models.hubs import Hub


class AlertQuerySet(models.QuerySet["Alert"]):
    """Named reads of alerts."""

    def open(self) -> AlertQuerySet:
        """Those that are not over."""
        return self.filter(over_at=None)


class Alert(models.Model):
    """A trouble. `told_at` is when it was said, which for a hub in maintenance, a flapping one or a blip is never.

    `occasion` is that of the notices which told of it, so that the all-clear goes to just those who heard.
    """

    class Kind(models.TextChoices):
        """What is wrong."""

        OUT = "out", "a hub is out"
        FLAPPING = "flapping", "a hub is flapping"
        NO_ANSWER = "no-answer", "no hub answers"
        UNWATCHED = "unwatched", "nobody checks the hubs"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, null=True, related_name="alerts")
    began_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    told_at = models.DateTimeField(null=True)
    occasion = models.CharField(max_length=200, blank=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    over_at = models.DateTimeField(null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-began_at", "-id")
        indexes: ClassVar = [models.Index(fields=["-began_at"], name="alert_newest")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "hub"], condition=Q(over_at=None, hub__isnull=False), name="alert_one_open_of_hub"
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(over_at=None, hub=None), name="alert_one_open_of_fleet"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["out", "flapping"], hub__isnull=False)
                | Q(kind__in=["no-answer", "unwatched"], hub=None),
                name="alert_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} since {self.began_at:%Y-%m-%d %H:%M}"


class AlertRound(models.Model):
    """When somebody last looked for trouble, and since when without a gap: one row, number 1."""

    at = models.DateTimeField()
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="alertround_one_row")]

    def __str__(self) -> str:
        return f"last looked {self.at}"

"""How much was launched where: counted by redirectors, handed over in batches, kept by minute, hour and day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from routing.models.hubs import Hub


class Usage(models.Model):
    """Launches that redirectors sent to a hub for one reason in the time that begins at `at`."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=16)
    launches = models.PositiveBigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.hub_id} {self.at:%Y-%m-%d %H:%M} {self.reason} {self.launches}"


class UsageMinute(Usage):
    """Kept for 48 hours."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["at", "hub", "reason"], name="usageminute_once")]


class UsageHour(Usage):
    """Kept for 90 days."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["at", "hub", "reason"], name="usagehour_once")]


class UsageDay(Usage):
    """A UTC day. Kept for ever."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["at", "hub", "reason"], name="usageday_once")]


class UsageRepository(models.Model):
    """Launches of one repository at one hub in a UTC day: the most launched ones of a day, kept for ever.

    Counts are never too high. What repositories lack of the hub's launches of that day belongs to rarer ones.
    """

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    repository = models.CharField(max_length=200)
    launches = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "hub", "repository"], name="usagerepository_once")
        ]
        indexes: ClassVar = [models.Index(fields=["hub", "day"], name="usagerepository_hub")]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.day} {self.repository} {self.launches}"


class UsageSource(models.Model):
    """A redirector that hands over: how far it is. `number` is of its newest batch, so that none counts twice."""

    redirector = models.CharField(max_length=32, unique=True)
    number = models.PositiveBigIntegerField(default=0)
    seen_at = models.DateTimeField(default=timezone.now)
    ended = models.BooleanField(default=False)
    launches = models.PositiveBigIntegerField(default=0)
    # What is known to be lost: launches it could not keep, launches of hubs that nobody knows, batches that never came,
    # and how often it ended in the middle of its work, each time with the counts of two seconds at most.
    lost = models.PositiveBigIntegerField(default=0)
    unknown = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveBigIntegerField(default=0)
    interruptions = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.redirector} {self.number}"


class Promise(models.Model):
    """From this moment on this share of all launches was promised to the hub by the weights. Kept for ever."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="promises")
    at = models.DateTimeField(default=timezone.now)
    share = models.FloatField()

    class Meta:
        ordering = ("-at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "at"], name="promise_one_at_a_time"),
            models.CheckConstraint(condition=Q(share__gte=0, share__lte=1), name="promise_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.at:%Y-%m-%d %H:%M} {self.share:.3f}"

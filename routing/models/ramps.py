"""Weights that move by themselves: for a time and back again, or step by step up to what they are to be."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models.append_only import append_only
from members.models.histories import Histories
from routing.models.hubs import MAX_WEIGHT, Hub

WEIGHT: Final[dict[str, Any]] = {"max_digits": 9, "decimal_places": 3}


class TimedChangeQuerySet(models.QuerySet["TimedChange"]):
    """Named reads of timed changes."""

    def open(self) -> TimedChangeQuerySet:
        """Those that have not returned."""
        return self.filter(ended_at=None)


class RampQuerySet(models.QuerySet["Ramp"]):
    """Named reads of ramps."""

    def open(self) -> RampQuerySet:
        """Those that are on their way."""
        return self.filter(ended_at=None)


class TimedChange(models.Model):
    """One hub's part of an edit that returns by itself: at `until` it gets `back_to` again. One at a time of a hub."""

    class Outcome(models.TextChoices):
        """How it ended."""

        RETURNED = "returned", "went back by itself"
        EARLY = "early", "went back early"
        KEPT = "kept", "kept for good"
        SUPERSEDED = "superseded", "called off by a later edit"

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="timed_changes")
    # Of the edit that began it: what was changed together returns together.
    batch = models.UUIDField()
    weight = models.DecimalField(**WEIGHT)
    back_to = models.DecimalField(**WEIGHT)
    until = models.DateTimeField()
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)

    objects = TimedChangeQuerySet.as_manager()

    class Meta:
        ordering = ("until", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub"], condition=Q(ended_at=None), name="timedchange_one_at_a_time"),
            models.CheckConstraint(condition=Q(until__gt=F("began_at")), name="timedchange_ends_later"),
            models.CheckConstraint(condition=~Q(weight=F("back_to")), name="timedchange_changes"),
            models.CheckConstraint(
                condition=Q(weight__gte=0, weight__lte=MAX_WEIGHT, back_to__gte=0, back_to__lte=MAX_WEIGHT),
                name="timedchange_range",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, outcome="")
                | Q(ended_at__isnull=False, outcome__in=["returned", "early", "kept", "superseded"]),
                name="timedchange_outcome_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hub}: {self.weight.normalize():f} until {self.until:%Y-%m-%d %H:%M}"


class Ramp(models.Model):
    """A hub's way up to its weight, in steps of percent. One at a time of a hub.

    The weight is the promise from the start on; until the ramp is done it counts in part (a factor). A step is over
    after its minutes of good time: time in which somebody looked, and nothing was wrong.
    """

    class Held(models.TextChoices):
        """Why it does not go on."""

        GUARD = "guard", "until what is wrong is well again"
        PERSON = "person", "until a person lets it go on"

    class Outcome(models.TextChoices):
        """How it ended."""

        DONE = "done", "at its full weight"
        STOPPED = "stopped", "stopped"
        SUPERSEDED = "superseded", "called off by a later edit"

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="ramps")
    from_weight = models.DecimalField(**WEIGHT)
    to_weight = models.DecimalField(**WEIGHT)
    # Pairs of percent (of the way up, rising) and minutes.
    steps = models.JSONField()
    place = models.PositiveSmallIntegerField(default=0)
    good_seconds = models.FloatField(default=0)
    looked_at = models.DateTimeField(default=timezone.now)
    held = models.CharField(max_length=6, choices=Held.choices, blank=True)
    held_since = models.DateTimeField(null=True)
    held_reason = models.CharField(max_length=500, blank=True)
    setbacks = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)

    objects = RampQuerySet.as_manager()
    # That somebody looked, and found nothing new, is no history.
    history = Histories(excluded_fields=["good_seconds", "looked_at", "held_reason"])

    class Meta:
        ordering = ("-began_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub"], condition=Q(ended_at=None), name="ramp_one_at_a_time"),
            models.CheckConstraint(condition=Q(to_weight__gt=F("from_weight")), name="ramp_goes_up"),
            models.CheckConstraint(condition=Q(from_weight__gte=0, to_weight__lte=MAX_WEIGHT), name="ramp_range"),
            models.CheckConstraint(
                condition=Q(held="", held_since=None) | Q(held__in=["guard", "person"], held_since__isnull=False),
                name="ramp_held_known",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, outcome="")
                | Q(ended_at__isnull=False, outcome__in=["done", "stopped", "superseded"]),
                name="ramp_outcome_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hub}: {self.from_weight.normalize():f} → {self.to_weight.normalize():f}"

    @property
    def percent(self) -> float:
        """How far it is on its way up."""
        return float(self.steps[self.place][0])

    @property
    def minutes(self) -> float:
        """How long this step lasts, if all is well."""
        return float(self.steps[self.place][1])

    @property
    def part(self) -> float:
        """The part of the hub's weight that counts now, 0..1."""
        below, above = float(self.from_weight), float(self.to_weight)
        return round((below + (above - below) * self.percent / 100) / above, 6)

    @property
    def minutes_left(self) -> float:
        """Of this step, if all is well."""
        return max(0.0, self.minutes - self.good_seconds / 60)


class RampEvent(models.Model):
    """What happened to a ramp. Written once, kept for ever; `by` is empty for what it did by itself."""

    class What(models.TextChoices):
        """In a word."""

        BEGAN = "began", "began"
        UP = "up", "went on"
        HELD = "held", "held"
        RESUMED = "resumed", "goes on"
        BACK = "back", "went back"
        GAVE_UP = "gave up", "waits for a person"
        SKIPPED = "skipped", "skipped a step"
        DONE = "done", "is done"
        STOPPED = "stopped", "stopped"
        SUPERSEDED = "superseded", "called off by a later edit"

    ramp = models.ForeignKey(Ramp, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    what = models.CharField(max_length=10, choices=What.choices)
    percent = models.FloatField()
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [models.Index(fields=["ramp", "-at"], name="rampevent_newest")]
        triggers: ClassVar = append_only("rampevent")

    def __str__(self) -> str:
        return f"{self.ramp_id} {self.what} {self.percent:g} %"

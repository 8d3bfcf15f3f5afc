"""What the checks found: where each hub stands now, every flip, and the samples behind them, kept small."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from routing import damping
from routing.models.hubs import Hub


class HubHealth(models.Model):
    """Where one hub stands between rounds: the damping's memory and the last answer. One row per hub, updated in place.

    `serving` is health alone: whether the hub also gets launches is for its state, weight and downtimes to say.
    """

    hub = models.OneToOneField(Hub, on_delete=models.CASCADE, primary_key=True, related_name="health")
    serving = models.BooleanField(default=True)
    since = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500, blank=True)
    good = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    bad_since = models.DateTimeField(null=True)
    out_by = models.CharField(max_length=12, blank=True)
    returned_at = models.DateTimeField(null=True)
    # When maintenance last let launches back to it: written when the snapshot says so, never by the checks.
    released_at = models.DateTimeField(null=True)
    held = models.BooleanField(default=False)

    checked_at = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=12, blank=True)
    checks = models.JSONField(default=dict)
    answer_seconds = models.FloatField(null=True)
    user_pods = models.PositiveIntegerField(null=True)
    build_pods = models.PositiveIntegerField(null=True)
    total_pods = models.PositiveIntegerField(null=True)
    quota = models.PositiveIntegerField(null=True)
    versions = models.JSONField(default=dict)
    skew = models.CharField(max_length=500, blank=True)
    skew_since = models.DateTimeField(null=True)
    certificate_expires = models.DateTimeField(null=True)
    launch_success_5m = models.FloatField(null=True)
    launch_success_1h = models.FloatField(null=True)
    # The hub's own counters as last read; they begin at 0 again when the hub restarts.
    launches_succeeded = models.FloatField(null=True)
    launches_tried = models.FloatField(null=True)

    class Meta:
        verbose_name_plural = "hub health"

    def __str__(self) -> str:
        return f"{self.hub_id}: {'serving' if self.serving else self.reason}"

    @property
    def slow_since(self) -> datetime | None:
        """When its slow start began: when it was well again or came out of maintenance, whichever was later."""
        return max(filter(None, (self.returned_at, self.released_at)), default=None)

    @property
    def damped(self) -> damping.Health:
        """The damping's memory of it."""
        return damping.Health(
            serving=self.serving,
            since=self.since.timestamp(),
            reason=self.reason,
            good=self.good,
            bad=self.bad,
            bad_since=self.bad_since.timestamp() if self.bad_since else None,
            out_by=damping.Evidence(self.out_by) if self.out_by else None,
            returned_at=self.returned_at.timestamp() if self.returned_at else None,
        )

    def remember(self, health: damping.Health, *, held: bool) -> None:
        """Take over what the damping made of a round; the caller saves."""
        self.serving, self.reason, self.held = health.serving, health.reason[:500], held
        self.good, self.bad, self.out_by = health.good, health.bad, health.out_by or ""
        self.since = datetime.fromtimestamp(health.since, UTC)
        self.bad_since, self.returned_at = _moment(health.bad_since), _moment(health.returned_at)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Flip(models.Model):
    """A change of what is known of a hub's health. Kept for ever: uptime is computed from flips, never from samples."""

    class To(models.TextChoices):
        """What the hub's health is from here on."""

        SERVING = "serving", "serving"
        OUT = "out", "out"
        UNKNOWN = "unknown", "unknown"

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="flips")
    at = models.DateTimeField()
    to = models.CharField(max_length=8, choices=To.choices)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["hub", "-at"], name="flip_hub_newest"),
            models.Index(fields=["-at"], name="flip_newest"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(to__in=["serving", "out", "unknown"]), name="flip_to_known"),
            models.UniqueConstraint(fields=["hub", "at"], name="flip_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.to} {self.at:%Y-%m-%d %H:%M}"


class Skew(models.Model):
    """A time in which a hub ran other versions than the reference, whether that took it out or not. Kept for ever."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="skews")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    difference = models.CharField(max_length=500)

    class Meta:
        ordering = ("-since", "-id")
        indexes: ClassVar = [models.Index(fields=["hub", "-since"], name="skew_hub_newest")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub"], condition=Q(until=None), name="skew_one_at_a_time"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="skew_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.difference}"


class HealthSample(models.Model):
    """One answer of one hub. Kept for a week, then only as part of its hour."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    evidence = models.CharField(max_length=12)
    answer_seconds = models.FloatField(null=True)
    user_pods = models.PositiveIntegerField(null=True)
    build_pods = models.PositiveIntegerField(null=True)
    quota = models.PositiveIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["hub", "at"], name="healthsample_hub_at")]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.at:%Y-%m-%d %H:%M:%S} {self.evidence}"


class HealthHour(models.Model):
    """One hour of one hub, rolled up from its samples. Kept for ever: 8,760 rows a hub and year."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    samples = models.PositiveIntegerField()
    good = models.PositiveIntegerField()
    answer_seconds_mean = models.FloatField(null=True)
    answer_seconds_max = models.FloatField(null=True)
    pods_max = models.PositiveIntegerField(null=True)
    user_pods_mean = models.FloatField(null=True)
    quota_min = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ("-hour",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["hub", "hour"], name="healthhour_once")]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.hour:%Y-%m-%d %H}:00"


class LaunchMinute(models.Model):
    """The launches of one hub in one minute, from the growth of its counters. Kept for a week."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="+")
    minute = models.DateTimeField()
    succeeded = models.FloatField(default=0)
    tried = models.FloatField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "minute"], name="launchminute_once"),
            models.CheckConstraint(condition=Q(succeeded__gte=0, tried__gte=0), name="launchminute_from_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.minute:%Y-%m-%d %H:%M} {self.succeeded:g}/{self.tried:g}"


class LaunchDay(models.Model):
    """The launches of one hub on one UTC day, by its own counters. Kept for ever: reports tell of months."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    succeeded = models.FloatField(default=0)
    tried = models.FloatField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "day"], name="launchday_once"),
            models.CheckConstraint(condition=Q(succeeded__gte=0, tried__gte=0), name="launchday_from_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.day} {self.succeeded:g}/{self.tried:g}"


class LaunchTest(models.Model):
    """One launch that the portal made itself, from asking to ready or to what went wrong. Kept for ever."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="launch_tests")
    at = models.DateTimeField(default=timezone.now)
    spec = models.CharField(max_length=300)
    ok = models.BooleanField(default=False)
    seconds = models.FloatField(null=True)
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-at",)
        indexes: ClassVar = [models.Index(fields=["hub", "-at"], name="launchtest_hub_newest")]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.at:%Y-%m-%d %H:%M} {'ready' if self.ok else self.message}"


# A busy machine may hold a round up for so many seconds without anything being wrong.
HELD_UP: Final = 30.0


class CheckRound(models.Model):
    """The fleet between rounds: one row, number 1. A stale `finished_at` means that nobody checks."""

    finished_at = models.DateTimeField(null=True)
    reached_at = models.DateTimeField(null=True)
    fail_open_since = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="checkround_one_row")]

    def __str__(self) -> str:
        return f"last round {self.finished_at}"

    def stale(self, now: datetime, period: float) -> bool:
        """Whether the last round is over three periods ago, and not just held up for a moment."""
        return self.finished_at is None or (now - self.finished_at).total_seconds() > max(3 * period, HELD_UP)

"""Planned downtime of a hub, and the emergency drain, which is a downtime that begins at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models.traces import traced
from routing.models.hubs import Hub

# After its maintenance a hub gets this long to come back before it is said to be out, and anybody is told.
COMING_BACK: Final = timedelta(seconds=60)


class DowntimeQuerySet(models.QuerySet["Downtime"]):
    """Named reads of downtimes."""

    def standing(self) -> DowntimeQuerySet:
        """Those that were not cancelled."""
        return self.filter(cancelled_at=None)

    def at(self, now: datetime) -> DowntimeQuerySet:
        """Those that are on at this moment, notices included."""
        return self.standing().filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)

    def coming(self, now: datetime) -> DowntimeQuerySet:
        """Those that have not begun."""
        return self.standing().filter(starts_at__gt=now)

    def over(self, now: datetime) -> DowntimeQuerySet:
        """Those that came to their end; cancelled ones never began."""
        return self.standing().filter(ends_at__lte=now)

    def cancelled(self) -> DowntimeQuerySet:
        """Those that were called off before they began."""
        return self.exclude(cancelled_at=None)

    def taking_traffic(self, now: datetime, lead: timedelta) -> DowntimeQuerySet:
        """The outages on whose account a hub gets no launches at this moment: from `lead` before the start on."""
        return self.standing().filter(
            Q(ends_at=None) | Q(ends_at__gt=now), severity=Downtime.Severity.OUTAGE, starts_at__lte=now + lead
        )

    def excusing(self, at: datetime | Combinable, lead: timedelta) -> DowntimeQuerySet:
        """Those on whose account nobody wonders that a hub is away at that moment, perhaps another table's column."""
        begun = Q(starts_at__lte=at) | Q(severity=Downtime.Severity.OUTAGE, starts_at__lte=at + lead)
        return self.standing().filter(begun, Q(ends_at=None) | Q(ends_at__gt=at - COMING_BACK))


class Downtime(models.Model):
    """A time in which a hub is expected to be away (outage) or may be shaky (at risk). Overlapping ones add up."""

    class Severity(models.TextChoices):
        """What it means for launches."""

        AT_RISK = "at_risk", "at risk: announced only, launches go on"
        OUTAGE = "outage", "outage: launches go elsewhere"

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="downtimes")
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.OUTAGE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    text = models.CharField(max_length=500)
    emergency = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # How often it was changed, and what the last change was: calendars and readers of the feed want to know.
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    change = models.CharField(max_length=600, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    cancel_reason = models.CharField(max_length=500, blank=True)

    objects = DowntimeQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ("-starts_at", "-id")
        indexes: ClassVar = [models.Index(fields=["hub", "-starts_at"], name="downtime_hub_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="downtime_ends_after_start",
                violation_error_message="It must end after it starts.",
            ),
            models.CheckConstraint(
                condition=Q(emergency=True) | Q(ends_at__isnull=False),
                name="downtime_planned_has_end",
                violation_error_message="A planned downtime needs an end.",
            ),
            models.CheckConstraint(condition=~Q(text__regex=r"^\s*$"), name="downtime_has_text"),
            models.CheckConstraint(condition=Q(severity__in=["at_risk", "outage"]), name="downtime_severity_known"),
        ]
        triggers: ClassVar = traced("downtimes", "id")

    def __str__(self) -> str:
        return f"{self.hub}: {self.text}"

    def phase(self, now: datetime) -> str:
        """Where it is in its life: coming, on, over or cancelled."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.starts_at > now:
            return "coming"
        return "on" if self.ends_at is None or self.ends_at > now else "over"

    def takes_traffic(self, now: datetime, lead: timedelta) -> bool:
        """Whether the hub gets no launches at this moment on its account: the same as the query of that name."""
        ahead = timedelta(0) if self.emergency else lead
        return (
            self.cancelled_at is None
            and self.severity == Downtime.Severity.OUTAGE
            and self.starts_at <= now + ahead
            and (self.ends_at is None or self.ends_at > now)
        )

    def excuses(self, now: datetime, lead: timedelta) -> bool:
        """Whether nobody wonders that the hub is away: the same as the query `excusing`."""
        ahead = lead if self.severity == Downtime.Severity.OUTAGE else timedelta(0)
        over = self.ends_at is not None and self.ends_at <= now - COMING_BACK
        return self.cancelled_at is None and self.starts_at <= now + ahead and not over

"""When the federation meets: series by rules of the calendar, and the meetings that come of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models.editing import Editable
from members.models.traces import traced

PAD_HELP = "Where all write. YYYY-MM-DD in it becomes the day: each meeting has a pad of its own."


class MeetingSeries(Editable):
    """Meetings that come again and again, in one or several slots that take turns."""

    RECORD = ("title", "about", "place", "pad")

    title = models.CharField(max_length=120)
    about = models.TextField(max_length=2_000, blank=True, help_text="What it is for, who is welcome. Markdown.")
    place = models.URLField("video link", max_length=500, blank=True, help_text="Members see it, the public does not.")
    pad = models.URLField("agenda pad", max_length=500, blank=True, help_text=PAD_HELP)
    # Set when it is over: no more meetings are made.
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("title", "id")
        verbose_name_plural = "meeting series"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="meetingseries_has_title")
        ]

    def __str__(self) -> str:
        return self.title


class MeetingSlot(models.Model):
    """One rule of a series: from a day on, which days (an RRULE of RFC 5545), and what clocks show in its time zone.

    Alternating slots are two slots, each with INTERVAL=2, that begin a month apart.
    """

    series = models.ForeignKey(MeetingSeries, on_delete=models.CASCADE, related_name="slots")
    rule = models.CharField(max_length=200)
    first_on = models.DateField("from")
    local_time = models.TimeField("time")
    time_zone = models.CharField(max_length=64)
    minutes = models.PositiveSmallIntegerField(
        default=60, validators=[MinValueValidator(5), MaxValueValidator(24 * 60)]
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ("first_on", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(minutes__gte=5, minutes__lte=1440), name="meetingslot_minutes"),
        ]

    def __str__(self) -> str:
        return f"{self.local_time:%H:%M} {self.time_zone}"


class MeetingQuerySet(models.QuerySet["Meeting"]):
    """Named reads of meetings."""

    def standing(self) -> MeetingQuerySet:
        """Those that were not called off."""
        return self.filter(cancelled_at=None)

    def ahead(self, now: datetime) -> MeetingQuerySet:
        """Those that are not over, called off or not, the next one first."""
        return self.filter(ends_at__gt=now).order_by("starts_at", "id")

    def coming(self, now: datetime) -> MeetingQuerySet:
        """Those that take place and are not over, the next one first."""
        return self.standing().ahead(now)

    def past(self, now: datetime) -> MeetingQuerySet:
        """Those that took place, the last one first."""
        return self.standing().filter(ends_at__lte=now).order_by("-starts_at", "-id")


class Meeting(Editable):
    """One meeting. What others hold a copy of (invitations, calendars) is known by `uid`, and counted by `sequence`."""

    RECORD = ("title", "place", "pad", "notes", "notes_url", "notes_public")

    series = models.ForeignKey(MeetingSeries, on_delete=models.PROTECT, null=True, blank=True, related_name="meetings")
    # The time zone that it was planned in.
    time_zone = models.CharField(max_length=64, default="UTC")
    # When its series says that it is, whatever became of it since; none for a meeting of its own.
    planned_at = models.DateTimeField(null=True, blank=True, editable=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    title = models.CharField(max_length=120)
    place = models.URLField("video link", max_length=500, blank=True, help_text="Members see it, the public does not.")
    pad = models.URLField("agenda pad", max_length=500, blank=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Counts the changes of time and place, as RFC 5545 wants it.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    # What was changed last about time and place, in words; when, and by whom.
    change = models.CharField(max_length=700, blank=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    facilitator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="facilitates"
    )
    note_taker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="takes_notes"
    )
    notes = models.TextField(max_length=50_000, blank=True, help_text="Markdown.")
    notes_url = models.URLField("notes elsewhere", max_length=500, blank=True)
    notes_public = models.BooleanField("everybody may read the notes", default=True)
    # When there were notes first.
    noted_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MeetingQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ("-starts_at", "-id")
        indexes: ClassVar = [models.Index(fields=["ends_at", "starts_at"], name="meeting_by_time")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="meeting_has_title"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="meeting_ends_after_start"),
            models.UniqueConstraint(fields=["series", "planned_at"], name="meeting_planned_once"),
        ]
        triggers: ClassVar = traced("meetings", "id")

    def __str__(self) -> str:
        return f"{self.title}, {self.local_start:%d %B %Y}"

    @property
    def local_start(self) -> datetime:
        """When it starts, by the clocks where it was planned."""
        return self.starts_at.astimezone(ZoneInfo(self.time_zone))

    @property
    def local_day(self) -> str:
        """The day it is then where it was planned, in words."""
        return f"{self.local_start:%-d %B %Y}"

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return round((self.ends_at - self.starts_at).total_seconds() / 60)

    @property
    def has_notes(self) -> bool:
        """Whether somebody wrote down what was said, here or elsewhere."""
        return bool(self.notes or self.notes_url)

    def phase(self, now: datetime) -> str:
        """`coming`, `on`, `over` or `cancelled`."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.ends_at <= now:
            return "over"
        return "on" if self.starts_at <= now else "coming"


class AvoidDate(Editable):
    """Days on which it is better not to meet: who plans a meeting then is warned, nothing is forbidden."""

    RECORD = ("title", "kind", "starts_on", "ends_on", "url")

    class Kind(models.TextChoices):
        """Why."""

        HOLIDAY = "holiday", "holiday"
        CONFERENCE = "conference", "conference"
        OTHER = "other", "other"

    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.HOLIDAY)
    starts_on = models.DateField("from")
    ends_on = models.DateField("to", help_text="Its last day.")
    url = models.URLField("more about it", max_length=500, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("starts_on", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="avoiddate_has_title"),
            models.CheckConstraint(
                condition=Q(kind__in=["holiday", "conference", "other"]), name="avoiddate_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="avoiddate_ends_after_start",
                violation_error_message="It can't end before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

"""Monthly reports: what each member tells of its month, and what the federation makes of them for everybody."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from foundation.months import Month
from members.models.editing import Editable
from members.models.members import LISTED, Member
from members.models.traces import traced

SECTION: Final = 5_000
# Those of all members, one after the other.
COMPILED: Final = 60_000


def _section(title: str, words: str) -> models.TextField[str, str]:
    return models.TextField(title, max_length=SECTION, blank=True, help_text=words)


class ReportQuerySet(models.QuerySet["Report"]):
    """Named reads of members' reports."""

    def unfinished(self) -> ReportQuerySet:
        """Those that somebody may still write."""
        return self.filter(state__in=[Report.State.OPEN, Report.State.DRAFT])

    def late(self, today: date) -> ReportQuerySet:
        """Unfinished ones whose day has passed, of members that still take part."""
        return self.unfinished().filter(due_on__lt=today, member__state__in=LISTED)

    def submitted(self) -> ReportQuerySet:
        """Those that their members stand by."""
        return self.filter(state=Report.State.SUBMITTED)


class Report(Editable):
    """What a member tells of one month. `figures` are the portal's own numbers, frozen when it was submitted."""

    RECORD = ("news", "trouble", "plans", "asks")

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open", "open"
        DRAFT = "draft", "draft"
        SUBMITTED = "submitted", "submitted"
        SKIPPED = "skipped", "skipped"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="reports")
    # Its first day.
    month = models.DateField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    due_on = models.DateField("due")
    news = _section("what is new", "New machines, people, courses, papers: what would others like to read?")
    trouble = _section("what was difficult", "Outages, limits, missing hands: what did you learn?")
    plans = _section("what comes next", "Changes that others should know of in time.")
    asks = _section("what you would like", "Of the other members, or of the maintainers.")
    # Empty until it is submitted: routing.services.report_figures has them as they are now.
    figures = models.JSONField(default=dict, blank=True, editable=False)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Why the month was skipped, if somebody said.
    skip_reason = models.CharField(max_length=500, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopen_reason = models.CharField(max_length=500, blank=True)
    # When its words went into the federation's report.
    taken_in_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ReportQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["figures"])

    class Meta:
        ordering = ("-month", "member__name")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "month"], name="report_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="report_month_is_its_first_day"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "draft", "submitted", "skipped"]), name="report_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="submitted", submitted_at__isnull=False) | ~Q(state="submitted"),
                name="report_submitted_at_a_time",
            ),
        ]
        triggers: ClassVar = traced("reports", "id")

    def __str__(self) -> str:
        return f"{self.member}, {self.period.words}"

    @property
    def period(self) -> Month:
        """The month it tells of."""
        return Month(self.month)

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing left to do: it was submitted, or the month skipped."""
        return self.state in {Report.State.SUBMITTED, Report.State.SKIPPED}


class FederationReportQuerySet(models.QuerySet["FederationReport"]):
    """Named reads of the federation's reports."""

    def published(self) -> FederationReportQuerySet:
        """Those that everybody may read."""
        return self.filter(state=FederationReport.State.PUBLISHED)


class FederationReport(Editable):
    """What the federation tells of one month: compiled from its members' reports, edited, and published."""

    RECORD = ("opening", "news", "trouble", "plans", "asks")

    class State(models.TextChoices):
        """Who may read it."""

        DRAFT = "draft", "draft"
        PUBLISHED = "published", "published"

    # Its first day.
    month = models.DateField(unique=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    opening = models.TextField(max_length=SECTION, blank=True, help_text="The month in a paragraph. Markdown.")
    news = models.TextField("what is new", max_length=COMPILED, blank=True, help_text="Markdown.")
    trouble = models.TextField("what was difficult", max_length=COMPILED, blank=True, help_text="Markdown.")
    plans = models.TextField("what comes next", max_length=COMPILED, blank=True, help_text="Markdown.")
    asks = models.TextField("what members would like", max_length=COMPILED, blank=True, help_text="Markdown.")
    # Empty until it is published.
    figures = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    # When the public first saw it; it stays when it is taken back and published again.
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = FederationReportQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["figures"])

    class Meta:
        verbose_name = "federation's report"
        ordering = ("-month",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(month__day=1), name="federationreport_month_is_its_first_day"),
            models.CheckConstraint(condition=Q(state__in=["draft", "published"]), name="federationreport_state_known"),
            models.CheckConstraint(
                condition=Q(state="published", published_at__isnull=False) | Q(state="draft"),
                name="federationreport_published_at_a_time",
            ),
        ]
        triggers: ClassVar = traced("federation_reports", "month")

    def __str__(self) -> str:
        return f"The federation in {self.period.words}"

    @property
    def period(self) -> Month:
        """The month it tells of."""
        return Month(self.month)

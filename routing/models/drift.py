"""Lists that others keep of our hubs: where they are, and how they differ from the portal."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from foundation.addresses import why_refused
from members.models.editing import Editable
from members.models.histories import Histories


def readable_address(url: str) -> None:
    """Refuse an address that the portal would never ask."""
    wrong = why_refused(url, allow_private=settings.ALLOW_PRIVATE_HUBS)
    if wrong:
        raise ValidationError(f"This address {wrong}.", code="address")


class DriftSourceQuerySet(models.QuerySet["DriftSource"]):
    """Named reads of sources."""

    def due(self, now: datetime) -> DriftSourceQuerySet:
        """Those that are to be looked at, the longest due first."""
        return self.filter(enabled=True, due_at__lte=now).order_by("due_at", "pk")


class DriftSource(Editable):
    """A published file that names our hubs. It is read once a day, and never written to."""

    RECORD = ("name", "url", "enabled")

    name = models.CharField(max_length=100, unique=True, help_text="What people call it, such as federation.yml.")
    url = models.CharField(
        "address",
        max_length=500,
        validators=[readable_address],
        help_text="Of the bare file, such as https://raw.githubusercontent.com/…/federation.yml.",
    )
    enabled = models.BooleanField("look at it every day", default=True)
    # When it is looked at next. Whoever looks moves it on first, so that only one does.
    due_at = models.DateTimeField(default=timezone.now, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DriftSourceQuerySet.as_manager()
    history = Histories(excluded_fields=["due_at", "checked_at", "created_at"])

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name__regex=r"^\s*$"), name="driftsource_has_name"),
            models.CheckConstraint(condition=Q(url__regex=r"^https?://[^\s]+$"), name="driftsource_url_shape"),
        ]

    def __str__(self) -> str:
        return self.name


class DriftReport(models.Model):
    """What was found in a source, from `at` until it was looked at last. A new row begins when that changes."""

    source = models.ForeignKey(DriftSource, on_delete=models.CASCADE, related_name="reports")
    at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    # [{"list", "kind", "hub", "text", "since"}], as routing.services.drift finds them.
    findings = models.JSONField(default=list)
    # Which lists were recognised in it, such as "hosts, grafana".
    lists = models.CharField(max_length=200, blank=True)
    # Why it could not be compared; then there are no findings.
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [models.Index(fields=["source", "-at"], name="driftreport_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(last_at__gte=F("at")), name="driftreport_ends_after_start"),
            models.CheckConstraint(condition=Q(problem="") | Q(findings=[]), name="driftreport_problem_or_findings"),
        ]

    def __str__(self) -> str:
        return f"{self.source}, {self.at:%Y-%m-%d}"

    @property
    def is_well(self) -> bool:
        """Whether the list says what the portal says."""
        return not self.problem and not self.findings

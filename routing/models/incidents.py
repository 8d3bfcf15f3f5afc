"""Incidents: what went wrong, which hubs it touched, and what was said about it, in order."""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.histories import Histories
from members.models.traces import traced
from routing.models.hubs import Hub

TITLE_LENGTH: Final = 200
TEXT_LENGTH: Final = 5000
PHASES = ["investigating", "identified", "monitoring", "resolved"]


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Named reads of incidents."""

    def public(self) -> IncidentQuerySet:
        """Those that a maintainer opened or accepted: drafts are for maintainers."""
        return self.filter(draft=False)

    def open(self) -> IncidentQuerySet:
        """Those that are not resolved."""
        return self.filter(resolved_at=None)

    def drafts(self) -> IncidentQuerySet:
        """Those that the portal wrote and nobody decided on: a discarded draft keeps its mark and is resolved."""
        return self.filter(draft=True, resolved_at=None)


class Incident(models.Model):
    """Something that visitors notice. A draft was written by the portal itself and waits for a maintainer."""

    title = models.CharField(max_length=TITLE_LENGTH)
    hubs = models.ManyToManyField(Hub, related_name="incidents", blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    draft = models.BooleanField(default=False)
    # When the public first saw it: for a draft, when it was accepted.
    published_at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # The flip that made the portal draft it: one draft per outage, whoever runs twice.
    flip = models.OneToOneField("routing.Flip", on_delete=models.SET_NULL, null=True, related_name="+")

    objects = IncidentQuerySet.as_manager()
    history = Histories(m2m_fields=["hubs"])

    class Meta:
        ordering = ("-opened_at", "-id")
        indexes: ClassVar = [models.Index(fields=["-opened_at"], name="incident_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="incident_has_title"),
        ]
        triggers: ClassVar = traced("incidents", "id")

    def __str__(self) -> str:
        return self.title

    @property
    def standing(self) -> str:
        """Where it is in its life: draft, discarded, open or resolved."""
        if self.draft:
            return "draft" if self.resolved_at is None else "discarded"
        return "open" if self.resolved_at is None else "resolved"


class IncidentUpdate(models.Model):
    """One thing that was said about an incident, in markdown."""

    class Phase(models.TextChoices):
        """How far we are."""

        INVESTIGATING = "investigating", "investigating"
        IDENTIFIED = "identified", "identified"
        MONITORING = "monitoring", "monitoring"
        RESOLVED = "resolved", "resolved"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    at = models.DateTimeField(default=timezone.now)
    phase = models.CharField(max_length=13, choices=Phase.choices)
    text = models.TextField(max_length=TEXT_LENGTH)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-at", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(phase__in=PHASES), name="incidentupdate_phase_known"),
            models.CheckConstraint(condition=~Q(text__regex=r"^\s*$"), name="incidentupdate_has_text"),
        ]
        triggers: ClassVar = traced("incidents", "incident_id", part=True)

    def __str__(self) -> str:
        return f"{self.phase}: {self.text[:60]}"

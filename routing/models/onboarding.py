"""How a new hub comes in: one checklist per hub, ticked by people or by what the portal finds."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models import Application
from routing.models.hubs import Hub


class Onboarding(models.Model):
    """The checklist of one hub, from its approval until every step is ticked or skipped."""

    hub = models.OneToOneField(Hub, on_delete=models.CASCADE, related_name="onboarding")
    application = models.ForeignKey(
        Application, on_delete=models.SET_NULL, null=True, blank=True, related_name="onboardings"
    )
    begun_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-begun_at",)

    def __str__(self) -> str:
        return f"Onboarding of {self.hub}"


class OnboardingStep(models.Model):
    """One step: open, done or skipped. `by` is nobody where the portal ticked it; `found` is what it saw last."""

    class Name(models.TextChoices):
        """The steps, in the order in which they are shown."""

        SUBDOMAIN = "subdomain", "Its names lead to it"
        NAMES = "names", "Its names elsewhere are known"
        CHECKS = "checks", "Checks are green for 24 hours"
        ON_CALL = "on-call", "An on-call contact is confirmed"
        RESPONSIBILITIES = "responsibilities", "Responsibilities are acknowledged"
        TRAFFIC = "traffic", "First traffic"
        ANNOUNCED = "announced", "Announced"
        LISTED = "listed", "On the public list of members"

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open", "open"
        DONE = "done", "done"
        SKIPPED = "skipped", "skipped"

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=16, choices=Name.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    found = models.CharField(max_length=500, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["onboarding", "name"], name="onboardingstep_once"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "done", "skipped"]), name="onboardingstep_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", at=None) | (~Q(state="open") & Q(at__isnull=False)),
                name="onboardingstep_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="skipped", note__regex=r"^\s*$"), name="onboardingstep_skipped_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_name_display()}: {self.state}"

"""What a member would like its hub to get: a weight, or at most so many users at the same time."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from routing.models.hubs import MAX_USERS, MAX_WEIGHT, Hub


class HubProposal(models.Model):
    """One wish for one hub. What only lowers is applied at once; the rest waits for a maintainer, one of each kind."""

    class What(models.TextChoices):
        """What it is about."""

        WEIGHT = "weight", "weight"
        USERS = "users", "users at the same time"

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "waiting"
        APPLIED = "applied", "applied at once"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="proposals")
    what = models.CharField(max_length=6, choices=What.choices)
    weight = models.DecimalField(
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_WEIGHT)],
    )
    # None, in a proposal about users: as many as its quota allows.
    users = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_USERS)]
    )
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hub", "what"], condition=Q(state="waiting"), name="hubproposal_one_waits_for_each"
            ),
            models.CheckConstraint(
                condition=Q(what="weight", weight__gte=0, weight__lte=MAX_WEIGHT, users=None)
                | Q(what="users", weight=None) & (Q(users=None) | Q(users__gte=1, users__lte=MAX_USERS)),
                name="hubproposal_says_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "applied", "accepted", "declined", "withdrawn"]),
                name="hubproposal_state_known",
            ),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="hubproposal_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.hub}: {self.wish}"

    @property
    def wish(self) -> str:
        """What is asked for, in words."""
        if self.what == HubProposal.What.WEIGHT:
            return f"weight {(self.weight or 0):f}".rstrip("0").rstrip(".") if self.weight else "weight 0"
        return f"not more than {self.users} users" if self.users else "as many users as its quota allows"

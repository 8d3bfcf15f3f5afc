"""What a member gives: capacity, on whose bill, from when until when."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from members.models.contacts import Contact
from members.models.editing import Editable
from members.models.members import Member
from members.models.traces import traced


class ComputeOfferQuerySet(models.QuerySet["ComputeOffer"]):
    """Named reads of offers."""

    def running(self, day: date) -> ComputeOfferQuerySet:
        """Those that give on this day."""
        return self.filter(Q(starts=None) | Q(starts__lte=day), Q(ends=None) | Q(ends__gte=day), state="active")


class ComputeOffer(Editable):
    """One offer of compute: a grant, a credit, or own machines. `ends` is its last day; none: it goes on."""

    RECORD = (
        "title",
        "grantor",
        "team_contact",
        "provider",
        "billing_account",
        "amount",
        "currency",
        "starts",
        "ends",
        "restrictions",
        "cpu_cores",
        "memory_gib",
        "concurrent_users",
        "regions",
    )

    class State(models.TextChoices):
        """How far it is."""

        PROPOSED = "proposed", "proposed"
        ACCEPTED = "accepted", "accepted"
        ACTIVE = "active", "active"
        EXPIRED = "expired", "expired"
        DECLINED = "declined", "declined"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="offers")
    title = models.CharField(max_length=200, help_text="What you call it, such as “Credits 2027” or “Our rack”.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    grantor = models.CharField(max_length=200, blank=True, help_text="Who gives or pays.")
    team_contact = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    provider = models.CharField(max_length=200, blank=True, help_text="Where the machines are, such as OVH.")
    billing_account = models.CharField(max_length=200, blank=True, help_text="Only maintainers and you see this.")
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(
        max_length=3, blank=True, validators=[RegexValidator(r"^[A-Z]{3}\Z", "Three capital letters, such as EUR.")]
    )
    starts = models.DateField("from", null=True, blank=True)
    ends = models.DateField("until", null=True, blank=True)
    restrictions = models.TextField(max_length=2_000, blank=True)
    cpu_cores = models.PositiveIntegerField("CPU cores", null=True, blank=True)
    memory_gib = models.PositiveIntegerField("memory (GiB)", null=True, blank=True)
    concurrent_users = models.PositiveIntegerField("users at the same time", null=True, blank=True)
    regions = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ComputeOfferQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ("member__name", "ends", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(title__regex=r"^\s*$"), name="offer_has_title"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "accepted", "active", "expired", "declined"]),
                name="offer_state_known",
            ),
            models.CheckConstraint(
                condition=Q(starts=None) | Q(ends=None) | Q(ends__gte=F("starts")),
                name="offer_ends_after_start",
                violation_error_message="It can't end before it starts.",
            ),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="offer_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(currency__regex=r"^[A-Z]{3}$"),
                name="offer_amount_has_currency",
                violation_error_message="Name the currency of the amount.",
            ),
        ]
        triggers: ClassVar = traced("offers", "id")

    def __str__(self) -> str:
        return self.title

"""Webhooks: programs that are told of events, and what each was told."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models.editing import Editable

EVENTS = ["weight.changed", "hub.flipped", "downtime.changed", "incident.updated", "member.changed"]


class Webhook(Editable):
    """An address that is told of events. Its secret signs what is sent: shown once, to whoever set it up."""

    RECORD = ("name", "url", "events", "enabled")

    name = models.CharField(max_length=100)
    url = models.CharField("address", max_length=500)
    secret = models.CharField(max_length=100)
    events = ArrayField(models.CharField(max_length=20), default=list)
    enabled = models.BooleanField(default=True)
    # Events up to here were queued for it.
    read_until = models.DateTimeField(default=timezone.now)
    # Since when nothing arrives there; none if the last delivery did.
    failing_since = models.DateTimeField(null=True, blank=True)
    switched_off_because = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    # Neither the secret nor how it goes: what people set.
    history = HistoricalRecords(excluded_fields=["secret", "read_until", "failing_since", "switched_off_because"])

    class Meta:
        ordering = ("name", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(events__contained_by=EVENTS), name="webhook_events_known"),
            models.CheckConstraint(condition=Q(events__len__gt=0), name="webhook_has_event"),
        ]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One event for one webhook: queued once, claimed by one conditional update, tried for days. Kept a month."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "waiting"
        SENDING = "sending", "sending"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20)
    occasion = models.CharField(max_length=100)
    # What is sent, byte for byte.
    body = models.TextField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["created_at"], name="delivery_oldest"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "occasion"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "failed"]), name="delivery_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}: {self.state}"

"""Notices: every letter and message of the portal is a row first. One mechanism, sent once, explained for ever."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Channel(models.Model):
    """Where maintainers hear of trouble: an address in Apprise's notation (mailto, zulip, slack, matrix, json …)."""

    name = models.CharField(max_length=100, unique=True)
    # Holds a secret: shown to nobody after it was saved.
    address = models.CharField(max_length=500)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Named reads of notices."""

    def due(self) -> NoticeQuerySet:
        """Those that wait and whose time has come."""
        return self.filter(state=Notice.State.WAITING, due_at__lte=timezone.now())


class Notice(models.Model):
    """One message to one recipient about one occasion. (kind, recipient, occasion) is unique: nobody is told twice.

    Claimed by one conditional update from waiting to sending, then sent or failed; `why` says in words why this
    recipient gets it, or why not.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "waiting"
        SENDING = "sending", "sending"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        DROPPED = "dropped", "dropped"

    kind = models.CharField(max_length=40)
    recipient = models.CharField(max_length=320)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    occasion = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    why = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    # Past this it is of no use any more and is dropped instead of sent late.
    useful_until = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="notice_due"),
            models.Index(fields=["-created_at"], name="notice_newest"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "recipient", "occasion"], name="notice_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "failed", "dropped"]), name="notice_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}: {self.subject}"

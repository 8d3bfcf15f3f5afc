"""Notices: every letter and message of the portal is a row first. One mechanism, sent once, explained for ever."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from simple_history.models import HistoricalRecords


class Channel(models.Model):
    """Where maintainers hear of trouble: an address in Apprise's notation (mailto, zulip, slack, matrix, json …)."""

    name = models.CharField(max_length=100, unique=True)
    # Holds a secret: shown to nobody after it was saved.
    address = models.CharField(max_length=500)
    enabled = models.BooleanField(default=True)

    history = HistoricalRecords(excluded_fields=["address"])

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def fingerprint(self) -> str:
        """Changes when the channel does; made with the portal's key, so that it tells nothing of the address."""
        return salted_hmac("channel", repr((self.name, self.address, self.enabled))).hexdigest()[:16]

    @property
    def recipient(self) -> str:
        """How notices name it: the same for ever, whatever it is called."""
        return f"channel:{self.pk}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Named reads of notices."""

    def waiting(self) -> NoticeQuerySet:
        """Those that are to be sent, now or later."""
        return self.filter(state=Notice.State.WAITING)

    def due(self, now: datetime) -> NoticeQuerySet:
        """Those that wait and whose time has come, those that waited longest first."""
        return self.waiting().filter(due_at__lte=now).order_by("due_at", "id")


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
        # Waits for the weekly letter of those who chose one.
        HELD = "held", "held for the weekly letter"

    kind = models.CharField(max_length=40)
    # An e-mail address, or `channel:` and the channel's number, which stays when the channel is removed.
    recipient = models.CharField(max_length=320)
    channel = models.ForeignKey(Channel, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices")
    occasion = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    # What it wants to be done, as a button: its address and its words.
    link = models.CharField(max_length=500, blank=True)
    link_text = models.CharField(max_length=100, blank=True)
    # An iCalendar object that mail programs show as an invitation, and its method.
    calendar = models.TextField(blank=True)
    calendar_method = models.CharField(max_length=10, blank=True)
    why = models.CharField(max_length=300, blank=True)
    # What its reader must still be when it is sent: one of members.services.recipients. Empty: nothing.
    standing = models.CharField(max_length=40, blank=True)
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
            models.Index(fields=["recipient"], condition=Q(state="held"), name="notice_held"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "recipient", "occasion"], name="notice_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "failed", "dropped", "held"]),
                name="notice_state_known",
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_for_a_channel(self) -> bool:
        """Whether it is no e-mail; its channel may have been removed since."""
        return self.channel_id is not None or self.recipient.startswith("channel:")

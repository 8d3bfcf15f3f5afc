"""Tokens: how programs say who they are to the API, and what was written with them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.members import Member

SCOPES = ["read", "health", "weights", "hubs", "members", "exports", "webhooks", "metrics"]


class TokenQuerySet(models.QuerySet["Token"]):
    """Named reads of tokens."""

    def good(self, now: datetime) -> TokenQuerySet:
        """Those that open something: neither revoked nor expired, of an account that is not switched off."""
        return self.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)


class Token(models.Model):
    """A key to the API. It acts as `user`, within its scopes; of a member's token that is an account of its own.

    Kept for ever, so that what was done with it stays understandable; its secret is known to nobody but its holder.
    """

    class Scope(models.TextChoices):
        """What a token may be used for, as far as its person may do it."""

        READ = "read", "read: what you may see beyond what is public"
        HEALTH = "health", "health: drains, maintenance, incidents"
        WEIGHTS = "weights", "weights: weights and states of hubs"
        HUBS = "hubs", "hubs: the records of hubs"
        MEMBERS = "members", "members: records, contacts, offers"
        EXPORTS = "exports", "exports: files that are not public"
        WEBHOOKS = "webhooks", "webhooks: who is told of events"
        METRICS = "metrics", "metrics: the portal's own figures"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    # Set for a service account: whose it is.
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, blank=True, related_name="tokens")
    name = models.CharField(max_length=100, help_text="What it is for, such as “nightly export”.")
    prefix = models.CharField(max_length=16)
    # SHA-256 of the whole token, in hex: who reads the database can't use it.
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices), default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    # To the minute.
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name__regex=r"^\s*$"), name="token_has_name"),
            models.CheckConstraint(condition=Q(scopes__contained_by=SCOPES), name="token_scopes_known"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="token_has_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def standing(self, now: datetime) -> str:
        """Where it is in its life: good, revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        return "good" if self.expires_at > now else "expired"


class TokenUse(models.Model):
    """One write that was asked for with a token, and how it was answered. Kept for a year."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="uses")
    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["token", "-id"], name="tokenuse_newest")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status}"

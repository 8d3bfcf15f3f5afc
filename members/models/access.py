"""Who may act for a member: people with access, and invitations to become one."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from members.models.members import Member


class Role(models.TextChoices):
    """What a person with access may do; each may also do what those before may."""

    VIEWER = "viewer", "viewer: sees everything of the member"
    EDITOR = "editor", "editor: changes its record, contacts, offers, maintenance"
    MANAGER = "manager", "manager: also invites and removes people, pauses, leaves"


class Access(models.Model):
    """A person's access to a member. Deleting the row ends it at once."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="access")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access")
    role = models.CharField(max_length=7, choices=Role.choices, default=Role.VIEWER)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("member__name", "created_at", "id")
        verbose_name_plural = "access"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "user"], name="access_once"),
            models.CheckConstraint(condition=Q(role__in=["viewer", "editor", "manager"]), name="access_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.role} of {self.member}"


class Invitation(models.Model):
    """An offer of access, sent to an e-mail address. Whoever shows its secret before it expires may take it, once."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=7, choices=Role.choices, default=Role.VIEWER)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # SHA-256 of the secret in the link, in hex: who reads the database can't use it.
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                "member", Lower("email"), condition=Q(accepted_at=None), name="invitation_one_open_each"
            ),
            models.CheckConstraint(condition=Q(role__in=["viewer", "editor", "manager"]), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.member}"

"""Whom to call."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from members.models.editing import Editable
from members.models.members import Member
from members.models.traces import traced


class ContactQuerySet(models.QuerySet["Contact"]):
    """Named reads of contacts."""

    def for_role(self, role: str) -> ContactQuerySet:
        """Those with this role, in the order of escalation."""
        return self.filter(roles__contains=[role])

    def unchecked_since(self, moment: datetime) -> ContactQuerySet:
        """Those of which nobody has said since then that they are right."""
        return self.exclude(Q(checked_at__gt=moment) | Q(checked_at=None, created_at__gt=moment))


class Contact(Editable):
    """One person or desk of a member, what for, and who may see it. `position` is the order of escalation."""

    RECORD = ("name", "roles", "email", "chat", "phone", "time_zone", "visibility", "position")

    class Role(models.TextChoices):
        """What this contact is for."""

        TECHNICAL = "technical", "technical"
        ON_CALL = "on-call", "on call"
        ADMINISTRATIVE = "administrative", "administrative"
        FUNDING = "funding", "funding"
        SECURITY = "security", "security"

    class Visibility(models.TextChoices):
        """Who sees it."""

        PUBLIC = "public", "everybody"
        MEMBERS = "members", "members and maintainers"
        MAINTAINERS = "maintainers", "your own people and maintainers"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="contacts")
    # Set where this contact is a person who may log in; a desk or a list has none.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="contacts"
    )
    roles = ArrayField(models.CharField(max_length=14, choices=Role.choices), default=list)
    name = models.CharField(max_length=200)
    email = models.EmailField("e-mail")
    chat = models.CharField(
        "chat handles", max_length=300, blank=True, help_text="Such as Zulip: Ada Lovelace; GitHub: @ada."
    )
    phone = models.CharField(max_length=40, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="Such as Europe/Berlin.")
    visibility = models.CharField(max_length=11, choices=Visibility.choices, default=Visibility.MAINTAINERS)
    position = models.PositiveSmallIntegerField("order of escalation", default=1, help_text="Who is called first: 1.")
    # When the address was shown to be theirs by the link sent to it; empty again when the address changes.
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    # When somebody last said that all of this is still right.
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ContactQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ("position", "name", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name__regex=r"^\s*$"), name="contact_has_name"),
            models.CheckConstraint(
                condition=Q(roles__contained_by=["technical", "on-call", "administrative", "funding", "security"]),
                name="contact_roles_known",
            ),
            models.CheckConstraint(condition=Q(roles__len__gt=0), name="contact_has_role"),
            models.CheckConstraint(
                condition=Q(visibility__in=["public", "members", "maintainers"]), name="contact_visibility_known"
            ),
        ]
        triggers: ClassVar = traced("contacts", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def role_labels(self) -> list[str]:
        """What it is for, in words."""
        return [str(Contact.Role(each).label) for each in self.roles]

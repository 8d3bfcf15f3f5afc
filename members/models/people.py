"""Who may log in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class User(AbstractUser):
    """A person who may log in. An e-mail address belongs to one person, however it is capitalised."""

    # Of the pages and letters this person reads; an IANA name, or empty for UTC.
    time_zone = models.CharField(max_length=64, blank=True)
    # A member's service account: it has tokens, and nobody logs in as it.
    service = models.BooleanField("service account", default=False, editable=False)

    class Meta:
        ordering = ("username",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email_unique",
                violation_error_message="Somebody else has this e-mail address.",
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

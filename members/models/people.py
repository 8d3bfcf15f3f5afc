"""Who may log in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from members.models.histories import Histories


class PeopleManager(UserManager["User"]):
    """Makes accounts."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """As it is kept: in lower case, so that however it is typed it is found."""
        return super().normalize_email(email).lower()


class User(AbstractUser):
    """A person who may log in. An e-mail address belongs to one person, however it is capitalised."""

    # Of the pages and letters this person reads; an IANA name, or empty for UTC.
    time_zone = models.CharField(max_length=64, blank=True)
    # A member's service account: it has tokens, and nobody logs in as it.
    service = models.BooleanField("service account", default=False, editable=False)
    # Counted up when all sessions of this person are to end.
    session_era = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar = PeopleManager()
    # What people are called and what they may do: no password, no log-in. It is erased with the account.
    history = Histories(
        excluded_fields=["password", "last_login", "date_joined", "service", "session_era"],
        m2m_fields=["groups"],
        cascade_delete_history=True,
    )

    class Meta:
        ordering = ("username",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email_unique",
                violation_error_message="Somebody else has this e-mail address.",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="user_email_lower_case",
                violation_error_message="Write the e-mail address in lower case.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def fingerprint(self) -> str:
        """Changes when what the office shows of the account does: tells an editor that it moved under them."""
        names = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
        shown = [getattr(self, name) for name in names]
        groups = sorted(self.groups.values_list("pk", flat=True))
        return hashlib.sha256(repr((shown, groups)).encode()).hexdigest()[:16]

    def get_session_auth_hash(self) -> str:
        """What a session is checked against: it changes with the password and with the era."""
        return f"{super().get_session_auth_hash()}{self._era}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same for secret keys of before."""
        for each in super().get_session_auth_fallback_hash():
            yield f"{each}{self._era}"

    @property
    def _era(self) -> str:
        return f".{self.session_era}" if self.session_era else ""

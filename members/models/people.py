"""Who may log in, and which organisations are members."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

SLUG = RegexValidator(
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z", "Lower-case letters, digits and hyphens; a hyphen neither first nor last."
)


class User(AbstractUser):
    """A person who may log in. An e-mail address belongs to one person, however it is capitalised."""

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


class Member(models.Model):
    """An organisation that takes part in the federation."""

    slug = models.CharField(max_length=63, unique=True, validators=[SLUG], help_text="Part of its page's address.")
    name = models.CharField(max_length=100)
    website = models.URLField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), name="member_slug_shape"
            ),
            models.CheckConstraint(condition=~Q(name__regex=r"^\s*$"), name="member_has_name"),
        ]

    def __str__(self) -> str:
        return self.name

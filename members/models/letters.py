"""What people want of our letters, and which addresses no longer take any."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class LetterChoice(models.Model):
    """What the reader at an address wants of one topic. Without a row: every letter, as it comes.

    By address and not by account: most contacts never log in.
    """

    class Wish(models.TextChoices):
        """When these letters are to come."""

        NOW = "now", "as they come"
        WEEKLY = "weekly", "together, once a week"
        NEVER = "never", "not at all"

    # In lower case.
    address = models.EmailField()
    # One of members.services.topics.
    topic = models.CharField(max_length=20)
    wish = models.CharField(max_length=6, choices=Wish.choices)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["address", "topic"], name="letterchoice_once"),
            models.CheckConstraint(condition=Q(wish__in=["now", "weekly", "never"]), name="letterchoice_wish_known"),
        ]

    def __str__(self) -> str:
        return f"{self.address}, {self.topic}: {self.wish}"


class DeadAddress(models.Model):
    """An address that sends our letters back, or whose reader called them spam. It gets none until it is confirmed."""

    # In lower case.
    address = models.EmailField(unique=True)
    since = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=300)

    class Meta:
        verbose_name_plural = "dead addresses"
        ordering = ("-since",)

    def __str__(self) -> str:
        return self.address

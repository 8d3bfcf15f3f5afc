"""Answers that are given again: a write that is asked for twice under one Idempotency-Key is done once."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Replay(models.Model):
    """What one person's write was, and how it was answered. Written in the transaction of the write itself."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    # SHA-256 of method, address and body: the same key for something else is a mistake.
    asked = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    location = models.CharField(max_length=500, blank=True)
    record = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["at"], name="replay_oldest")]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="replay_once")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"

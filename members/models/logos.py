"""Logos: pictures as the portal made them from what was uploaded."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Logo(models.Model):
    """One picture, for ever the same: its address holds its digest, so that browsers may keep it."""

    # SHA-256 of the picture, in hex.
    digest = models.CharField(max_length=64, primary_key=True)
    image = models.BinaryField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="logo_digest_shape")
        ]

    def __str__(self) -> str:
        return self.digest[:12]

"""The addresses under which people's own calendars are read by their calendar programs."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class CalendarAddress(models.Model):
    """One person's secret address, until they make another one or take it back.

    What stands here is half of the secret; the other half is the portal's key, so that nobody can read calendars who
    only reads the database.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_address")
    number = models.UUIDField(unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    # To the day: whether anybody reads it.
    read_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "calendar addresses"

    def __str__(self) -> str:
        return f"calendar of {self.user}"

"""Every change of a weight: who, when, from what, to what, why."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from members.models.append_only import append_only
from routing.models.hubs import MAX_WEIGHT, Hub


class WeightChange(models.Model):
    """One hub's part of one edit; the hubs that were edited together share `batch`. Written once, kept for ever."""

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="weight_changes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    from_weight = models.DecimalField(max_digits=9, decimal_places=3)
    to_weight = models.DecimalField(max_digits=9, decimal_places=3)
    reason = models.CharField(max_length=500)
    batch = models.UUIDField(default=uuid.uuid4)

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["batch"], name="weightchange_batch"),
            models.Index(fields=["hub", "-id"], name="weightchange_hub_newest"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(from_weight=F("to_weight")), name="weightchange_changes"),
            models.CheckConstraint(
                condition=Q(
                    from_weight__gte=0, from_weight__lte=MAX_WEIGHT, to_weight__gte=0, to_weight__lte=MAX_WEIGHT
                ),
                name="weightchange_range",
            ),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="weightchange_has_reason"),
            models.UniqueConstraint(fields=["batch", "hub"], name="weightchange_once_per_batch"),
        ]
        triggers: ClassVar = append_only("weightchange")

    def __str__(self) -> str:
        return f"{self.hub}: {self.from_weight.normalize():f} → {self.to_weight.normalize():f}"

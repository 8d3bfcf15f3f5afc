"""Every version of the snapshot that was ever published, byte for byte."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from members.models.append_only import append_only
from routing import snapshot


class SnapshotVersionQuerySet(models.QuerySet["SnapshotVersion"]):
    """Named reads of published versions."""

    def newest(self) -> SnapshotVersion | None:
        """The version in use."""
        return self.order_by("-version").first()


class SnapshotVersion(models.Model):
    """One published version: the document itself, and who published it, when and why. Written once, kept for ever."""

    version = models.PositiveBigIntegerField(primary_key=True)
    document = models.TextField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=600)
    hub_count = models.PositiveIntegerField()

    objects = SnapshotVersionQuerySet.as_manager()

    class Meta:
        ordering = ("-version",)
        verbose_name = "snapshot"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(version__gte=1), name="snapshotversion_from_one"),
            models.CheckConstraint(condition=~Q(reason__regex=r"^\s*$"), name="snapshotversion_has_reason"),
        ]
        triggers: ClassVar = append_only("snapshotversion")

    def __str__(self) -> str:
        return f"version {self.version}"

    @property
    def snapshot(self) -> snapshot.Snapshot:
        """What the document says."""
        return snapshot.decode(self.document)


class LiveSnapshot(models.Model):
    """What redirectors are to obey now: the newest version with the factors of this moment. One row, number 1.

    Versions are decisions and kept for ever; factors follow health and clock, and are explained by flips and downtimes.
    """

    version = models.PositiveBigIntegerField()
    document = models.TextField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="livesnapshot_one_row")]

    def __str__(self) -> str:
        return f"version {self.version} as of {self.published_at:%Y-%m-%d %H:%M:%S}"

    @property
    def snapshot(self) -> snapshot.Snapshot:
        """What the document says."""
        return snapshot.decode(self.document)

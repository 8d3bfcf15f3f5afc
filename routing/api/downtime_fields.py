"""What is told of a downtime, and what may be asked of one."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from members.api.resources import Order, Record
from routing.models import Downtime


class DowntimeRecord(Record):
    """A downtime: planned maintenance, or the drain of an emergency."""

    id = serializers.IntegerField()
    hub = serializers.CharField(help_text="The hub's key.")
    severity = serializers.ChoiceField(Downtime.Severity.choices)
    emergency = serializers.BooleanField()
    phase = serializers.ChoiceField(["coming", "on", "over", "cancelled"])
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    text = serializers.CharField()
    change = serializers.CharField(help_text="What the last change was.")
    changed_at = serializers.DateTimeField()
    cancel_reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class Drain(Order):
    """An emergency."""

    reason = serializers.CharField(max_length=500)
    until = serializers.DateTimeField(required=False, allow_null=True)


class Undrain(Order):
    """Its end."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


def told(row: Downtime) -> dict[str, Any]:
    """A downtime as `DowntimeRecord` says; `row.hub` should be joined."""
    return {
        "id": row.pk,
        "hub": row.hub.key,
        "severity": row.severity,
        "emergency": row.emergency,
        "phase": row.phase(timezone.now()),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "text": row.text,
        "change": row.change,
        "changed_at": row.changed_at,
        "cancel_reason": row.cancel_reason,
        "created_at": row.created_at,
    }

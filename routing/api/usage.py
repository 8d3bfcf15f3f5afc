"""Usage: how many launches each hub was promised and got, and what was launched."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.answers import Answers
from routing.services import usage


class HubUsageRecord(serializers.Serializer[Any]):
    """One hub's part."""

    hub = serializers.CharField(help_text="The hub's key.")
    launches = serializers.IntegerField()
    promised_share = serializers.FloatField(allow_null=True)
    received_share = serializers.FloatField(allow_null=True)
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="Launches by why they went there.")
    slots = serializers.ListField(child=serializers.IntegerField(), help_text="Launches slot by slot.")


class UsageRecord(serializers.Serializer[Any]):
    """A time up to now, in equal slots."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    slots = serializers.ListField(child=serializers.DateTimeField(), help_text="When each begins.")
    total = serializers.IntegerField()
    spilled_share = serializers.FloatField(allow_null=True)
    hubs = HubUsageRecord(many=True)


class RepositoryUsageRecord(serializers.Serializer[Any]):
    """One repository, and which hubs launched it how often."""

    repository = serializers.CharField()
    launches = serializers.IntegerField()
    hubs = serializers.DictField(child=serializers.IntegerField())


class Usage(Answers):
    """Launches by hub, as redirectors counted them."""

    permission_classes = (AllowAny,)

    @extend_schema(
        responses=UsageRecord,
        operation_id="usage",
        parameters=[OpenApiParameter("window", str, enum=list(usage.WINDOWS), default="day")],
    )
    def get(self, request: Request) -> Response:
        """A window up to now."""
        window = usage.WINDOWS.get(request.query_params.get("window", "day"))
        if window is None:
            raise ValidationError({"?window": [f"One of {', '.join(usage.WINDOWS)}."]})
        found = usage.look(window)
        return Response(
            {
                "since": found.since,
                "until": found.until,
                "slots": found.slots,
                "total": found.total,
                "spilled_share": found.spilled,
                "hubs": [
                    {
                        "hub": each.hub.key,
                        "launches": each.total,
                        "promised_share": each.promised,
                        "received_share": each.received,
                        "reasons": each.reasons,
                        "slots": each.launches,
                    }
                    for each in found.hubs
                ],
            }
        )


class RepositoryUsage(Answers):
    """The most launched repositories."""

    permission_classes = (AllowAny,)

    @extend_schema(
        responses=RepositoryUsageRecord(many=True),
        operation_id="usage_repositories",
        parameters=[OpenApiParameter("days", int, description="UTC days up to today, at most 366; 30 if not said.")],
    )
    def get(self, request: Request) -> Response:
        """The first hundred of the last days."""
        asked = request.query_params.get("days", "30")
        if not (asked.isascii() and asked.isdigit()) or not 1 <= int(asked[:9]) <= 366:
            raise ValidationError({"?days": ["A number from 1 to 366."]})
        tomorrow = timezone.now().astimezone(UTC).date() + timedelta(days=1)
        found = usage.repositories(tomorrow - timedelta(days=int(asked)), tomorrow, most=100)
        return Response([{"repository": each.name, "launches": each.launches, "hubs": each.hubs} for each in found])

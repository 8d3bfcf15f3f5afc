"""Downtimes: what is planned, what is on, what was; and planning it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from members.api.callers import PeopleWrite, writer
from members.api.problems import refused
from members.api.resources import Order, Resource, version_of
from routing.api.downtime_fields import DowntimeRecord, told
from routing.api.hubs import hubs_of
from routing.models import Downtime
from routing.models.downtimes import DowntimeQuerySet
from routing.services import downtimes

PHASES = [(name, name) for name in ("coming", "on", "over", "cancelled")]


class Plan(Order):
    """Maintenance of one or several hubs. Without a start it begins now."""

    hubs = serializers.ListField(child=serializers.CharField(max_length=63), allow_empty=False, max_length=100)
    severity = serializers.ChoiceField(Downtime.Severity.choices, default=Downtime.Severity.OUTAGE)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField()
    text = serializers.CharField(max_length=500, help_text="What happens. Everybody can read it.")


class Extension(Order):
    """A later end."""

    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class End(Order):
    """An end now."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class Cancellation(Order):
    """Why it is called off."""

    reason = serializers.CharField(max_length=500)


class DowntimeFilter(filters.FilterSet):
    """Of downtimes."""

    hub = filters.CharFilter("hub__key", help_text="A hub's key.")
    member = filters.CharFilter("hub__member__slug", help_text="A member's slug.")
    severity = filters.ChoiceFilter(choices=Downtime.Severity.choices)
    emergency = filters.BooleanFilter()
    phase = filters.ChoiceFilter(choices=PHASES, method="in_phase")

    class Meta:
        model = Downtime
        fields = ("hub", "member", "severity", "emergency", "phase")

    def in_phase(self, rows: DowntimeQuerySet, _name: str, phase: str) -> QuerySet[Downtime]:
        """Where it is in its life."""
        now = timezone.now()
        return {"coming": rows.coming, "on": rows.at, "over": rows.over}.get(phase, lambda _now: rows.cancelled())(now)


class Downtimes(Resource):
    """Maintenance and drains. Who may enter them for a hub: maintainers, and the editors of its member."""

    queryset = Downtime.objects.select_related("hub")
    serializer_class = DowntimeRecord
    filterset_class = DowntimeFilter
    ordering_fields = ("starts_at", "id")
    ordering = ("-starts_at",)
    traced = "downtimes"
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (PeopleWrite,)
    scope = "health"

    def represent(self, rows: Iterable[Downtime]) -> Sequence[Mapping[str, Any]]:
        """Each with its phase of this moment."""
        wanted = self.wanted_fields()
        whole = [told(row) for row in rows]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    def version(self, row: Downtime) -> str:
        """Of the record; that time goes by is no change."""
        return version_of(row, "sequence", "starts_at", "ends_at", "cancelled_at", "text")

    @extend_schema(request=Plan, responses={201: DowntimeRecord(many=True)})
    def create(self, request: Request) -> Response:
        """Announce maintenance, a row for each hub."""
        wanted = self.order(Plan)
        hubs = hubs_of(wanted["hubs"])
        with _refused():
            rows = downtimes.plan(
                hubs,
                starts=wanted.get("starts_at"),
                ends=wanted["ends_at"],
                severity=wanted["severity"],
                text=wanted["text"],
                by=writer(request),
            )
        return Response(self.represent(rows), status=201)

    @extend_schema(request=Extension, responses=DowntimeRecord)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Let it end later."""
        row, wanted = self._fresh(), self.order(Extension)
        with _refused():
            return self.shown(
                downtimes.extend(row, wanted["ends_at"], reason=wanted.get("reason", ""), by=writer(request))
            )

    @extend_schema(request=End, responses=DowntimeRecord)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it now."""
        row, wanted = self._fresh(), self.order(End)
        with _refused():
            return self.shown(downtimes.end_early(row, reason=wanted.get("reason", ""), by=writer(request)))

    @extend_schema(request=Cancellation, responses=DowntimeRecord)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Call it off before it begins."""
        row, wanted = self._fresh(), self.order(Cancellation)
        with _refused():
            return self.shown(downtimes.cancel(row, reason=wanted["reason"], by=writer(request)))

    def _fresh(self) -> Downtime:
        row = self.get_object()
        self.require_fresh(row)
        return row


def _refused() -> Any:  # noqa: ANN401
    return refused(
        downtimes.DowntimesError,
        conflict=downtimes.Settled,
        forbidden=downtimes.NotAllowed,
        field=reasons.NoReason,
    )

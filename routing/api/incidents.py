"""Incidents: what visitors notice, and what was said about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.callers import MaintainersWrite, viewer, writer
from members.api.contacts import NoOrder
from members.api.problems import refused
from members.api.resources import Order, Record, Resource
from members.services import access
from routing.api.hubs import hubs_of
from routing.models import Incident, IncidentUpdate
from routing.models.incidents import TEXT_LENGTH, TITLE_LENGTH
from routing.services import incidents

STANDINGS = [(name, name) for name in ("draft", "discarded", "open", "resolved")]


class IncidentUpdateRecord(serializers.Serializer[Any]):
    """One thing that was said."""

    at = serializers.DateTimeField()
    phase = serializers.ChoiceField(IncidentUpdate.Phase.choices)
    text = serializers.CharField(help_text="Markdown.")


class IncidentRecord(Record):
    """An incident; its newest update first."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    standing = serializers.ChoiceField(STANDINGS, help_text="Drafts are shown to maintainers only.")
    hubs = serializers.ListField(child=serializers.CharField())
    opened_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    updates = IncidentUpdateRecord(many=True)


class NewIncident(Order):
    """What is wrong."""

    title = serializers.CharField(max_length=TITLE_LENGTH)
    hubs = serializers.ListField(child=serializers.CharField(max_length=63), required=False, max_length=100)
    text = serializers.CharField(max_length=TEXT_LENGTH)
    phase = serializers.ChoiceField(["investigating", "identified", "monitoring"], default="investigating")


class NewIncidentUpdate(Order):
    """How far we are. The phase `resolved` ends it."""

    phase = serializers.ChoiceField(IncidentUpdate.Phase.choices)
    text = serializers.CharField(max_length=TEXT_LENGTH)


class Said(Order):
    """What to say with it."""

    text = serializers.CharField(max_length=TEXT_LENGTH)


class Accepted(Order):
    """Under which title."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=TITLE_LENGTH)


class IncidentFilter(filters.FilterSet):
    """Of incidents."""

    hub = filters.CharFilter("hubs__key", help_text="A hub's key.")
    open = filters.BooleanFilter("resolved_at", "isnull")
    draft = filters.BooleanFilter()
    since = filters.IsoDateTimeFilter("opened_at", "gte")

    class Meta:
        model = Incident
        fields = ("hub", "open", "draft", "since")


class Incidents(Resource):
    """What went wrong. Drafts of the portal wait for a maintainer, who accepts or discards them."""

    queryset = Incident.objects.none()
    serializer_class = IncidentRecord
    filterset_class = IncidentFilter
    ordering_fields = ("opened_at", "id")
    ordering = ("-opened_at",)
    lookup_value_regex = "[0-9]{1,18}"
    traced = "incidents"
    permission_classes = (MaintainersWrite,)
    scope = "health"

    @cached_property
    def sees_drafts(self) -> bool:
        """Whether the caller is a maintainer."""
        reads = self.request.method in SAFE_METHODS
        return access.is_maintainer(viewer(self.request) if reads else self.request.user)

    def get_queryset(self) -> QuerySet[Incident]:
        """Those the caller sees, with all that was said."""
        rows = Incident.objects.all() if self.sees_drafts else Incident.objects.public()
        return rows.prefetch_related("hubs", "updates")

    def once_seen(self, names: Sequence[str]) -> Iterable[Any]:
        """Drafts that nobody published are nobody's news."""
        rows = Incident.history.filter(id__in=names)
        return (rows if self.sees_drafts else rows.filter(draft=False)).values_list("id", flat=True)

    def represent(self, rows: Iterable[Incident]) -> Sequence[Mapping[str, Any]]:
        """Each with what was said about it."""
        wanted = self.wanted_fields()
        whole = [_told(row) for row in rows]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    def version(self, row: Incident) -> str:
        """Changes with each thing that is said, and with its standing."""
        return f"{row.pk}-{row.standing}-{row.updates.count()}"

    @extend_schema(request=NewIncident, responses={201: IncidentRecord})
    def create(self, request: Request) -> Response:
        """Tell the public that something is wrong."""
        wanted = self.order(NewIncident)
        hubs = hubs_of(wanted.get("hubs", []))
        with refused(incidents.IncidentsError):
            row = incidents.open_incident(
                wanted["title"], hubs, wanted["text"], by=writer(request), phase=wanted["phase"]
            )
        return self.shown(self._again(row), 201, Location=f"{request.path}{row.pk}/")

    @extend_schema(request=NewIncidentUpdate, responses=IncidentRecord)
    @action(detail=True, methods=["post"])
    def updates(self, request: Request, pk: str) -> Response:
        """Say how far we are."""
        row, wanted = self._fresh(), self.order(NewIncidentUpdate)
        with _refused():
            incidents.update(row, wanted["phase"], wanted["text"], by=writer(request))
        return self.shown(self._again(row))

    @extend_schema(request=Said, responses=IncidentRecord)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Say that it is not over after all."""
        row, wanted = self._fresh(), self.order(Said)
        with _refused():
            incidents.reopen(row, wanted["text"], by=writer(request))
        return self.shown(self._again(row))

    @extend_schema(request=Accepted, responses=IncidentRecord)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Publish what the portal drafted."""
        row, wanted = self._fresh(), self.order(Accepted)
        with _refused():
            incidents.accept(row, by=writer(request), title=wanted.get("title", ""))
        return self.shown(self._again(row))

    @extend_schema(request=NoOrder, responses=IncidentRecord)
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: str) -> Response:
        """Leave a draft unpublished."""
        row = self._fresh()
        self.order(NoOrder)
        with _refused():
            incidents.discard(row, by=writer(request))
        return self.shown(self._again(row))

    def _fresh(self) -> Incident:
        row = self.get_object()
        self.require_fresh(row)
        return row

    def _again(self, row: Incident) -> Incident:
        return Incident.objects.prefetch_related("hubs", "updates").get(pk=row.pk)


def _told(row: Incident) -> dict[str, Any]:
    return {
        "id": row.pk,
        "title": row.title,
        "standing": row.standing,
        "hubs": sorted(each.key for each in row.hubs.all()),
        "opened_at": row.opened_at,
        "published_at": row.published_at,
        "resolved_at": row.resolved_at,
        "updates": [{"at": each.at, "phase": each.phase, "text": each.text} for each in row.updates.all()],
    }


def _refused() -> Any:  # noqa: ANN401
    return refused(incidents.IncidentsError, conflict=incidents.Settled)

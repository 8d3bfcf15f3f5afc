"""Meetings: when the federation meets, what about, what was said. Links and names are for its own people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.reasons import NoReason
from members.api import meeting_fields as fields
from members.api.callers import PeopleWrite, viewer, writer
from members.api.contacts import member_of
from members.api.problems import refused
from members.api.resources import Resource
from members.models import AgendaItem, Meeting, Rsvp
from members.models.meetings import MeetingQuerySet
from members.services import access, agendas, edits, meetings, rsvps, visibility

PHASES = [(name, name) for name in ("coming", "over", "cancelled")]


class MeetingFilter(filters.FilterSet):
    """Of meetings."""

    phase = filters.ChoiceFilter(choices=PHASES, method="in_phase")
    series = filters.NumberFilter("series_id", min_value=0, max_value=2**62)
    since = filters.IsoDateTimeFilter("starts_at", "gte")
    until = filters.IsoDateTimeFilter("starts_at", "lt")

    class Meta:
        model = Meeting
        fields = ("phase", "series", "since", "until")

    def in_phase(self, rows: MeetingQuerySet, _name: str, phase: str) -> QuerySet[Meeting]:
        """Those that come or are on; those that took place; those that were called off."""
        now = timezone.now()
        found = {"coming": rows.coming, "over": rows.past}.get(phase)
        return found(now) if found else rows.exclude(cancelled_at=None)


class Federal(Resource):
    """A resource of which people of the federation see more than others do."""

    permission_classes = (PeopleWrite,)
    scope = "members"

    @cached_property
    def takes_part(self) -> bool:
        """Whether the caller is of the federation. A write is answered to whoever wrote, whatever the scopes."""
        reads = self.request.method in SAFE_METHODS
        return meetings.takes_part(viewer(self.request) if reads else self.request.user)


class Meetings(Federal):
    """When the federation meets. The public sees agenda and notes, its people also links and who comes."""

    queryset = Meeting.objects.none()
    serializer_class = fields.MeetingRecord
    filterset_class = MeetingFilter
    ordering_fields = ("starts_at", "id")
    ordering = ("starts_at",)
    lookup_value_regex = "[0-9]{1,18}"
    traced = "meetings"

    def get_queryset(self) -> QuerySet[Meeting]:
        """All of them, with what belongs to them."""
        rows = Meeting.objects.select_related("facilitator", "note_taker")
        return rows.prefetch_related("items__member", "actions__owner", "rsvps__member", "attendance__member")

    def represent(self, rows: Iterable[Meeting]) -> Sequence[Mapping[str, Any]]:
        """Each as far as the caller sees it."""
        wanted, found = self.wanted_fields(), list(rows)
        answers = rsvps.counted(found) if self.takes_part else {}
        whole = [self._told(row, answers.get(row.pk, [])) for row in found]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    def version(self, row: Meeting) -> str:
        """Of the record, of its time, and of whether it takes place."""
        return f"{row.fingerprint}-{row.sequence}"

    @extend_schema(request=fields.NewMeeting, responses={201: fields.MeetingRecord})
    def create(self, request: Request) -> Response:
        """Plan one outside of any series. For maintainers."""
        wanted = self.order(fields.NewMeeting)
        when = {name: wanted.pop(name) for name in ("starts_at", "minutes", "time_zone")}
        with _refused():
            row = meetings.plan(wanted, **when, by=writer(request))
        return self.shown(row, 201, Location=f"{request.path}{row.pk}/")

    @extend_schema(request=fields.MeetingEdit, responses=fields.MeetingRecord)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change title, video link or pad. For maintainers."""
        row, wanted = self._fresh(), self.order(fields.MeetingEdit)
        with _refused():
            meetings.edit(row, wanted, by=writer(request), seen=row.fingerprint)
        return self.shown(self.get_object())

    @extend_schema(request=fields.Move, responses=fields.MeetingRecord)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Let it be at another time; calendars follow. For maintainers."""
        row, wanted = self._fresh(), self.order(fields.Move)
        with _refused():
            meetings.move(row, **wanted, by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=fields.MeetingReason, responses=fields.MeetingRecord)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Call it off. For maintainers."""
        row, wanted = self._fresh(), self.order(fields.MeetingReason)
        with _refused():
            meetings.cancel(row, reason=wanted["reason"], by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=fields.MeetingReason, responses=fields.MeetingRecord)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Let it take place after all. For maintainers."""
        row, wanted = self._fresh(), self.order(fields.MeetingReason)
        with _refused():
            meetings.restore(row, reason=wanted["reason"], by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=fields.Notes, responses=fields.MeetingRecord)
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        """Keep what was said. For those who lead it and take its notes, and maintainers, once it has begun."""
        row, wanted = self._fresh(), self.order(fields.Notes)
        with _refused():
            meetings.write_notes(row, wanted, by=writer(request), seen=row.fingerprint)
        return self.shown(self.get_object())

    @extend_schema(request=fields.Answer, responses=fields.MeetingRecord)
    @action(detail=True, methods=["post"])
    def rsvp(self, request: Request, pk: str) -> Response:
        """Say whether you come."""
        row, wanted = self.get_object(), self.order(fields.Answer)
        with _refused():
            rsvps.answer_as(writer(request), row, wanted["answer"])
        return self.shown(self.get_object())

    @extend_schema(request=fields.NewItem, responses={201: fields.ItemRecord})
    @action(detail=True, methods=["post"])
    def agenda(self, request: Request, pk: str) -> Response:
        """Propose something to talk about."""
        row, wanted = self.get_object(), self.order(fields.NewItem)
        by, slug = writer(request), wanted.pop("member", None)
        member = member_of(visibility.viewer(by), slug) if slug else None
        with _refused():
            item = agendas.propose(row, wanted, by=by, member=member)
        return Response(
            fields.item(item, takes_part=self.takes_part),
            status=201,
            headers={"Location": reverse("api:agenda-items-detail", args=[item.pk])},
        )

    def _told(self, row: Meeting, answers: Sequence[Rsvp]) -> dict[str, Any]:
        found = fields.meeting(row, takes_part=self.takes_part, answers=answers, now=timezone.now())
        return {**found, "calendar": self.request.build_absolute_uri(reverse("meeting-calendar", args=[row.pk]))}

    def _fresh(self) -> Meeting:
        row: Meeting = self.get_object()
        self.require_fresh(row)
        return row


class ItemFilter(filters.FilterSet):
    """Of agenda items."""

    meeting = filters.NumberFilter("meeting_id", min_value=0, max_value=2**62)

    class Meta:
        model = AgendaItem
        fields = ("meeting",)


class AgendaItems(Federal):
    """What meetings are about. Proposed at a meeting's `agenda/`, changed and taken off here by who proposed it."""

    queryset = AgendaItem.objects.none()
    serializer_class = fields.ItemRecord
    filterset_class = ItemFilter
    ordering_fields = ("id",)
    ordering = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[AgendaItem]:
        """Those that stand and that the caller reads."""
        rows = AgendaItem.objects.filter(removed_at=None).select_related("member", "meeting")
        return rows if self.takes_part else rows.filter(seen_by=AgendaItem.SeenBy.EVERYBODY)

    def represent(self, rows: Iterable[AgendaItem]) -> Sequence[Mapping[str, Any]]:
        """Each of them."""
        wanted = self.wanted_fields()
        whole = [fields.item(row, takes_part=self.takes_part) for row in rows]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    def version(self, row: AgendaItem) -> str:
        """Of the record."""
        return row.fingerprint

    @extend_schema(request=fields.ItemEdit, responses=fields.ItemRecord)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change one."""
        row, wanted = self.get_object(), self.order(fields.ItemEdit)
        self.require_fresh(row)
        with _refused():
            agendas.edit(row, wanted, by=writer(request), seen=row.fingerprint)
        return self.shown(self.get_object())

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take one off the agenda."""
        row = self.get_object()
        self.require_fresh(row)
        with _refused():
            agendas.remove(row, by=writer(request))
        return Response(status=204)


def _refused() -> Any:  # noqa: ANN401
    return refused(
        edits.EditError,
        conflict=meetings.Settled,
        stale=edits.Stale,
        forbidden=access.NotAllowed,
        field=NoReason,
    )

"""Members: who takes part, as far as the caller may see it; and their own record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.callers import PeopleWrite, viewer, writer
from members.api.problems import refused
from members.api.resources import Order, Record, Resource
from members.models import Member, MemberChange
from members.models.members import known
from members.services import access, edits, records, visibility

TEXTS: Final = ("website", "funded_by", "funded_by_url", "run_by", "run_by_url", "time_zone")


class MemberRecord(Record):
    """A member. What the caller may not see is not there."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(Member.State.choices)
    mode = serializers.ChoiceField(Member.Mode.choices, help_text="Who operates what it gives.")
    website = serializers.CharField()
    summary = serializers.CharField()
    story = serializers.CharField(help_text="Markdown.")
    funded_by = serializers.CharField()
    funded_by_url = serializers.CharField()
    run_by = serializers.CharField()
    run_by_url = serializers.CharField()
    time_zone = serializers.CharField()
    since = serializers.DateField(allow_null=True)
    until = serializers.DateField(allow_null=True)
    thanks = serializers.CharField()
    logo = serializers.CharField(help_text="Its address on this portal; empty for none.")
    created_at = serializers.DateTimeField()
    waiting = serializers.ListField(
        child=serializers.CharField(), help_text="Only after a change: fields that wait for a maintainer."
    )


class MemberEdit(Order):
    """Fields of a member's record. When it joined and left, and the thanks, is for maintainers to say."""

    name = serializers.CharField(required=False, max_length=100)
    mode = serializers.ChoiceField(Member.Mode.choices, required=False)
    website = serializers.CharField(required=False, allow_blank=True, max_length=200)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=200)
    story = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    funded_by = serializers.CharField(required=False, allow_blank=True, max_length=200)
    funded_by_url = serializers.CharField(required=False, allow_blank=True, max_length=200)
    run_by = serializers.CharField(required=False, allow_blank=True, max_length=200)
    run_by_url = serializers.CharField(required=False, allow_blank=True, max_length=200)
    time_zone = serializers.CharField(required=False, allow_blank=True, max_length=64)
    since = serializers.DateField(required=False, allow_null=True)
    until = serializers.DateField(required=False, allow_null=True)
    thanks = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class MemberFilter(filters.FilterSet):
    """Of members."""

    state = filters.ChoiceFilter(choices=Member.State.choices)
    mode = filters.ChoiceFilter(choices=Member.Mode.choices)

    class Meta:
        model = Member
        fields = ("state", "mode")


class Seen(Resource):
    """A resource whose rows and fields depend on who looks: `members.services.visibility` says how."""

    @cached_property
    def who(self) -> visibility.Viewer:
        """The caller. A write is answered to whoever wrote, whatever the scopes."""
        reads = self.request.method in SAFE_METHODS
        return visibility.viewer(viewer(self.request) if reads else self.request.user)

    def represent(self, rows: Iterable[Any]) -> Sequence[Mapping[str, Any]]:
        """Each row with the fields that this caller sees."""
        wanted = self.wanted_fields()
        whole = [self.told(visibility.shown(self.who, row)) for row in rows]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    def told(self, found: dict[str, Any]) -> dict[str, Any]:
        """The fields as JSON has them."""
        member = found.pop("member", None)
        return found if member is None else {**found, "member": member.slug}


class Members(Seen):
    """Who takes part in the federation, or did. Their own people also see a member that is only joining."""

    queryset = Member.objects.none()
    serializer_class = MemberRecord
    filterset_class = MemberFilter
    ordering_fields = ("slug", "name")
    ordering = ("slug",)
    lookup_field = "slug"
    lookup_value_regex = "[a-z0-9-]{1,63}"
    traced = "members"
    permission_classes = (PeopleWrite,)
    scope = "members"

    def get_queryset(self) -> QuerySet[Member]:
        """Those the caller may know of."""
        return visibility.members(self.who)

    def once_seen(self, names: Sequence[str]) -> Iterable[Any]:
        """Those that were public once, and their own."""
        rows = Member.history.filter(slug__in=names)
        if not self.who.maintainer:
            rows = rows.filter(Q(id__in=self.who.roles) | known())
        return rows.values_list("slug", flat=True)

    def told(self, found: dict[str, Any]) -> dict[str, Any]:
        """With the logo's address."""
        logo = found.pop("logo", "")
        return {**found, "logo": self.request.build_absolute_uri(f"/logos/{logo}.webp") if logo else ""}

    def version(self, row: Member) -> str:
        """Of the record."""
        return row.fingerprint

    @extend_schema(request=MemberEdit, responses=MemberRecord)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change the record; some facts may wait for a maintainer: `waiting` names them."""
        row, wanted = self.get_object(), self.order(MemberEdit)
        self.require_fresh(row)
        with refused(edits.EditError, stale=edits.Stale, forbidden=access.NotAllowed):
            outcome = records.edit(row, wanted, by=writer(request), seen=row.fingerprint)
        row.refresh_from_db()
        response = self.shown(row)
        response.data["waiting"] = sorted(outcome.waiting)
        return response


class MemberChangeRecord(Record):
    """One step of a member's life. What the caller may not see is not there."""

    id = serializers.IntegerField()
    member = serializers.CharField(help_text="The member's slug.")
    at = serializers.DateTimeField()
    from_state = serializers.CharField(help_text="Empty for a new member.")
    to_state = serializers.ChoiceField(Member.State.choices)
    by_maintainers = serializers.BooleanField()
    reason = serializers.CharField()


class MemberChangeFilter(filters.FilterSet):
    """Of member changes."""

    member = filters.CharFilter("member__slug", help_text="A member's slug.")
    since = filters.IsoDateTimeFilter("at", "gte")
    until = filters.IsoDateTimeFilter("at", "lt")

    class Meta:
        model = MemberChange
        fields = ("member", "since", "until")


class MemberChanges(Seen):
    """From which state to which each member went, and when."""

    queryset = MemberChange.objects.none()
    serializer_class = MemberChangeRecord
    filterset_class = MemberChangeFilter
    ordering_fields = ("id",)
    ordering = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (PeopleWrite,)

    def get_queryset(self) -> QuerySet[MemberChange]:
        """Those of members that the caller may know of."""
        return MemberChange.objects.filter(member__in=visibility.members(self.who)).select_related("member")

    def told(self, found: dict[str, Any]) -> dict[str, Any]:
        """Without the person."""
        found.pop("by", None)
        return super().told(found)

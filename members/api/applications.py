"""Applications: who wants to join, for maintainers. Saying yes makes a hub too: that half is in `routing.api`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.callers import Maintainers, writer
from members.api.contacts import NoOrder
from members.api.problems import refused
from members.api.resources import Order, Record, Resource, version_of
from members.models import Application, Evidence
from members.services import applications


class MessageRecord(serializers.Serializer[Any]):
    """One thing that was said."""

    at = serializers.DateTimeField()
    from_applicant = serializers.BooleanField()
    text = serializers.CharField(help_text="Markdown.")


class EvidenceRecord(serializers.Serializer[Any]):
    """One thing that was found at their hub; `ok` is null where it could not be told."""

    name = serializers.CharField()
    ok = serializers.BooleanField(allow_null=True)
    said = serializers.CharField()


class ApplicationRecord(Record):
    """An application that was sent and whose address is confirmed."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(Application.State.choices)
    organisation = serializers.CharField()
    website = serializers.CharField()
    summary = serializers.CharField()
    motivation = serializers.CharField()
    contact_name = serializers.CharField()
    email = serializers.CharField()
    chat = serializers.CharField()
    mode = serializers.CharField()
    cpu_cores = serializers.IntegerField(allow_null=True)
    memory_gib = serializers.IntegerField(allow_null=True)
    concurrent_users = serializers.IntegerField(allow_null=True)
    provider = serializers.CharField()
    regions = serializers.ListField(child=serializers.CharField())
    starts = serializers.DateField(allow_null=True)
    ends = serializers.DateField(allow_null=True)
    restrictions = serializers.CharField()
    hours_per_month = serializers.IntegerField(allow_null=True)
    time_zone = serializers.CharField()
    experience = serializers.CharField()
    hub_url = serializers.CharField()
    submitted_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    decision = serializers.CharField(help_text="Why it was declined.")
    member = serializers.CharField(allow_null=True, help_text="The slug of the member that came of it.")
    messages = MessageRecord(many=True, help_text="What was said on both sides, in order.")
    evidence = EvidenceRecord(many=True, help_text="What the portal found at their hub when it looked last.")


class Question(Order):
    """What to ask, or say."""

    text = serializers.CharField(max_length=10_000, help_text="Markdown. They get it by e-mail.")


class No(Order):
    """Why not."""

    reason = serializers.CharField(max_length=2_000, help_text="They read this.")


class ApplicationFilter(filters.FilterSet):
    """Of applications."""

    state = filters.ChoiceFilter(choices=Application.State.choices)

    class Meta:
        model = Application
        fields = ("state",)


class Applications(Resource):
    """Who wants to join. Drafts belong to their applicants alone."""

    queryset = Application.objects.none()
    serializer_class = ApplicationRecord
    filterset_class = ApplicationFilter
    ordering_fields = ("id", "submitted_at")
    ordering = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (Maintainers,)
    scope = "members"

    def get_queryset(self) -> QuerySet[Application]:
        """Those that maintainers may see, with all that was said and found."""
        return Application.objects.sent().select_related("member").prefetch_related("messages", "evidence")

    def represent(self, rows: Iterable[Application]) -> Sequence[Mapping[str, Any]]:
        """Each with its thread."""
        wanted = self.wanted_fields()
        names = set(ApplicationRecord().get_fields()) if wanted is None else wanted
        return [{name: found for name, found in _told(row).items() if name in names} for row in rows]

    def version(self, row: Application) -> str:
        """Of what was decided; what was said is no part of it."""
        return version_of(row, "state")

    @extend_schema(request=NoOrder, responses=ApplicationRecord)
    @action(detail=True, methods=["post"], url_path="take-up")
    def take_up(self, request: Request, pk: str) -> Response:
        """Begin to review it."""
        row = self._fresh()
        self.order(NoOrder)
        with undecided():
            applications.take_up(row, by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=Question, responses=ApplicationRecord)
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, pk: str) -> Response:
        """Ask or say something: the applicant gets it by e-mail. Who asks takes it up."""
        row, wanted = self._fresh(), self.order(Question)
        with undecided():
            applications.say(row, wanted["text"], once=uuid.uuid4(), by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=No, responses=ApplicationRecord)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Say no, and why: the applicant is told."""
        row, wanted = self._fresh(), self.order(No)
        with undecided():
            applications.decline(row, reason=wanted["reason"], by=writer(request))
        return self.shown(self.get_object())

    def _fresh(self) -> Application:
        row: Application = self.get_object()
        self.require_fresh(row)
        return row


def undecided() -> Any:  # noqa: ANN401
    """Let what services refuse about applications be the problem it is."""
    return refused(applications.ApplicationsError, conflict=applications.AlreadyDecided)


def _told(row: Application) -> dict[str, Any]:
    seen: Evidence | None = next((each for each in row.evidence.all() if each.finished_at), None)
    return {
        **{
            name: getattr(row, name)
            for name in ApplicationRecord().get_fields()
            if name not in {"messages", "evidence"}
        },
        "member": row.member and row.member.slug,
        "messages": [
            {"at": each.at, "from_applicant": each.from_applicant, "text": each.text} for each in row.messages.all()
        ],
        "evidence": [{name: each.get(name) for name in ("name", "ok", "said")} for each in seen.findings]
        if seen
        else [],
    }

"""Applications: who wants to join, for maintainers."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from members.api.callers import Maintainers, writer
from members.api.contacts import NoOrder
from members.api.offers import Declined
from members.api.problems import refused
from members.api.resources import Record, Resource, version_of
from members.models import Application
from members.services import applications


class ApplicationRecord(Record):
    """An application that was sent; its thread and its evidence are on its page."""

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


class ApplicationFilter(filters.FilterSet):
    """Of applications."""

    state = filters.ChoiceFilter(choices=Application.State.choices)

    class Meta:
        model = Application
        fields = ("state",)


class Applications(Resource):
    """Who wants to join. Drafts belong to their applicants alone. Admitting one is done on its page."""

    queryset = Application.objects.exclude(state=Application.State.DRAFT)
    serializer_class = ApplicationRecord
    filterset_class = ApplicationFilter
    ordering_fields = ("id",)
    ordering = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (Maintainers,)
    scope = "members"

    def version(self, row: Application) -> str:
        """Of what was decided."""
        return version_of(row, "state")

    @extend_schema(request=NoOrder, responses=ApplicationRecord)
    @action(detail=True, methods=["post"], url_path="take-up")
    def take_up(self, request: Request, pk: str) -> Response:
        """Begin to review it."""
        row = self.get_object()
        self.order(NoOrder)
        self.require_fresh(row)
        with _refused():
            applications.take_up(row, by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=Declined, responses=ApplicationRecord)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Say no, and why: the applicant is told."""
        row, wanted = self.get_object(), self.order(Declined)
        self.require_fresh(row)
        with _refused():
            applications.decline(row, reason=wanted["reason"], by=writer(request))
        return self.shown(self.get_object())


def _refused() -> Any:  # noqa: ANN401
    return refused(applications.ApplicationsError, conflict=applications.AlreadyDecided, field=reasons.NoReason)

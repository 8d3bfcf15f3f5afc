"""The federation's reports: what it tells of its months."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.months import month_of
from members.api.callers import PeopleWrite, viewer, writer
from members.api.contacts import NoOrder
from members.api.resources import Order, Record, Resource
from members.models import FederationReport
from members.models.reports import COMPILED, SECTION
from members.services import access
from routing.api.reports import ReportReason, refused_report, section, the_month
from routing.services import federation_reports


class FederationReportRecord(Record):
    """The federation's report of a month."""

    month = serializers.CharField(help_text="Such as 2026-10.")
    state = serializers.ChoiceField(FederationReport.State.choices, help_text="Maintainers see drafts, too.")
    opening = serializers.CharField(help_text="Markdown, as the sections.")
    news = serializers.CharField()
    trouble = serializers.CharField()
    plans = serializers.CharField()
    asks = serializers.CharField()
    figures = serializers.JSONField(help_text="As they were when it was published; of a draft, empty.")
    changed_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)


class FederationReportEdit(Order):
    """Its words."""

    opening = section(SECTION)
    news = section(COMPILED)
    trouble = section(COMPILED)
    plans = section(COMPILED)
    asks = section(COMPILED)


class NewFederationReport(Order):
    """Of which month."""

    month = serializers.CharField(max_length=7, help_text="Such as 2026-10.")


class FederationReports(Resource):
    """What the federation tells of its months: read by everybody, written by maintainers."""

    queryset = FederationReport.objects.none()
    serializer_class = FederationReportRecord
    ordering_fields = ("month",)
    ordering = ("-month",)
    lookup_field = "month"
    lookup_value_regex = "20[0-9]{2}-(?:0[1-9]|1[0-2])"
    permission_classes = (PeopleWrite,)
    scope = "members"

    def get_queryset(self) -> QuerySet[FederationReport]:
        """What is published; for maintainers the drafts, too."""
        who = viewer(self.request) if self.request.method in SAFE_METHODS else self.request.user
        return FederationReport.objects.all() if access.is_maintainer(who) else FederationReport.objects.published()

    def get_object(self) -> FederationReport:
        """The one of the month in the address."""
        row = self.get_queryset().filter(month=month_of(self.kwargs["month"]).first).first()
        if row is None:
            raise Http404
        return row

    def represent(self, rows: Iterable[FederationReport]) -> Sequence[Mapping[str, Any]]:
        """Each with its month as people write it."""
        wanted = self.wanted_fields()
        names = set(FederationReportRecord().get_fields()) if wanted is None else wanted
        return [{name: str(row.period) if name == "month" else getattr(row, name) for name in names} for row in rows]

    def version(self, row: FederationReport) -> str:
        """Of its words, and of who may read them."""
        return f"{row.fingerprint}-{row.state}"

    @extend_schema(request=NewFederationReport, responses={201: FederationReportRecord})
    def create(self, request: Request) -> Response:
        """Begin the report of a month, with what members sent; the one there is, if it was begun."""
        month = the_month(self.order(NewFederationReport)["month"], "month")
        with refused_report():
            row = federation_reports.begin(month, by=writer(request))
        return self.shown(row, 201, Location=f"{request.path}{month}/")

    @extend_schema(request=FederationReportEdit, responses=FederationReportRecord)
    def partial_update(self, request: Request, month: str) -> Response:
        """Change its words."""
        row, wanted = self._fresh(), self.order(FederationReportEdit)
        with refused_report():
            federation_reports.edit(row, wanted, by=writer(request), seen=row.fingerprint)
        return self.shown(self.get_object())

    @extend_schema(request=NoOrder, responses=FederationReportRecord)
    @action(detail=True, methods=["post"], url_path="take-in")
    def take_in(self, request: Request, month: str) -> Response:
        """Add what members sent since it was begun."""
        row = self._fresh()
        self.order(NoOrder)
        with refused_report():
            federation_reports.take_in(row, by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=NoOrder, responses=FederationReportRecord)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, month: str) -> Response:
        """Let everybody read it, with the figures of this moment."""
        row = self._fresh()
        self.order(NoOrder)
        with refused_report():
            federation_reports.publish(row, by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=ReportReason, responses=FederationReportRecord)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, month: str) -> Response:
        """Let only maintainers read it again, and say why."""
        row, wanted = self._fresh(), self.order(ReportReason)
        with refused_report():
            federation_reports.take_back(row, reason=wanted["reason"], by=writer(request))
        return self.shown(self.get_object())

    def _fresh(self) -> FederationReport:
        row = self.get_object()
        self.require_fresh(row)
        return row

"""Reports: what members tell of their months, for their own people and maintainers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from foundation.months import Month, NoSuchMonth, month_of
from members.api.callers import People, writer
from members.api.contacts import NoOrder
from members.api.members import Seen
from members.api.problems import refused
from members.api.resources import Order, Record
from members.models import Report
from members.models.reports import SECTION
from members.services import access, edits, reports
from routing.services import reports as with_figures


def section(most: int) -> serializers.CharField:
    """A section as a caller may send it."""
    return serializers.CharField(required=False, allow_blank=True, max_length=most, help_text="Markdown.")


class ReportRecord(Record):
    """A member's report of a month."""

    id = serializers.IntegerField()
    member = serializers.CharField(help_text="The member's slug.")
    month = serializers.CharField(help_text="Such as 2026-10.")
    state = serializers.ChoiceField(Report.State.choices)
    due_on = serializers.DateField()
    news = serializers.CharField()
    trouble = serializers.CharField()
    plans = serializers.CharField()
    asks = serializers.CharField()
    figures = serializers.JSONField(help_text="As they were when it was submitted; of a single open one, as of now.")
    opened_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    skip_reason = serializers.CharField()
    reopened_at = serializers.DateTimeField(allow_null=True)
    reopen_reason = serializers.CharField()


class ReportEdit(Order):
    """Its sections."""

    news = section(SECTION)
    trouble = section(SECTION)
    plans = section(SECTION)
    asks = section(SECTION)


class SkippedMonth(Order):
    """A month that is left out; nobody has to say why."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=reasons.MAX_LENGTH)


class ReportReason(Order):
    """Why."""

    reason = serializers.CharField(max_length=reasons.MAX_LENGTH)


class ReportFilter(filters.FilterSet):
    """Of members' reports."""

    member = filters.CharFilter("member__slug", help_text="A member's slug.")
    state = filters.ChoiceFilter(choices=Report.State.choices)
    month = filters.CharFilter(method="of_month", help_text="Such as 2026-10.")

    class Meta:
        model = Report
        fields = ("member", "state", "month")

    def of_month(self, rows: QuerySet[Report], _name: str, text: str) -> QuerySet[Report]:
        """Those of one month."""
        return rows.filter(month=the_month(text, "month").first)


class Reports(Seen):
    """What members tell of their months. Their own people and maintainers read them; everybody, what came of them."""

    queryset = Report.objects.none()
    serializer_class = ReportRecord
    filterset_class = ReportFilter
    ordering_fields = ("id",)
    ordering = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"
    traced = "reports"
    permission_classes = (People,)
    scope = "members"

    def get_queryset(self) -> QuerySet[Report]:
        """Those of the caller's members."""
        rows = Report.objects.select_related("member")
        return rows if self.who.maintainer else rows.filter(member__in=self.who.roles)

    def once_seen(self, names: Sequence[str]) -> Iterable[Any]:
        """Those of their own members."""
        rows = Report.history.filter(id__in=names)
        return (rows if self.who.maintainer else rows.filter(member_id__in=self.who.roles)).values_list("id", flat=True)

    def represent(self, rows: Iterable[Report]) -> Sequence[Mapping[str, Any]]:
        """Each; of a single one that is still written, the figures as they are now."""
        wanted = self.wanted_fields()
        whole = [self._told(row) for row in rows]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    def version(self, row: Report) -> str:
        """Of the record, and of how far it is."""
        return f"{row.fingerprint}-{row.state}"

    @extend_schema(request=ReportEdit, responses=ReportRecord)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Keep a draft. For the member's editors."""
        row, wanted = self._fresh(), self.order(ReportEdit)
        with refused_report():
            reports.save(row, wanted, by=writer(request), seen=row.fingerprint)
        return self.shown(self.get_object())

    @extend_schema(request=ReportEdit, responses=ReportRecord)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Stand by it, with the portal's figures of this moment. What is sent along is written first."""
        row, wanted = self._fresh(), self.order(ReportEdit)
        with refused_report():
            with_figures.submit(row, wanted, by=writer(request), seen=row.fingerprint)
        return self.shown(self.get_object())

    @extend_schema(request=SkippedMonth, responses=ReportRecord)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        """Leave this month out."""
        row, wanted = self._fresh(), self.order(SkippedMonth)
        with refused_report():
            reports.skip(row, reason=wanted.get("reason", ""), by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=NoOrder, responses=ReportRecord)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Write one after all, of a month that was skipped."""
        row = self._fresh()
        self.order(NoOrder)
        with refused_report():
            reports.resume(row, by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=ReportReason, responses=ReportRecord)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Ask the member to look at it again, and say why. For maintainers."""
        row, wanted = self._fresh(), self.order(ReportReason)
        with refused_report():
            reports.reopen(row, reason=wanted["reason"], by=writer(request))
        return self.shown(self.get_object())

    def _fresh(self) -> Report:
        row: Report = self.get_object()
        self.require_fresh(row)
        return row

    def _told(self, row: Report) -> dict[str, Any]:
        same = {name: getattr(row, name) for name in ReportRecord().get_fields() if name not in {"member", "month"}}
        figures = with_figures.figures(row) if self.detail and self.request.method in SAFE_METHODS else row.figures
        return {**same, "member": row.member.slug, "month": str(row.period), "figures": figures}


def the_month(text: str, where: str) -> Month:
    """The month that a caller names; ValidationError for what is none."""
    try:
        return month_of(text)
    except NoSuchMonth:
        raise ValidationError({where: ["A month is written like 2026-10."]}) from None


def refused_report() -> Any:  # noqa: ANN401
    """Let what services refuse about reports be the problem it is."""
    return refused(
        edits.EditError,
        conflict=reports.Finished,
        stale=edits.Stale,
        forbidden=access.NotAllowed,
        field=reasons.NoReason,
    )

"""The federation's reports in the office: begun from what members sent, edited, published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from foundation.months import Month, month_of
from members.admin.records import RecordAdmin, RecordForm
from members.models import FederationReport, Report
from members.services import access, edits
from routing.admin import pages
from routing.forms import ReasonForm
from routing.services import federation_reports, wording

SHAPES: Final = {"draft": "◐", "published": "●"}
OFFERED: Final = 12


class MonthForm(forms.Form):
    """A month that is over and has no report yet."""

    month = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        month, known = Month(timezone.now().date().replace(day=1)), set(_months_with_a_report())
        free = []
        for _ in range(OFFERED):
            month = month.before
            if month.first not in known:
                free.append((str(month), month.words))
        self.fields["month"].choices = free  # type: ignore[attr-defined]


@admin.register(FederationReport)
class FederationReportAdmin(RecordAdmin):
    """One for each month. Nothing is deleted: what was published can be taken back."""

    form = RecordForm
    list_display = ("shown_month", "shown_state", "shown_sent", "changed_at")
    list_display_links = ("shown_month",)
    list_filter = ("state",)
    search_fields = FederationReport.RECORD
    actions = None
    actions_detail = ["take_in", "publish", "take_back"]
    fields = ("shown_state", "shown_missing", *FederationReport.RECORD)
    readonly_fields = ("shown_state", "shown_missing")

    def get_queryset(self, request: HttpRequest) -> QuerySet[FederationReport]:
        """With how many members sent theirs."""
        rows: QuerySet[FederationReport] = super().get_queryset(request)
        return rows.annotate(sent=_number(state=Report.State.SUBMITTED), asked=_number())

    def has_delete_permission(self, request: HttpRequest, obj: FederationReport | None = None) -> bool:
        """Nobody."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Choose a month; the figures and what members sent are filled in."""
        pages.require(request, "members.add_federationreport")
        form = MonthForm(request.POST or None)
        if form.is_valid():
            try:
                begun = federation_reports.begin(month_of(form.cleaned_data["month"]), by=pages.who(request))
            except (edits.EditError, access.NotAllowed) as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, "It is begun with what members sent. Only maintainers see it yet.")
                return redirect("admin:members_federationreport_change", begun.pk)
        ask = pages.Confirmation(
            title="Begin a report of the federation",
            form=form,
            yes="Begin it",
            back=reverse("admin:members_federationreport_changelist"),
            sentences=("It is filled in with the month's figures and with what members sent; then you edit it.",),
        )
        return ask.ask(self, request)

    def save_model(self, request: HttpRequest, obj: FederationReport, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the service, which says no to whoever is late."""
        seen = form.cleaned_data["seen"] or None
        federation_reports.edit(obj, form.record(), by=pages.who(request), seen=seen)

    def view_on_site(self, obj: FederationReport) -> str:
        """The page that everybody reads once it is published."""
        return reverse("report", args=[obj.period])

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[UnfoldAction]:
        """Those that make sense for it now."""
        hidden = {True: "publish", False: "take_back"}[_found(str(object_id)).state == FederationReport.State.PUBLISHED]
        found: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [each for each in found if not each.action_name.endswith(hidden)]

    @action(description="Add what came since", url_path="take-in", permissions=["change"], icon="playlist_add")
    def take_in(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Add the words of reports that were sent after it was begun."""
        waiting = wording.listed([str(each.member) for each in _waiting(_found(object_id))])

        def verb(report: FederationReport, _values: dict[str, Any]) -> str:
            number = federation_reports.take_in(report, by=pages.who(request))
            return f"Added the words of {number} report{'' if number == 1 else 's'}." if number else "Nothing is new."

        said = f"Sent since it was begun: {waiting}." if waiting else "Nothing was sent since it was begun."
        return self._ask(request, object_id, "Add what came since", (said, "What is there already stays."), verb)

    @action(description="Publish", url_path="publish", permissions=["change"], icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let everybody read it."""
        missing = wording.listed([str(each.member) for each in _missing(_found(object_id))])
        said = [f"Not sent yet: {missing}. It can be published without them."] if missing else []
        said.append("Everybody can read it then, with the figures as they are now.")

        def verb(report: FederationReport, _values: dict[str, Any]) -> str:
            federation_reports.publish(report, by=pages.who(request))
            return "It is published."

        return self._ask(request, object_id, "Publish", said, verb)

    @action(description="Take back", url_path="take-back", permissions=["change"], icon="undo")
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let only maintainers read it again."""

        def verb(report: FederationReport, values: dict[str, Any]) -> str:
            federation_reports.take_back(report, reason=values["reason"], by=pages.who(request))
            return "It is a draft again."

        return self._ask(request, object_id, "Take it back", ("Only maintainers see it then.",), verb, ReasonForm)

    def _ask(
        self,
        request: HttpRequest,
        object_id: str,
        yes: str,
        sentences: Any,  # noqa: ANN401
        verb: Callable[[FederationReport, dict[str, Any]], str],
        kind: type[forms.Form] = forms.Form,
    ) -> HttpResponse:
        report = _found(object_id)
        form = kind(request.POST if request.method == "POST" else None)
        back = reverse("admin:members_federationreport_change", args=[report.pk])
        if not form.is_valid():
            return pages.Confirmation(f"{yes}: {report}", form, yes, back, tuple(sentences)).ask(self, request)
        try:
            messages.success(request, verb(report, form.cleaned_data))
        except (edits.EditError, access.NotAllowed) as error:
            messages.error(request, str(error))
        return redirect(back)

    @display(description="Month", ordering="month")
    def shown_month(self, report: FederationReport) -> str:
        """In words."""
        return report.period.words

    @display(description="State", ordering="state")
    def shown_state(self, report: FederationReport) -> SafeString:
        """A shape and a word."""
        return format_html('<span aria-hidden="true">{}</span> {}', SHAPES[report.state], report.get_state_display())

    @display(description="Members' reports")
    def shown_sent(self, report: FederationReport) -> str:
        """How many were sent, of how many."""
        return f"{report.sent} of {report.asked} sent"  # type: ignore[attr-defined]

    @display(description="Members' reports")
    def shown_missing(self, report: FederationReport) -> str:
        """Who has not sent one, and who did since it was begun."""
        missing = wording.listed([str(each.member) for each in _missing(report)])
        waiting = wording.listed([str(each.member) for each in _waiting(report)])
        changed = wording.listed([str(each.member) for each in _changed(report)])
        said = [
            f"Not sent yet: {missing}." if missing else "All that were asked have sent theirs, or skipped.",
            f"Sent since it was begun: {waiting}; add them with the button above." if waiting else "",
            f"Sent again after it was added: {changed}; compare them." if changed else "",
        ]
        return " ".join(filter(None, said))


def _found(object_id: str) -> FederationReport:
    return get_object_or_404(FederationReport, pk=pages.number(object_id))


def _of(report: FederationReport) -> Any:  # noqa: ANN401
    return Report.objects.filter(month=report.month).select_related("member").order_by("member__name")


def _missing(report: FederationReport) -> Any:  # noqa: ANN401
    return _of(report).unfinished()


def _waiting(report: FederationReport) -> Any:  # noqa: ANN401
    return _of(report).submitted().filter(taken_in_at=None)


def _changed(report: FederationReport) -> list[Report]:
    known = _of(report).submitted().exclude(taken_in_at=None)
    return [each for each in known if each.submitted_at and each.taken_in_at and each.submitted_at > each.taken_in_at]


def _months_with_a_report() -> list[date]:
    return list(FederationReport.objects.values_list("month", flat=True))


def _number(**which: Any) -> Coalesce:  # noqa: ANN401
    """How many reports of members there are of the month."""
    rows = Report.objects.filter(month=OuterRef("month"), **which).order_by().values("month")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)

"""Members' monthly reports in the office: what is open, late, sent or skipped. They write them on other pages."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from members.admin.records import HistoryAdmin
from members.models import Report
from members.services import edits, reports
from routing.admin import pages
from routing.forms import ReasonForm

SHAPES: Final = {"open": "◐", "draft": "◐", "submitted": "●", "skipped": "○", "late": "▲"}


class LateFilter(admin.SimpleListFilter):
    """By whether their day has passed."""

    title, parameter_name = "late", "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """Those that somebody may ask after."""
        return [("yes", "not sent in time")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        """Of members that take part."""
        late = Report.objects.late(timezone.now().date())
        return queryset.filter(pk__in=late) if self.value() == "yes" else queryset


@admin.register(Report)
class ReportAdmin(HistoryAdmin):
    """They are the members' own: maintainers read them, and may ask to look at one again."""

    list_display = ("shown_month", "member", "shown_state", "shown_due", "shown_submitted")
    list_display_links = ("shown_month",)
    list_filter = ("state", LateFilter, "member")
    list_filter_submit = True
    list_select_related = ("member", "submitted_by")
    list_per_page = 50
    search_fields = ("member__name", "member__slug", *Report.RECORD)
    date_hierarchy = "month"
    actions = None
    actions_detail = ["on_its_page", "reopen"]
    fields = ("member", "shown_month", "shown_state", "shown_due", "shown_submitted", *Report.RECORD, "skip_reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: they open by themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        """Nobody here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        """Nobody."""
        return False

    def has_ask_permission(self, request: HttpRequest, object_id: Any = None) -> bool:  # noqa: ANN401
        """Maintainers."""
        return request.user.has_perm("members.change_report")

    @action(description="With its figures", url_path="page", permissions=["view"], icon="open_in_new")
    def on_its_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page that the member sees."""
        report = get_object_or_404(Report.objects.select_related("member"), pk=pages.number(object_id))
        return redirect("my-report", report.member.slug, report.period)

    @action(description="Ask to look again", url_path="reopen", permissions=["ask"], icon="undo")
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open one again, and say why."""
        report = get_object_or_404(Report.objects.select_related("member"), pk=pages.number(object_id))
        form = ReasonForm(request.POST or None)
        ask = pages.Confirmation(
            title=f"Open it again: {report}",
            form=form,
            yes="Open it again",
            back=reverse("admin:members_report_change", args=[report.pk]),
            sentences=("Its people read the reason in a letter, and have a week at least to send it again.",),
        )
        if not form.is_valid():
            return ask.ask(self, request)
        try:
            reports.reopen(report, reason=form.cleaned_data["reason"], by=pages.who(request))
        except edits.EditError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{report} is open again; its people were told.")
        return redirect(ask.back)

    @display(description="Month", ordering="month")
    def shown_month(self, report: Report) -> str:
        """In words."""
        return report.period.words

    @display(description="State", ordering="state")
    def shown_state(self, report: Report) -> SafeString:
        """A shape and a word."""
        late = not report.is_finished and report.due_on < timezone.now().date()
        word = "late" if late else report.get_state_display()
        return format_html('<span aria-hidden="true">{}</span> {}', SHAPES["late" if late else report.state], word)

    @display(description="Due", ordering="due_on")
    def shown_due(self, report: Report) -> str:
        """The day."""
        return f"{report.due_on:%d %b %Y}"

    @display(description="Sent", ordering="submitted_at")
    def shown_submitted(self, report: Report) -> SafeString | str:
        """When, and by whom."""
        if report.submitted_at is None:
            return "–"
        by = f" by {report.submitted_by}" if report.submitted_by else ""
        return format_html("{}{}", pages.moment(report.submitted_at), by)

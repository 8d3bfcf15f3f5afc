"""Other people's lists in the office: where they are, how they differ, and what to take to those who keep them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.views import ChangeList

from members.admin.records import RecordAdmin, RecordForm
from routing.admin import pages
from routing.models import DriftReport, DriftSource
from routing.services import exports
from routing.services.drift import reports, sources


class DriftChangeList(ChangeList):
    """The list, with what was found last in each."""

    result_list: Iterable[DriftSource]

    def get_results(self, request: HttpRequest) -> None:
        """Find the page's sources, and put the newest report beside each."""
        super().get_results(request)
        found: list[DriftSource] = list(self.result_list)
        newest = sources.newest(found)
        for source in found:
            source.found = newest.get(source.pk)  # type: ignore[attr-defined]
        self.result_list = found


@admin.register(DriftSource)
class DriftSourceAdmin(RecordAdmin):
    """Which published files are looked at every day, and what was found there."""

    form = RecordForm
    list_display = ("name", "shown_state", "shown_points", "shown_time", "enabled")
    search_fields = ("name", "url")
    ordering = ("name",)
    actions = None
    actions_list = ["all_exports"]
    actions_detail = ["report"]
    fields = ("name", "url", "enabled")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401
        """The list that knows what was found."""
        return DriftChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under a name that says what it is."""
        return super().changelist_view(request, {"title": "Lists elsewhere", **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: DriftSource, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the service: what is new is looked at within a minute."""
        by = pages.who(request)
        if change:
            sources.edit(obj, form.record(), by=by, seen=form.cleaned_data["seen"] or None)
        else:
            obj.pk = sources.add(form.record(), by=by).pk

    def get_queryset(self, request: HttpRequest) -> QuerySet[DriftSource]:
        """All of them."""
        return super().get_queryset(request)

    @action(description="All exports", url_path="exports", permissions=["view"], icon="download")
    def all_exports(self, request: HttpRequest) -> HttpResponse:
        """The page with every list as it should be."""
        return redirect("exports")

    @action(description="What differs", url_path="report", permissions=["view"], icon="difference")
    def report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What differs, since when, and the text of an issue; a button to look again."""
        source = get_object_or_404(DriftSource, pk=pages.number(object_id))
        if request.method == "POST":
            pages.require(request, "routing.change_driftsource")
            sources.look_soon(source)
            messages.success(request, f"{source.name} is looked at within a minute. Load this page again then.")
            return redirect(request.path)
        found = source.reports.first()
        issue = sources.as_report(source, found) if found else None
        context = {
            "source": source,
            "report": found,
            "findings": [(each, datetime.fromisoformat(each["since"])) for each in found.findings] if found else [],
            "issue": reports.as_markdown([issue], settings.PORTAL_URL) if issue and issue.findings else "",
            "exports": [exports.find(name) for name in (found.lists.split(", ") if found and found.lists else [])],
            "older": source.reports.all()[1:11],
            "may_look": request.user.has_perm("routing.change_driftsource"),
        }
        return pages.page(self, request, "admin/routing/drift.html", source.name, context)

    @display(description="State")
    def shown_state(self, source: DriftSource) -> SafeString:
        """A shape and a word."""
        shape, word, look = state(source.found)  # type: ignore[attr-defined]
        return format_html(
            '<span class="office-state office-{}"><span aria-hidden="true">{}</span> {}</span>', look, shape, word
        )

    @display(description="What differs")
    def shown_points(self, source: DriftSource) -> SafeString | str:
        """How much, and the way to it."""
        found: DriftReport | None = source.found  # type: ignore[attr-defined]
        if found is None:
            return "not known yet"
        count = len(found.findings)
        said = found.problem or (f"{count} point{'s' if count != 1 else ''}" if count else "nothing")
        link = reverse("admin:routing_driftsource_report", args=[source.pk])
        return format_html('<a class="office-link" href="{}">{}</a>', link, said)

    @display(description="Looked at", ordering="checked_at")
    def shown_time(self, source: DriftSource) -> SafeString | str:
        """When last."""
        return pages.moment(source.checked_at) if source.checked_at else "not yet"


def state(found: DriftReport | None) -> tuple[str, str, str]:
    """A report as a shape, a word and a colour."""
    if found is None:
        return "?", "not looked at", "unknown"
    if found.problem:
        return "?", "not read", "unknown"
    return ("▲", "differs", "trouble") if found.findings else ("●", "as here", "active")

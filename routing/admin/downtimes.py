"""Maintenance in the office: what is on, what comes, what was; planning it, and changing what was planned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from members.admin.records import HistoryAdmin
from routing.admin import downtime_pages, pages
from routing.models import Downtime

SHAPES: Final = {"on": "◐", "coming": "○", "over": "●", "cancelled": "✕"}
WORDS: Final = {"on": "on now", "coming": "coming", "over": "over", "cancelled": "called off"}


class PhaseFilter(admin.SimpleListFilter):
    """Where they are in their life."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """On now, coming, over, called off."""
        return list(WORDS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ANN401
        """Those of the chosen one."""
        now = timezone.now()
        chosen: dict[str | None, Callable[[], Any]] = {
            "on": lambda: queryset.at(now),
            "coming": lambda: queryset.coming(now),
            "over": lambda: queryset.over(now),
            "cancelled": queryset.cancelled,
        }
        return chosen.get(self.value(), lambda: queryset)()


@admin.register(Downtime)
class DowntimeAdmin(HistoryAdmin):
    """Maintenance is planned, extended, ended early and called off here; nothing is deleted."""

    list_display = ("shown_hub", "shown_phase", "shown_start", "shown_end", "shown_kind", "shown_text")
    list_display_links = ("shown_hub",)
    list_filter = (PhaseFilter, "severity", "hub")
    list_filter_submit = True
    list_select_related = ("hub",)
    list_per_page = 50
    search_fields = ("text", "hub__name", "hub__key")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses, and one for each change."""
        verbs = {"extend": self.extend_view, "end-early": self.end_early_view, "cancel": self.cancel_view}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=_address(name))
            for name, view in verbs.items()
        ]
        return [*own, *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Downtime | None = None) -> bool:
        """Nobody: it is history, and calendars have it."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Downtime]:
        """Downtimes with their hubs and people."""
        return super().get_queryset(request).select_related("hub", "by", "changed_by")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name that people use."""
        return super().changelist_view(request, {"title": "Maintenance", **(extra_context or {})})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Plan maintenance of one or several hubs."""
        pages.require(request, "routing.add_downtime")
        return downtime_pages.plan(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One downtime: what it is, and what can be done with it now."""
        pages.require(request, "routing.view_downtime")
        row = get_object_or_404(self.get_queryset(request), pk=pages.number(object_id))
        phase = row.phase(timezone.now())
        context = {"row": row, "phase": phase, "shape": SHAPES[phase], "word": WORDS[phase]}
        context["may_change"] = self.has_change_permission(request, row)
        return pages.page(self, request, "admin/routing/downtime.html", f"Maintenance of {row.hub.name}", context)

    def extend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A later end."""
        return downtime_pages.extend(self, request, self._wanted(request, pk))

    def end_early_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The end now."""
        return downtime_pages.end_early(self, request, self._wanted(request, pk))

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """It does not happen."""
        return downtime_pages.cancel(self, request, self._wanted(request, pk))

    def _wanted(self, request: HttpRequest, pk: int) -> Downtime:
        pages.require(request, "routing.change_downtime")
        return get_object_or_404(self.get_queryset(request), pk=pk)

    @display(description="Hub", ordering="hub__name")
    def shown_hub(self, row: Downtime) -> str:
        """Its name."""
        return row.hub.name

    @display(description="Time")
    def shown_phase(self, row: Downtime) -> SafeString:
        """A shape and a word."""
        phase = row.phase(timezone.now())
        return format_html('<span aria-hidden="true">{}</span> {}', SHAPES[phase], WORDS[phase])

    @display(description="From", ordering="starts_at")
    def shown_start(self, row: Downtime) -> SafeString:
        """When it begins."""
        return pages.moment(row.starts_at)

    @display(description="To", ordering="ends_at")
    def shown_end(self, row: Downtime) -> SafeString | str:
        """When it ends."""
        return pages.moment(row.ends_at) if row.ends_at else "until undrained"

    @display(description="Kind", ordering="severity")
    def shown_kind(self, row: Downtime) -> str:
        """In a word."""
        return "emergency" if row.emergency else row.severity.replace("_", " ")

    @display(description="What happens", ordering="text")
    def shown_text(self, row: Downtime) -> SafeString:
        """What was said, and what was changed."""
        return format_html('<span class="office-last">{}<br><span>{}</span></span>', row.text, row.change)


def _address(verb: str) -> str:
    return f"routing_downtime_{verb.replace('-', '_')}"

"""The portal's own health in the office: one page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from routing.admin import pages
from routing.models import Alert, CheckRound
from routing.services import operations

ALERTS_SHOWN = 15


@admin.register(CheckRound)
class OperationsAdmin(ModelAdmin):
    """Does everything live that must, and what were maintainers told lately?"""

    def get_urls(self) -> list[URLPattern]:
        """There is nothing but the page."""
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="routing_checkround_changelist")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: CheckRound | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CheckRound | None = None) -> bool:
        """Nobody."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page."""
        pages.require(request, "routing.view_checkround")
        context = {
            "signs": operations.signs(),
            "alerts": Alert.objects.select_related("hub")[:ALERTS_SHOWN],
            "no_banner": True,
        }
        return pages.page(self, request, "admin/routing/operations.html", "The portal itself", context)

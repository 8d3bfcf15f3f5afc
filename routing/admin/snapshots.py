"""Published versions in the office: what each changed, and the way back to it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from foundation import reasons
from routing.admin import pages
from routing.forms import ReasonForm
from routing.models import SnapshotVersion
from routing.services import differences, hubs, publishing, rollbacks, weights


@admin.register(SnapshotVersion)
class SnapshotVersionAdmin(ModelAdmin):
    """Every version that redirectors ever had; nothing is changed or deleted, going back makes a new one."""

    list_display = ("shown_version", "shown_time", "shown_by", "reason", "shown_count", "shown_use")
    list_display_links = ("shown_version",)
    list_select_related = ("by",)
    list_per_page = 50
    search_fields = ("reason", "by__username")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses, and the roll back."""
        roll_back = self.admin_site.admin_view(self.roll_back_view)
        return [
            path("<int:version>/roll-back/", roll_back, name="routing_snapshotversion_roll_back"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not by hand: versions are published when something changes."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SnapshotVersion | None = None) -> bool:
        """Nobody: it was published."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SnapshotVersion | None = None) -> bool:
        """Nobody: it was published."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SnapshotVersion]:
        """Versions without their documents, and which one is in use."""
        newest = SnapshotVersion.objects.order_by("-version").values("version")[:1]
        rows = super().get_queryset(request).defer("document")
        return rows.annotate(newest=Subquery(newest))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under a name that says what they are."""
        return super().changelist_view(request, {"title": "Published versions", **(extra_context or {})})

    @display(description="Version", ordering="version")
    def shown_version(self, version: SnapshotVersion) -> str:
        """Its number."""
        return f"Version {version.version}"

    @display(description="Published", ordering="version")
    def shown_time(self, version: SnapshotVersion) -> SafeString:
        """When."""
        return pages.moment(version.published_at)

    @display(description="By", empty_value="the portal")
    def shown_by(self, version: SnapshotVersion) -> str | None:
        """Who."""
        return str(version.by) if version.by else None

    @display(description="Hubs")
    def shown_count(self, version: SnapshotVersion) -> int:
        """How many hubs it has."""
        return version.hub_count

    @display(description="In use", label={"in use": "success"})
    def shown_use(self, version: SnapshotVersion) -> str | None:
        """Whether redirectors are to have this one."""
        return "in use" if version.version == version.newest else None  # type: ignore[attr-defined]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One version: what it changed against the one before, and what it said."""
        pages.require(request, "routing.view_snapshotversion")
        version = get_object_or_404(SnapshotVersion.objects.select_related("by"), pk=pages.number(object_id))
        older = SnapshotVersion.objects.filter(version__lt=version.version).first()
        newest = publishing.newest()
        context = {
            "version": version,
            "older": older,
            "differences": differences.between(older.snapshot if older else None, version.snapshot),
            "hubs": [(hub, differences.state(hub)) for hub in version.snapshot.hubs],
            "policy": version.snapshot.policy,
            "in_use": newest == version,
            "may_roll_back": request.user.has_perms(("routing.add_snapshotversion", "routing.change_hub")),
        }
        return pages.page(self, request, "admin/routing/snapshot.html", f"Version {version.version}", context)

    def roll_back_view(self, request: HttpRequest, version: int) -> HttpResponse:
        """Show what going back to this version would do now, ask why, do it."""
        pages.require(request, "routing.add_snapshotversion", "routing.change_hub", "routing.add_weightchange")
        wanted = get_object_or_404(SnapshotVersion, pk=version)
        form = ReasonForm(request.POST or None)
        ask = _confirmation(wanted, form)
        if not form.is_valid() or not ask.is_confirmed(request):
            return ask.ask(self, request)
        try:
            rollbacks.roll_back(wanted, reason=form.cleaned_data["reason"], by=pages.who(request))
        except (hubs.HubsError, weights.WeightsError, reasons.NoReason, ValidationError) as error:
            messages.error(request, f"Nothing was changed. {hubs.said(error)}")
            return redirect(request.path)
        messages.success(request, f"Rolled back to version {wanted.version}. Redirectors follow within two seconds.")
        return redirect(pages.changelist("snapshotversion"))


def _confirmation(version: SnapshotVersion, form: ReasonForm) -> pages.Confirmation:
    preview = rollbacks.preview(version)
    later = [f"{hub.name} came after that version: it would get weight 0." for hub in preview.later_hubs if hub.weight]
    return pages.Confirmation(
        title=f"Roll back to version {version.version}",
        form=form,
        yes="Roll back",
        back=reverse("admin:routing_snapshotversion_change", args=[version.version]),
        sentences=preview.sentences or ["Nothing would change: this is how things are."],
        warnings=[*later, *weights.consequences(preview.rows)],
        rows=[row for row in preview.rows if row.share != row.new_share or row.weight != row.new_weight],
    )

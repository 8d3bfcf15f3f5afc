"""The policy in the office: one form."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from members.admin.records import HistoryAdmin
from routing.admin import pages
from routing.forms import PolicyForm
from routing.models import Policy
from routing.services import policies


@admin.register(Policy)
class PolicyAdmin(HistoryAdmin):
    """How redirectors choose and check: one row, edited with a reason."""

    form = PolicyForm
    warn_unsaved_form = True
    fieldsets = (
        ("Which hub", {"fields": ("balancer", "host_cookie_age_hours")}),
        (
            "Health checks",
            {
                "fields": (
                    ("check_period", "check_failed_period"),
                    ("pulse_period", "settle_period"),
                    ("check_retries", "check_timeout"),
                    ("check_jitter", "answer_seconds_most"),
                )
            },
        ),
        (
            "How quickly to believe",
            {
                "fields": (
                    ("fall", "rise"),
                    ("slow_start_seconds", "slow_start_from"),
                    ("taper_from", "fail_open_seconds"),
                )
            },
        ),
        (
            "Versions",
            {"fields": (("version_rule", "version_grace_hours"), ("pinned_binderhub", "pinned_builder"))},
        ),
        (
            "Launches, maintenance and incidents",
            {
                "fields": (
                    ("launch_success_counts", "test_launch_minutes"),
                    ("drain_lead_minutes", "incident_after_minutes"),
                )
            },
        ),
        ("Why", {"fields": ("reason",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:  # noqa: ANN401
        """Who may only look is not asked why."""
        sets = super().get_fieldsets(request, obj)
        may = self.has_change_permission(request, obj)
        return [each for each in sets if may or each[0] != "Why"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one: straight to it."""
        pages.require(request, "routing.view_policy")
        return redirect(reverse("admin:routing_policy_change", args=[1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Policy | None:
        """The policy in force, also while nobody has touched it."""
        return Policy.objects.current() if object_id == "1" else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is always one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        """There is always one."""
        return False

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the service, so that it is published."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name not in {"reason", "seen"}}
        if changes:
            policies.edit(
                changes,
                reason=form.cleaned_data["reason"],
                by=pages.who(request),
                seen=form.cleaned_data.get("seen") or None,
            )

"""Hubs in the office: the list, the record, and who is prime, in rotation, drained or retired."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.views import ChangeList

from members.admin.records import HistoryAdmin
from routing.admin import downtime_pages, hub_pages, pages
from routing.forms import AT_ONCE, HubForm, NewHubForm
from routing.models import NAMES, Downtime, Hub
from routing.services import hub_states, hubs, overview, ramps, weight_history, weights

RECORD = ("member", "key", "name", "url", "health_url", "versions_url")
CHECKS = (("pod_headroom", "headroom_percent"), "user_limit", ("check_period", "ui_order"))


class HubChangeList(ChangeList):
    """The list, with each hub's promised share and how it is: that needs all hubs, not only those on the page."""

    result_list: Iterable[Hub]

    def get_results(self, request: HttpRequest) -> None:
        """Find the page's hubs and put share and state beside each."""
        super().get_results(request)
        now = overview.read()
        found: list[Hub] = list(self.result_list)
        for hub in found:
            seen = now.find(hub.key)
            hub.promised_share = seen.promised if seen else 0.0  # type: ignore[attr-defined]
            hub.now = seen.state if seen else hub_states.BY_STATE[Hub.State.RETIRED]  # type: ignore[attr-defined]
        self.result_list = found


@admin.register(Hub)
class HubAdmin(HistoryAdmin):
    """Hubs are taken in, edited, drained and retired here; weights have their own page; nothing is deleted."""

    list_display = ("hub", "member", "shown_state", "shown_now", "shown_weight", "shown_share", "last_change")
    list_filter = ("state", "prime", "member")
    list_filter_submit = True
    search_fields = ("name", "key", "url", "member__name")
    list_select_related = ("member",)
    list_per_page = 50
    ordering = ("name", "key")
    actions = None
    actions_detail = ["drain", "undrain", "make_prime", "change_state"]
    autocomplete_fields = ("member",)
    warn_unsaved_form = True
    change_form_show_cancel_button = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hub]:
        """Hubs with their newest weight change."""
        return super().get_queryset(request).prefetch_related(weight_history.last_changes())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401
        """The list that knows the shares."""
        return HubChangeList

    def get_form(
        self,
        request: HttpRequest,
        obj: Hub | None = None,
        change: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> type[ModelForm[Hub]]:
        """A new hub has a key and a first weight; of one that exists only the record is edited."""
        return super().get_form(request, obj, change, form=HubForm if obj else NewHubForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Hub | None = None) -> Any:  # noqa: ANN401
        """The record, what moves traffic, and why."""
        if obj is None:
            return [
                (None, {"fields": RECORD}),
                ("Traffic", {"fields": ("weight", "state", "begin")}),
                ("Quota and checks", {"fields": CHECKS}),
                ("Its names elsewhere", {"fields": (*NAMES, "prometheus_url", "ip_address")}),
                ("Why", {"fields": ("reason",)}),
            ]
        traffic = ("shown_state", "shown_prime", "shown_weight", "history", "maintenance")
        why = [("Why", {"fields": ("reason", "seen")})] if self.has_change_permission(request, obj) else []
        return [
            (None, {"fields": RECORD}),
            ("Traffic", {"fields": traffic}),
            ("Quota and checks", {"fields": CHECKS}),
            ("Its names elsewhere", {"fields": (*NAMES, "prometheus_url", "ip_address")}),
            *why,
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Hub | None = None) -> Any:  # noqa: ANN401
        """The key never changes; what moves traffic has its own pages."""
        return ("key", "shown_state", "shown_prime", "shown_weight", "history", "maintenance") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Hub | None = None) -> bool:
        """Nobody: a hub that leaves is retired, so that its history stays."""
        return False

    def save_model(self, request: HttpRequest, obj: Hub, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the same services as everything else."""
        by, reason = pages.who(request), form.cleaned_data["reason"]
        if change:
            hubs.edit(obj, form.changes(), reason=reason, by=by, seen=form.cleaned_data.get("seen") or None)
        else:
            steps = ramps.DEFAULT if form.cleaned_data["begin"] != AT_ONCE else None
            hubs.add(obj, weight=form.cleaned_data["weight"], reason=reason, by=by, steps=steps)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form; what a service refuses in the last moment is said, not thrown."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (hubs.HubsError, ValidationError) as error:
            messages.error(request, hubs.said(error))
            return redirect(request.get_full_path())

    def has_drain_permission(self, request: HttpRequest, object_id: int | None = None) -> bool:
        """Who may change downtimes."""
        return request.user.has_perm("routing.change_downtime")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[UnfoldAction]:
        """Of draining and undraining the one that can be done now."""
        pk = pages.number(str(object_id))
        drained = Downtime.objects.at(timezone.now()).filter(hub=pk, emergency=True).exists()
        useless = "drain" if drained else "undrain"
        found: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [each for each in found if each.method.__name__ != useless]

    @action(description="Drain now", url_path="drain", permissions=["drain"], icon="water_drop")
    def drain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Emergency: no new launches from now on."""
        return downtime_pages.drain(self, request, get_object_or_404(Hub, pk=pages.number(object_id)))

    @action(description="Undrain", url_path="undrain", permissions=["drain"], icon="play_arrow")
    def undrain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The emergency is over."""
        return downtime_pages.undrain(self, request, get_object_or_404(Hub, pk=pages.number(object_id)))

    @action(description="Make it the prime", url_path="make-prime", permissions=["change"], icon="star")
    def make_prime(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Confirm that this hub serves the federation's pages from now on."""
        return hub_pages.make_prime(self, request, get_object_or_404(Hub, pk=pages.number(object_id)))

    @action(description="Change its state", url_path="state", permissions=["change"], icon="swap_horiz")
    def change_state(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put it into rotation, drain it, retire it."""
        return hub_pages.change_state(self, request, get_object_or_404(Hub, pk=pages.number(object_id)))

    @display(description="Hub", ordering="name", header=True)
    def hub(self, hub: Hub) -> list[str]:
        """Its name, and whether it is the prime, over its key."""
        return [f"{hub.name} ★ prime" if hub.prime else hub.name, hub.key]

    @display(description="State", ordering="state")
    def shown_state(self, hub: Hub) -> SafeString:
        """A shape and a word."""
        return pages.state(hub)

    @display(description="Now")
    def shown_now(self, hub: Hub) -> SafeString:
        """How it is, in a shape, a word and a reason; the hub's page says more."""
        return pages.now(hub, hub.now)  # type: ignore[attr-defined]

    def view_on_site(self, obj: Hub) -> str:
        """The hub's public page: why it gets its traffic."""
        return reverse("hub", args=[obj.key])

    @display(description="Weight", ordering="weight")
    def shown_weight(self, hub: Hub) -> SafeString:
        """The promise; it is changed on the page of all weights."""
        link = reverse("admin:routing_weightchange_add")
        html = '<a class="office-link" href="{}" title="Change the weights">{}</a>'
        return format_html(html, link, weights.shown(hub.weight))

    @display(description="Share of launches", ordering="weight")
    def shown_share(self, hub: Hub) -> SafeString:
        """What the weights promise."""
        return pages.share(hub.promised_share)  # type: ignore[attr-defined]

    @display(description="Prime")
    def shown_prime(self, hub: Hub) -> str:
        """Whether it serves the federation's pages."""
        return "★ It is the prime: it serves the federation's pages." if hub.prime else "no"

    @display(description="Weight last changed")
    def last_change(self, hub: Hub) -> SafeString | str:
        """When, by whom, why."""
        change = next(iter(hub.last_changes), None)  # type: ignore[attr-defined]
        if change is None:
            return "never"
        return format_html(
            '<span class="office-last">{}<br><span>{}{}</span></span>',
            pages.moment(change.at),
            f"{change.by}: " if change.by else "",
            change.reason,
        )

    @display(description="History")
    def history(self, hub: Hub) -> SafeString:
        """The way to this hub's weights of all times."""
        link = f"{pages.changelist('weightchange')}?hub={hub.key}"
        return format_html('<a class="office-link" href="{}">All changes of its weight</a>', link)

    @display(description="Maintenance")
    def maintenance(self, hub: Hub) -> SafeString:
        """What is on and what comes."""
        return downtime_pages.of_hub(hub)

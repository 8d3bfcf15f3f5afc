"""Webhooks in the office: who is told of what, whether it arrives, and what was sent. A secret is shown once."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from members.admin.records import RecordAdmin, RecordForm
from routing.admin import pages
from routing.models import Delivery, Webhook
from routing.models.webhooks import EVENTS
from routing.services import webhooks

STATES = {
    Delivery.State.WAITING: ("◐", "waiting"),
    Delivery.State.SENDING: ("◐", "being sent"),
    Delivery.State.SENT: ("●", "sent"),
    Delivery.State.FAILED: ("✕", "failed"),
}


class WebhookForm(RecordForm):
    """An address and what it is told of."""

    url = forms.CharField(
        label="Address", max_length=500, help_text="On https and on the public internet. It gets a signed POST."
    )
    events = forms.MultipleChoiceField(
        choices=[(name, name) for name in EVENTS], widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Webhook
        fields = ("name", "url", "events", "enabled")

    def clean_url(self) -> str:
        """One that we may send to."""
        try:
            return webhooks.checked_url(self.cleaned_data["url"])
        except webhooks.WebhooksError as error:
            raise forms.ValidationError(str(error)) from None


class Trouble(admin.SimpleListFilter):
    """By whether it arrives."""

    title, parameter_name = "state", "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """Well or not."""
        return [("well", "arrives"), ("trouble", "does not arrive")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Webhook]) -> QuerySet[Webhook]:
        """Those of the chosen kind."""
        trouble = Q(failing_since__isnull=False) | ~Q(switched_off_because="")
        return {"well": rows.exclude(trouble), "trouble": rows.filter(trouble)}.get(self.value() or "", rows)


@admin.register(Webhook)
class WebhookAdmin(RecordAdmin):
    """Programs that are told of events."""

    form = WebhookForm
    list_display = ("name", "url", "shown_events", "shown_state", "created_by")
    list_filter = (Trouble, "enabled")
    list_select_related = ("created_by",)
    search_fields = ("name", "url")
    ordering = ("name",)
    actions = None
    actions_detail = ["test", "deliveries"]
    fieldsets = ((None, {"fields": ("name", "url", "events", "enabled", "shown_state")}),)
    readonly_fields = ("shown_state",)

    def get_form(self, request: HttpRequest, obj: Webhook | None = None, change: bool = False, **how: Any) -> Any:  # noqa: ANN401
        """A new one tells from the beginning."""
        if not obj:
            how["exclude"] = ["enabled"]
        return super().get_form(request, obj, change, **how)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401
        """Of a new one there is less to say."""
        return super().get_fieldsets(request, obj) if obj else ((None, {"fields": ("name", "url", "events")}),)

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the service of the API."""
        by = pages.who(request)
        if change:
            webhooks.edit(obj, form.record(), by=by, seen=form.cleaned_data["seen"] or None)
            return
        made = webhooks.add(**form.record(), by=by)
        obj.pk, obj.secret = made.pk, made.secret

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        """By the service."""
        webhooks.remove(obj, by=pages.who(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:  # noqa: ANN401
        """With it goes what it was told, which nobody may delete alone."""
        return [str(each) for each in objs], {"webhooks": len(objs)}, set(), []

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        """Its secret, this once."""
        return pages.page(self, request, "admin/routing/webhook_made.html", obj.name, {"webhook": obj})

    @action(description="Send a test", url_path="test", permissions=["change"], icon="send")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then queue something that is about nothing."""
        row = get_object_or_404(Webhook, pk=pages.number(object_id))
        listed = f"{reverse('admin:routing_delivery_changelist')}?webhook__id__exact={row.pk}"
        ask = pages.Confirmation(
            title=f"Test {row.name}",
            form=forms.Form(),
            yes="Send a test",
            back=reverse("admin:routing_webhook_change", args=[row.pk]),
            sentences=(f"A signed event that says “test” goes to {row.url} within seconds.",),
        )
        if request.method != "POST":
            return ask.ask(self, request)
        webhooks.send_test(row, by=pages.who(request))
        messages.success(request, "It is on its way. Load this page again to see what was answered.")
        return redirect(listed)

    @action(description="What it was told", url_path="deliveries", permissions=["view"], icon="list")
    def deliveries(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its deliveries."""
        return redirect(f"{reverse('admin:routing_delivery_changelist')}?webhook__id__exact={pages.number(object_id)}")

    @display(description="Told of")
    def shown_events(self, row: Webhook) -> str:
        """Which events."""
        return ", ".join(row.events)

    @display(description="State")
    def shown_state(self, row: Webhook) -> SafeString | str:
        """Whether it arrives; if not, since when and why."""
        if row.pk is None:
            return "new"
        if not row.enabled:
            return pages.marked("○", "off", row.switched_off_because and f": {row.switched_off_because}")
        if row.failing_since:
            return pages.marked("▲", "does not arrive", format_html(" since {}", pages.moment(row.failing_since)))
        return pages.marked("●", "on")


@admin.register(Delivery)
class DeliveryAdmin(ModelAdmin):
    """What webhooks were told in the last month, and what they answered."""

    list_display = ("shown_time", "event", "shown_webhook", "shown_state", "shown_answer", "tries")
    list_display_links = ("shown_time",)
    list_filter = ("state", "event", "webhook")
    list_filter_submit = True
    list_select_related = ("webhook",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("uid", "body", "webhook__name")
    actions = ["send_again"]
    fields = ("uid", "shown_webhook", "event", "shown_state", "shown_answer", "tries", "shown_times", "shown_body")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not by hand: the portal writes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """None is edited; the permission is for sending again."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """Nobody: they go by themselves after a month."""
        return False

    @action(description="Send again what failed", permissions=["change"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        """Let the failed ones among those be tried afresh."""
        count = webhooks.send_again(chosen, by=pages.who(request))
        messages.success(request, f"{count} will be tried again within seconds." if count else "None of those failed.")

    @display(description="When", ordering="created_at")
    def shown_time(self, row: Delivery) -> SafeString:
        """When it happened."""
        return pages.moment(row.created_at)

    @display(description="Webhook", ordering="webhook__name")
    def shown_webhook(self, row: Delivery) -> SafeString:
        """Which, and the way to it."""
        link = reverse("admin:routing_webhook_change", args=[row.webhook_id])
        return format_html('<a class="office-link" href="{}">{}</a>', link, row.webhook.name)

    @display(description="State", ordering="state")
    def shown_state(self, row: Delivery) -> SafeString:
        """A shape and a word."""
        return pages.marked(*STATES[Delivery.State(row.state)])

    @display(description="Answer")
    def shown_answer(self, row: Delivery) -> str:
        """What the other side said, or why it said nothing."""
        return row.error or (str(row.status) if row.status else "–")

    @display(description="Times")
    def shown_times(self, row: Delivery) -> SafeString:
        """Until it was sent, or is tried again."""
        words = ("sent", row.sent_at) if row.sent_at else ("due", row.due_at)
        return format_html("{} {}", words[0], pages.moment(words[1]))

    @display(description="What was sent")
    def shown_body(self, row: Delivery) -> SafeString:
        """The document, set out for people."""
        text = json.dumps(json.loads(row.body), indent=2, ensure_ascii=False)
        return format_html('<pre class="office-letter">{}</pre>', text)

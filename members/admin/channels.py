"""Channels in the office: where maintainers hear of trouble. An address is typed once and never shown again."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminPasswordWidget

from members.admin.records import HistoryAdmin
from members.models import Channel, Notice
from members.seen_forms import SeenForm
from members.services import channels
from members.services.delivery import Undelivered


class ChannelForm(SeenForm):
    """A channel. Its address goes in and never comes out again, not even after a mistake in the form."""

    address = forms.CharField(
        max_length=500,
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}, render_value=False),
        help_text="In Apprise's notation: slack://…, zulip://…, matrixs://…, mailtos://…, jsons://… for a webhook. "
        "It holds a secret and is not shown again. Empty: it stays as it is.",
    )

    class Meta:
        model = Channel
        fields: ClassVar = ["name", "address", "enabled"]

    def clean_address(self) -> str:
        """One that Apprise understands and that leads to the internet; the old one if none was typed."""
        address = self.cleaned_data["address"].strip()
        if not address:
            if not self.instance.pk:
                raise forms.ValidationError("A channel needs an address.")
            return str(self.initial_address)
        try:
            channels.check(address)
        except channels.BadAddress as error:
            raise forms.ValidationError(str(error)) from None
        return str(address)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.initial_address = self.initial.pop("address", "")


@admin.register(Channel)
class ChannelAdmin(HistoryAdmin):
    """Chats, webhooks, other mailboxes: anything Apprise speaks."""

    form = ChannelForm
    list_display = ("name", "kind", "enabled", "last_sent", "last_trouble")
    search_fields = ("name",)
    ordering = ("name",)
    actions = None
    actions_detail = ["send_test"]
    change_form_show_cancel_button = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        """Channels with what became of their messages."""
        newest = Notice.objects.filter(channel=OuterRef("pk")).order_by("-created_at", "-id")
        sent = Notice.objects.filter(channel=OuterRef("pk"), sent_at__isnull=False).order_by("-sent_at")
        return (
            super()
            .get_queryset(request)
            .annotate(sent=Subquery(sent.values("sent_at")[:1]), trouble=Subquery(newest.values("error")[:1]))
        )

    def get_fields(self, request: HttpRequest, obj: Channel | None = None) -> list[str]:
        """Who may only look sees no field that would show the address."""
        return ["name", "address", "enabled"] if self.has_change_permission(request, obj) else ["name", "enabled"]

    @action(description="Send a test message", url_path="test", permissions=["change"], icon="send")
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then send a real message and say what came back."""
        channel = get_object_or_404(Channel, pk=object_id)
        if request.method != "POST":
            frame = self.admin_site.each_context(request)
            context = {**frame, "title": f"Test {channel.name}", "channel": channel, "model_admin": self}
            return TemplateResponse(request, "admin/members/test_channel.html", context)
        self._send_test(request, channel)
        return redirect(reverse("admin:members_channel_change", args=[channel.pk]))

    def _send_test(self, request: HttpRequest, channel: Channel) -> None:
        subject = f"Test of the channel “{channel.name}”"
        body = f"{request.user} sent this from the federation's office, to see whether it arrives. Nothing is wrong."
        try:
            channels.send(channel.address, subject, body)
        except Undelivered as error:
            messages.error(request, f"The test message did not go out. {error}")
        else:
            messages.success(request, "The service took the test message. See whether it has arrived.")

    @display(description="Kind")
    def kind(self, channel: Channel) -> str:
        """The first word of its address, which is no secret."""
        return channel.address.partition("://")[0]

    @display(description="Last message")
    def last_sent(self, channel: Channel) -> SafeString | str:
        """When something last went out."""
        sent = channel.sent  # type: ignore[attr-defined]
        if sent is None:
            return "none yet"
        return format_html('<time datetime="{}">{}</time>', sent.isoformat(), f"{sent:%d %b %Y, %H:%M} UTC")

    @display(description="Trouble", empty_value="none")
    def last_trouble(self, channel: Channel) -> str | None:
        """Why the newest message did not go out."""
        return channel.trouble or None  # type: ignore[attr-defined]

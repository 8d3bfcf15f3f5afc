"""The outbox: every message of the portal, what became of it and why. Nothing is written or deleted here."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_replace
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from members.models import Notice
from members.services import mail, notices, readers

WORDS = {
    Notice.State.WAITING: ("◐", "waiting"),
    Notice.State.SENDING: ("◐", "being sent"),
    Notice.State.SENT: ("●", "sent"),
    Notice.State.FAILED: ("✕", "failed"),
    Notice.State.DROPPED: ("○", "dropped"),
    Notice.State.HELD: ("◔", "held for the weekly letter"),
}


@admin.register(Notice)
class NoticeAdmin(ModelAdmin):
    """Did they get it, and if not, why not?"""

    list_display = ("shown_subject", "shown_recipient", "shown_state", "shown_time", "shown_error")
    list_display_links = ("shown_subject",)
    list_filter = ("state", "kind", "channel")
    list_filter_submit = True
    search_fields = ("subject", "recipient", "occasion", "channel__name")
    list_select_related = ("channel",)
    list_per_page = 50
    show_full_result_count = False
    actions = ["send_again", "drop"]
    readonly_fields = ("shown_state", "shown_recipient", "shown_why", "shown_times", "tries", "error", "preview")
    fieldsets = (
        (None, {"fields": ("shown_state", "shown_recipient", "shown_why", "shown_times", "tries", "error")}),
        ("The message", {"fields": ("subject", "preview")}),
        ("How it is told from others", {"fields": ("kind", "occasion")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not by hand: the portal writes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """No message is edited; the permission is for sending again and dropping."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """Nobody: what was told stays known."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name that people know."""
        return super().changelist_view(request, {"title": "Outbox", **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        """Two pages more: a letter as it looks, and all that is known of a reader."""
        view = self.admin_site.admin_view
        return [
            path("reader/", view(self.reader), name="members_notice_reader"),
            path("<int:pk>/letter/", view(self.letter), name="members_notice_letter"),
            *super().get_urls(),
        ]

    @method_decorator(csp_replace(mail.SHOWN_ALONE))
    def letter(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The letter as mail programs show it, alone on a page where nothing of it can run."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponse(mail.shown_html(get_object_or_404(Notice, pk=pk, channel=None)))

    def reader(self, request: HttpRequest) -> HttpResponse:
        """Why did this person get, or not get, a letter?"""
        if not self.has_view_permission(request):
            raise PermissionDenied
        address = request.GET.get("address", "").strip().lower()
        context = {
            **self.admin_site.each_context(request),
            "title": "What does a reader get, and why?",
            "address": address,
            "reader": readers.of(address) if address else None,
        }
        return render(request, "admin/members/reader.html", context)

    @action(description="Send again what failed", permissions=["change"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Notice]) -> None:
        """Let the failed ones among those be tried afresh."""
        count = notices.send_again(chosen)
        messages.success(request, f"{count} will be tried again within seconds." if count else "None of those failed.")

    @action(description="Drop what waits", permissions=["change"])
    def drop(self, request: HttpRequest, chosen: QuerySet[Notice]) -> None:
        """Let the waiting ones among those not be sent."""
        count = notices.drop(chosen, why=f"Dropped by {request.user}.")
        messages.success(request, f"{count} will not be sent." if count else "None of those waits.")

    @display(description="Message", ordering="subject")
    def shown_subject(self, notice: Notice) -> str:
        """Its subject."""
        return notice.subject

    @display(description="To", ordering="recipient")
    def shown_recipient(self, notice: Notice) -> str:
        """An e-mail address, or a channel by its name."""
        if notice.channel:
            return f"channel {notice.channel}"
        return "a channel that was removed" if notice.is_for_a_channel else notice.recipient

    @display(description="State", ordering="state")
    def shown_state(self, notice: Notice) -> SafeString:
        """A shape and a word."""
        shape, word = WORDS[Notice.State(notice.state)]
        return format_html(
            '<span class="office-state office-notice-{}"><span aria-hidden="true">{}</span> {}</span>',
            notice.state,
            shape,
            word,
        )

    @display(description="When", ordering="created_at")
    def shown_time(self, notice: Notice) -> SafeString:
        """When it was sent, or when it is due."""
        at = notice.sent_at or notice.due_at
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{at:%d %b %Y, %H:%M} UTC")

    @display(description="Why not", empty_value="")
    def shown_error(self, notice: Notice) -> str | None:
        """What went wrong, as often as it was tried."""
        if not notice.error:
            return None
        return f"{notice.error} ({notice.tries} tries)" if notice.tries > 1 else notice.error

    @display(description="Why they get it")
    def shown_why(self, notice: Notice) -> str:
        """As the message says it."""
        return f"Because {notice.why}." if notice.why else "Not noted."

    @display(description="Times")
    def shown_times(self, notice: Notice) -> str:
        """From queueing to sending."""
        times = (("queued", notice.created_at), ("due", notice.due_at), ("sent", notice.sent_at))
        words = [f"{word} {at:%d %b %Y, %H:%M:%S}" for word, at in times if at]
        if notice.useful_until and not notice.sent_at:
            words.append(f"of use until {notice.useful_until:%d %b %Y, %H:%M}")
        return ", ".join(words) + " UTC"

    @display(description="As it reads")
    def preview(self, notice: Notice) -> SafeString:
        """The whole text, but for secrets."""
        text = format_html('<pre class="office-letter">{}</pre>', mail.shown(notice))
        if notice.is_for_a_channel:
            return text
        look = reverse("admin:members_notice_letter", args=[notice.pk])
        return text + format_html('<p><a href="{}">As mail programs show it</a></p>', look)

"""Tokens in the office: who has which, until when, what was written with them; and revoking. Nobody makes one here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from members.admin.writing import day, moment
from members.models import Token, TokenUse
from members.services import tokens

SHAPES = {"good": ("●", "works"), "expired": ("○", "expired"), "revoked": ("✕", "revoked")}
USES = 50


class Standing(admin.SimpleListFilter):
    """By where they are in their life."""

    title, parameter_name = "state", "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """The states."""
        return [(name, word) for name, (_, word) in SHAPES.items()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Token]) -> QuerySet[Token]:
        """Those in the chosen one."""
        now = timezone.now()
        chosen = {
            "good": Q(revoked_at=None, expires_at__gt=now),
            "expired": Q(revoked_at=None, expires_at__lte=now),
            "revoked": Q(revoked_at__isnull=False),
        }
        return rows.filter(chosen.get(self.value() or "", Q()))


class Looked(ModelAdmin):
    """What is looked at, and never made, edited or deleted by hand."""

    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        """The permission is for what the list offers to do."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        """Nobody: what was done stays understandable."""
        return False


@admin.register(Token)
class TokenAdmin(Looked):
    """Who may use the API with what."""

    list_display = ("shown_name", "shown_for", "shown_scopes", "shown_state", "shown_used", "shown_end")
    list_display_links = ("shown_name",)
    list_filter = (Standing, "member")
    search_fields = ("name", "prefix", "user__username", "user__first_name", "user__last_name", "member__name")
    list_select_related = ("user", "member")
    actions = ["revoke"]
    fields = ("shown_name", "prefix", "shown_for", "shown_scopes", "shown_state", "shown_times", "shown_uses")
    readonly_fields = fields

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under its name."""
        return super().changelist_view(request, {"title": "Tokens", **(extra_context or {})})

    @action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        """End those that still work, at once."""
        count = 0
        for row in chosen.good(timezone.now()):  # type: ignore[attr-defined]
            try:
                tokens.revoke(row, by=request.user)  # type: ignore[arg-type]
            except tokens.TokensError as error:
                messages.error(request, f"{row}: {error}")
            else:
                count += 1
        messages.success(request, f"{count} revoked: they open nothing any more." if count else "None of those works.")

    @display(description="Token", ordering="name")
    def shown_name(self, row: Token) -> SafeString:
        """What it is for, and how it begins."""
        return format_html('{} <code class="office-quiet">{}…</code>', row.name, row.prefix)

    @display(description="Acts for", ordering="user__username")
    def shown_for(self, row: Token) -> str:
        """A person, or a member's service account."""
        return f"{row.member} (service account)" if row.member else str(row.user)

    @display(description="For")
    def shown_scopes(self, row: Token) -> str:
        """What it may be used for."""
        return ", ".join(row.scopes)

    @display(description="State")
    def shown_state(self, row: Token) -> SafeString:
        """A shape and a word."""
        shape, word = SHAPES[row.standing(timezone.now())]
        return format_html('<span class="office-state"><span aria-hidden="true">{}</span> {}</span>', shape, word)

    @display(description="Last used", ordering="last_used_at")
    def shown_used(self, row: Token) -> SafeString | str:
        """When."""
        return moment(row.last_used_at) if row.last_used_at else "never"

    @display(description="Until", ordering="expires_at")
    def shown_end(self, row: Token) -> SafeString:
        """The day of its end."""
        return day(row.revoked_at or row.expires_at)

    @display(description="Times")
    def shown_times(self, row: Token) -> SafeString:
        """From its making to its end, and by whom."""
        times = [
            ("made", row.created_at, row.created_by),
            ("expires", row.expires_at, None),
            ("last used", row.last_used_at, None),
            ("revoked", row.revoked_at, row.revoked_by),
        ]
        lines = ((word, moment(at), f" by {by}" if by else "") for word, at, by in times if at)
        return format_html_join("", "<p>{} {}{}</p>", lines)

    @display(description="What was written with it")
    def shown_uses(self, row: Token) -> SafeString | str:
        """The newest, and the way to all of it."""
        uses = list(row.uses.all()[:USES])
        if not uses:
            return "Nothing yet. Reads are not kept."
        lines = format_html_join(
            "",
            "<li>{} <code>{} {}</code>: {}</li>",
            ((moment(each.at), each.method, each.path, each.status) for each in uses),
        )
        every = f"{reverse('admin:members_tokenuse_changelist')}?token__id__exact={row.pk}"
        return format_html(
            '<ul class="office-list">{}</ul><p><a class="office-link" href="{}">All</a></p>', lines, every
        )


@admin.register(TokenUse)
class TokenUseAdmin(Looked):
    """What programs wrote, and how it was answered: kept for a year."""

    list_display = ("shown_time", "shown_token", "method", "path", "status")
    list_display_links = None
    list_filter = ("method", "status")
    search_fields = ("path", "token__name", "token__prefix")
    list_select_related = ("token",)
    actions = None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under its name."""
        return super().changelist_view(request, {"title": "Written by programs", **(extra_context or {})})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Also those of one token."""
        return lookup == "token__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_view_permission(self, request: HttpRequest, obj: TokenUse | None = None) -> bool:
        """The list says all there is: no row has a page."""
        return obj is None and super().has_view_permission(request)

    @display(description="When", ordering="id")
    def shown_time(self, row: TokenUse) -> SafeString:
        """To the minute."""
        return moment(row.at)

    @display(description="Token", ordering="token__name")
    def shown_token(self, row: TokenUse) -> SafeString:
        """Which, and the way to it."""
        link = reverse("admin:members_token_change", args=[row.token_id])
        return format_html('<a class="office-link" href="{}">{}</a>', link, row.token.name)

"""The words of the public pages in the office."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import action, display

from foundation.markdown import render_markdown
from members.admin.records import RecordAdmin, RecordForm
from members.models import Text
from members.services import texts

PAGES = {
    Text.Part.MEMBERS: "members",
    Text.Part.HOW: "how-it-works",
    Text.Part.JOIN: "join",
    Text.Part.WAYS: "join",
    Text.Part.QUESTIONS: "join",
}


@admin.register(Text)
class TextAdmin(RecordAdmin):
    """What stands where. Nothing is deleted: an empty text is not shown."""

    form = RecordForm
    list_display = ("title", "part", "position", "shown_edited")
    list_filter = ("part",)
    search_fields = ("title", "body")
    list_per_page = 100
    ordering = ("part", "position", "id")
    fields = ("part", "position", "title", "body", "preview")
    readonly_fields = ("preview",)
    actions = ["restore"]

    def has_delete_permission(self, request: HttpRequest, obj: Text | None = None) -> bool:
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: Text, form: Any, change: bool) -> None:  # noqa: ANN401
        """Keep it, also through the next release."""
        by: Any = request.user
        if change:
            texts.edit(obj, form.record(), by=by, seen=form.cleaned_data["seen"] or None)
        else:
            obj.pk = texts.add(form.record(), by=by).pk

    def view_on_site(self, obj: Text) -> str:
        """The page it stands on."""
        return reverse(PAGES.get(Text.Part(obj.part), "home"))

    @action(description="Give back the words that came with the portal", permissions=["change"])
    def restore(self, request: HttpRequest, chosen: QuerySet[Text]) -> None:
        """Undo what maintainers wrote into these."""
        count = sum(texts.restore(text, by=request.user) for text in chosen)  # type: ignore[arg-type]
        own = len(chosen) - count
        messages.success(request, f"{count} have the words again that came with the portal.")
        if own:
            messages.warning(request, f"{own} are your own: no others came with the portal.")

    @display(description="Words")
    def shown_edited(self, text: Text) -> str:
        """Whose they are."""
        return f"yours, since {text.edited_at:%d %b %Y}" if text.edited_at else "as they came with the portal"

    @display(description="As it reads")
    def preview(self, text: Text) -> SafeString:
        """What visitors see, as it is saved now."""
        html = mark_safe(render_markdown(text.body))  # noqa: S308 It is cleaned.
        return format_html('<div class="office-said">{}</div>', html)

"""Ramps in the office: where each is, what happened, and the person's word: hold, go on, skip, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from foundation import reasons
from members.admin.records import HistoryAdmin
from routing.admin import pages
from routing.forms import ReasonForm
from routing.models import Ramp
from routing.services import ramps, weights
from routing.weight_forms import StopForm

SHAPES: Final = {"": "◐", "guard": "▲", "person": "○", "done": "●", "stopped": "✕", "superseded": "✕"}
VERBS: Final = ("hold", "resume", "skip", "stop")


@admin.register(Ramp)
class RampAdmin(HistoryAdmin):
    """They begin on the page of weights or when a hub comes in; here they are looked at and told what to do."""

    list_display = ("shown_hub", "shown_state", "shown_way", "shown_began", "shown_reason")
    list_display_links = ("shown_hub",)
    list_filter = ("outcome", "hub")
    list_filter_submit = True
    list_per_page = 50
    search_fields = ("reason", "hub__name", "hub__key")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses, and one for each word."""
        own = [
            path(
                f"<int:pk>/{verb}/",
                self.admin_site.admin_view(self.verb_view),
                {"verb": verb},
                name=f"routing_ramp_{verb}",
            )
            for verb in VERBS
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ramp]:
        """Ramps with their hubs and people."""
        return super().get_queryset(request).select_related("hub", "by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody here: a ramp begins with a change of a weight or of a state."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Ramp | None = None) -> bool:
        """Nobody: it is history."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One ramp: where it is, why, what comes, what happened."""
        pages.require(request, "routing.view_ramp")
        row = get_object_or_404(self.get_queryset(request), pk=pages.number(object_id))
        context = {
            "row": row,
            "shape": SHAPES[row.outcome or row.held],
            "word": _word(row),
            "steps": _steps(row),
            "left": ramps.said_minutes(max(1, round(row.minutes_left))),
            "events": row.events.select_related("by"),
            "may_change": self.has_change_permission(request, row),
        }
        return pages.page(self, request, "admin/routing/ramp.html", f"Ramp of {row.hub.name}", context)

    def verb_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Say what it means, ask why where that matters, do it."""
        pages.require(request, "routing.change_ramp")
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        form = FORMS[verb](request.POST or None)
        ask = pages.Confirmation(
            title=f"{TITLES[verb]}: {row.hub.name}",
            form=form,
            yes=TITLES[verb],
            back=reverse("admin:routing_ramp_change", args=[row.pk]),
            sentences=(f"It is at {row.percent:g} % of its way to {weights.shown(row.to_weight)}.", MEANINGS[verb]),
            hidden={"place": row.place},
        )
        if request.method != "POST" or not form.is_valid():
            return ask.ask(self, request)
        try:
            DO[verb](row, {**form.cleaned_data, "place": request.POST.get("place")}, pages.who(request))
        except (weights.WeightsError, reasons.NoReason) as error:
            messages.error(request, f"Nothing was changed. {error}")
        else:
            messages.success(request, f"{row.hub.name}: {SAID[verb]}")
        return redirect(ask.back)

    @display(description="Hub", ordering="hub__name")
    def shown_hub(self, row: Ramp) -> str:
        """Its name."""
        return row.hub.name

    @display(description="State")
    def shown_state(self, row: Ramp) -> SafeString:
        """A shape and a word."""
        return format_html('<span aria-hidden="true">{}</span> {}', SHAPES[row.outcome or row.held], _word(row))

    @display(description="Way")
    def shown_way(self, row: Ramp) -> str:
        """From where to where, and how far it is."""
        way = f"{weights.shown(row.from_weight)} → {weights.shown(row.to_weight)}"
        return f"{way}, at {row.percent:g} %" if row.ended_at is None else way

    @display(description="Began", ordering="began_at")
    def shown_began(self, row: Ramp) -> SafeString:
        """When, and by whom."""
        return format_html("{}{}", pages.moment(row.began_at), f" by {row.by}" if row.by else "")

    @display(description="Reason", ordering="reason")
    def shown_reason(self, row: Ramp) -> SafeString:
        """Why."""
        return format_html('<span class="office-last">{}</span>', row.reason)


FORMS: Final[dict[str, type[forms.Form]]] = {
    "hold": ReasonForm,
    "resume": forms.Form,
    "skip": forms.Form,
    "stop": StopForm,
}
TITLES: Final = {"hold": "Hold it", "resume": "Let it go on", "skip": "Skip to the next step", "stop": "Stop the ramp"}
MEANINGS: Final = {
    "hold": "It stays at this step until a person lets it go on.",
    "resume": "Its guards look again, and the step goes on from where it was.",
    "skip": "It goes up one step at once, whatever its guards say; after the last step the hub has its full weight.",
    "stop": "The ramp ends, and the hub's weight is changed for good.",
}
SAID: Final = {
    "hold": "the ramp is held.",
    "resume": "the ramp goes on.",
    "skip": "the ramp went up a step.",
    "stop": "the ramp is stopped.",
}
DO: Final[dict[str, Callable[[Ramp, dict[str, Any], Any], Ramp]]] = {
    "hold": lambda row, values, by: ramps.hold(row, reason=values["reason"], by=by),
    "resume": lambda row, values, by: ramps.resume(row, by=by),
    "skip": lambda row, values, by: ramps.skip(row, by=by, place=pages.number(str(values["place"]))),
    "stop": lambda row, values, by: ramps.stop(row, reason=values["reason"], stay=values["stay"] == "stay", by=by),
}


def _word(row: Ramp) -> str:
    if row.outcome:
        return row.get_outcome_display()
    return {"": "on its way", "guard": "waits", "person": "held for a person"}[row.held]


def _steps(row: Ramp) -> list[dict[str, Any]]:
    """The steps with what is behind, here and ahead."""
    return [
        {
            "percent": percent,
            "lasts": ramps.said_minutes(minutes),
            "here": place == row.place and row.ended_at is None,
            "behind": place < row.place or row.outcome == Ramp.Outcome.DONE,
        }
        for place, (percent, minutes) in enumerate(row.steps)
    ]

"""Weights in the office: all hubs on one page, and the history of edits with a way back from each."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from foundation.zones import said
from members.models import User
from routing.admin import pages
from routing.admin.timed_pages import timed_page
from routing.forms import RAMP, ReasonForm, WeightsForm
from routing.models import Hub, Ramp, WeightChange
from routing.services import ramps, timed_changes, weight_history, weight_plans, weights, what_if, wording
from routing.weight_forms import UNTIL, HowForm

EDIT = "admin:routing_weightchange_add"
KEPT = ("weight-", "seen-", "reason")


@admin.register(WeightChange)
class WeightChangeAdmin(ModelAdmin):
    """To add weight changes is to edit the weights; the list is the history; nothing in it is changed or deleted."""

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses, the roll back of an edit, and what becomes of one that returns by itself."""
        undo, timed = self.admin_site.admin_view(self.undo_view), self.admin_site.admin_view(self.timed_view)
        return [
            path("<uuid:batch>/undo/", undo, name="routing_weightchange_undo"),
            path("<uuid:batch>/timed/", timed, name="routing_weightchange_timed"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: WeightChange | None = None) -> bool:
        """Nobody: it is history."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: WeightChange | None = None) -> bool:
        """Nobody: it is history."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The weights of all hubs on one page: look, preview, confirm, save."""
        pages.require(request, "routing.add_weightchange", "routing.view_hub")
        form = WeightsForm(Hub.objects.published().select_related("member"), request.POST or None)
        how = HowForm(request.POST or None, initial={"zone": pages.who(request).time_zone or "UTC"})
        valid = form.is_valid() and how.is_valid()
        if not valid or "preview" in request.POST:
            if "preview" in request.POST:
                form.errors.pop("reason", None)
            return self._edit_page(request, form, how)
        ask = self._confirmation(form, how)
        if not ask.is_confirmed(request):
            return ask.ask(self, request)
        return self._save(request, form, how)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The history, edit by edit; of one hub with `?hub=key`."""
        pages.require(request, "routing.view_weightchange")
        key = request.GET.get("hub", "").replace("\0", "?")
        hub = get_object_or_404(Hub, key=key) if key else None
        page, count = weight_history.page(request.GET.get("p", "1"), hub)
        title = f"History of {hub.name}'s weight" if hub else "History of weights"
        context = {"page": page, "count": count, "hub": hub, "may_undo": self.has_add_permission(request)}
        return pages.page(self, request, "admin/routing/history.html", title, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A single row says little: the way to its hub's history."""
        pages.require(request, "routing.view_weightchange")
        row = get_object_or_404(WeightChange.objects.select_related("hub"), pk=pages.number(object_id))
        return redirect(f"{pages.changelist('weightchange')}?hub={row.hub.key}")

    def timed_view(self, request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
        """What becomes of weights that are to return by themselves."""
        pages.require(request, "routing.add_weightchange", "routing.view_hub")
        return timed_page(self, request, batch)

    def undo_view(self, request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
        """Roll back one edit: show what that would do now, ask why, do it."""
        pages.require(request, "routing.add_weightchange", "routing.view_hub")
        found = weight_history.batches([batch])
        if not found:
            raise Http404("There is no such edit.")
        edit, before = found[0], weights.before(batch)
        hubs = list(Hub.objects.published())
        form = ReasonForm(request.POST or None, initial={"reason": f"roll back of “{edit.reason}”"[:400]})
        seen = _seen(request, hubs) if form.is_bound else {hub.pk: hub.weight for hub in hubs}
        ask = _undo_confirmation(edit, before, hubs, form, seen)
        if not form.is_valid() or not ask.is_confirmed(request):
            return ask.ask(self, request)
        try:
            weights.undo(batch, reason=form.cleaned_data["reason"], by=pages.who(request), seen=seen)
        except weights.WeightsError as error:
            messages.error(request, str(error))
            return redirect(request.path)
        messages.success(request, "Rolled back. Redirectors follow within two seconds.")
        return redirect(pages.changelist("weightchange"))

    def _confirmation(self, form: WeightsForm, how: HowForm) -> pages.Confirmation:
        rows = weights.preview(form.hubs, form.new())
        # One that is to come back, or by a ramp, is refused where something goes on already.
        moved = [] if how.cleaned_data["how"] in {UNTIL, RAMP} else [row.hub.pk for row in rows if row.moves]
        return pages.Confirmation(
            title="Really change the weights like this?",
            form=form,
            yes="Yes, change the weights",
            back=EDIT,
            warnings=[*weights.consequences(rows), *weight_plans.warnings(moved)],
            rows=[row for row in rows if row.moves or row.share != row.new_share],
            hidden={name: form.data[name] for name in form.data if name in how.fields or name.startswith(KEPT)},
        )

    def _save(self, request: HttpRequest, form: WeightsForm, how: HowForm) -> HttpResponse:
        try:
            happened = _change(form, how, pages.who(request))
        except weights.StaleEdit as error:
            # Shown again with what was typed beside what it is now; the next save knows what it replaces.
            messages.warning(request, f"{error}. Nothing was saved; what you typed is still here.")
            return self._edit_page(request, form, how, fresh=True)
        except weights.WeightsError as error:
            form.add_error(None, str(error))
            return self._edit_page(request, form, how)
        if happened:
            messages.success(request, happened)
        else:
            messages.info(request, "Nothing was changed: these are the weights already.")
        return redirect(EDIT)

    def _edit_page(self, request: HttpRequest, form: WeightsForm, how: HowForm, *, fresh: bool = False) -> HttpResponse:
        new = form.new() if form.is_bound else {}
        seen = form.seen() if form.is_bound and not fresh else {}
        rows = weights.preview(form.hubs, new)
        asked = "preview" in request.POST and not form.errors
        context = {
            "asked": asked,
            "what_if": what_if.ask(form.hubs, new) if asked else None,
            "form": form,
            "how": how,
            "how_open": bool(how.errors) or (how.is_bound and how.data.get("how") in {UNTIL, RAMP}),
            "timed": timed_changes.open_batches(),
            "ramps": Ramp.objects.open().select_related("hub"),
            "rows": [(row, form[f"weight-{row.hub.pk}"], seen.get(row.hub.pk, row.weight)) for row in rows],
            "changed": form.is_bound,
            "warnings": weights.consequences(rows),
        }
        return pages.page(self, request, "admin/routing/weights.html", "Weights", context)


def _change(form: WeightsForm, how: HowForm, by: User) -> str:
    """Do it in the way that was chosen; what happened, in words; empty for nothing."""
    new, reason, seen = form.new(), form.cleaned_data["reason"], form.seen()
    match how.cleaned_data["how"]:
        case "until":
            until = how.cleaned_data["until"]
            if timed_changes.change(new, until=until, reason=reason, by=by, seen=seen):
                return f"The weights are changed, and go back by themselves on {said(until)}."
        case "ramp":
            found = ramps.start_all(new, steps=how.cleaned_data["steps"], reason=reason, by=by, seen=seen)
            if found:
                names = wording.listed([ramp.hub.name for ramp in found])
                return f"The ramp has begun: {names} at {found[0].percent:g} % of the way up."
        case _:
            if weights.change(new, reason=reason, by=by, seen=seen):
                return "The weights are changed. Redirectors follow within two seconds."
    return ""


def _undo_confirmation(
    edit: weight_history.Batch, before: dict[int, Decimal], hubs: list[Hub], form: ReasonForm, seen: dict[int, Decimal]
) -> pages.Confirmation:
    rows = weights.preview(hubs, before)
    retired = [change.hub.name for change in edit.changes if change.hub_id not in before]
    sentences = [f"On {edit.at:%d %B %Y at %H:%M} UTC {edit.by or 'a program'} changed these weights: “{edit.reason}”."]
    sentences += [f"{name} is retired since then and keeps weight 0." for name in retired]
    return pages.Confirmation(
        title="Roll back an edit of weights",
        form=form,
        yes="Roll back",
        back=pages.changelist("weightchange"),
        sentences=sentences,
        warnings=[*weights.consequences(rows), *weight_plans.warnings(row.hub.pk for row in rows if row.moves)],
        rows=[row for row in rows if row.hub.pk in before],
        hidden={f"seen-{pk}": weight for pk, weight in seen.items()},
    )


def _seen(request: HttpRequest, hubs: list[Hub]) -> dict[int, Decimal]:
    return WeightsForm(hubs, request.POST).seen()

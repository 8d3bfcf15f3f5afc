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

from routing.admin import pages
from routing.forms import ReasonForm, WeightsForm
from routing.models import Hub, WeightChange
from routing.services import weight_history, weights

EDIT = "admin:routing_weightchange_add"


@admin.register(WeightChange)
class WeightChangeAdmin(ModelAdmin):
    """To add weight changes is to edit the weights; the list is the history; nothing in it is changed or deleted."""

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses, and the roll back of an edit."""
        undo = self.admin_site.admin_view(self.undo_view)
        return [path("<uuid:batch>/undo/", undo, name="routing_weightchange_undo"), *super().get_urls()]

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
        if not form.is_bound:
            return self._edit_page(request, form)
        if not form.is_valid() or "preview" in request.POST:
            if "preview" in request.POST:
                form.errors.pop("reason", None)
            return self._edit_page(request, form)
        ask = self._confirmation(form)
        if not ask.is_confirmed(request):
            return ask.ask(self, request)
        return self._save(request, form)

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

    def _confirmation(self, form: WeightsForm) -> pages.Confirmation:
        rows = weights.preview(form.hubs, form.new())
        return pages.Confirmation(
            title="Really change the weights like this?",
            form=form,
            yes="Yes, change the weights",
            back=EDIT,
            warnings=weights.consequences(rows),
            rows=[row for row in rows if row.weight != row.new_weight or row.share != row.new_share],
            hidden={name: form.data[name] for name in form.data if name.startswith(("weight-", "seen-", "reason"))},
        )

    def _save(self, request: HttpRequest, form: WeightsForm) -> HttpResponse:
        try:
            batch = weights.change(
                form.new(), reason=form.cleaned_data["reason"], by=pages.who(request), seen=form.seen()
            )
        except weights.StaleEdit as error:
            # Shown again with what was typed beside what it is now; the next save knows what it replaces.
            messages.warning(request, f"{error}. Nothing was saved; what you typed is still here.")
            return self._edit_page(request, form, fresh=True)
        except weights.WeightsError as error:
            form.add_error(None, str(error))
            return self._edit_page(request, form)
        if batch:
            messages.success(request, "The weights are changed. Redirectors follow within two seconds.")
        else:
            messages.info(request, "Nothing was changed: these are the weights already.")
        return redirect(EDIT)

    def _edit_page(self, request: HttpRequest, form: WeightsForm, *, fresh: bool = False) -> HttpResponse:
        new = form.new() if form.is_bound else {}
        seen = form.seen() if form.is_bound and not fresh else {}
        rows = weights.preview(form.hubs, new)
        context = {
            "form": form,
            "rows": [(row, form[f"weight-{row.hub.pk}"], seen.get(row.hub.pk, row.weight)) for row in rows],
            "changed": form.is_bound,
            "warnings": weights.consequences(rows),
        }
        return pages.page(self, request, "admin/routing/weights.html", "Weights", context)


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
        warnings=weights.consequences(rows),
        rows=[row for row in rows if row.hub.pk in before],
        hidden={f"seen-{pk}": weight for pk, weight in seen.items()},
    )


def _seen(request: HttpRequest, hubs: list[Hub]) -> dict[int, Decimal]:
    return WeightsForm(hubs, request.POST).seen()

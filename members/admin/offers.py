"""Offers of compute in the office: what is given, on whose bill, until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from foundation import reasons
from members.admin.records import RecordAdmin, RecordForm
from members.admin.writing import day
from members.models import ComputeOffer, Contact
from members.services import access, edits, offers

# Who pays is told so long before an offer ends that there is time to find another.
SOON = timedelta(days=60)
SHAPES = {"proposed": "◐", "accepted": "◐", "active": "●", "expired": "○", "declined": "✕"}


class OfferForm(RecordForm):
    """An offer; its contact is one of its member's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if "team_contact" in self.fields:
            own = Contact.objects.filter(member=self.instance.member_id)
            self.fields["team_contact"].queryset = own  # type: ignore[attr-defined]


class DeclineForm(forms.Form):
    """Why not."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget)


class EndsFilter(admin.SimpleListFilter):
    """By when they end."""

    title, parameter_name = "ends", "ends"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """What somebody has to do something about."""
        return [("soon", f"within {SOON.days} days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ComputeOffer]) -> QuerySet[ComputeOffer]:
        """Active ones."""
        if self.value() != "soon":
            return queryset
        return queryset.filter(state="active", ends__lte=timezone.now().date() + SOON)


@admin.register(ComputeOffer)
class OfferAdmin(RecordAdmin):
    """What members give. Maintainers accept or decline; days passing do the rest."""

    form = OfferForm
    list_display = ("title", "member", "shown_state", "provider", "concurrent_users", "cpu_cores", "shown_ends")
    list_filter = ("state", EndsFilter, "member")
    search_fields = ("title", "member__name", "grantor", "provider")
    list_select_related = ("member",)
    autocomplete_fields = ("member",)
    actions = ["accept"]
    actions_detail = ["accept_one", "decline_one"]
    fieldsets = (
        (None, {"fields": ("member", "title", "shown_state", "grantor", "team_contact")}),
        ("Money", {"fields": ("provider", "billing_account", ("amount", "currency"))}),
        ("Days", {"fields": (("starts", "ends"), "restrictions")}),
        ("Capacity", {"fields": (("cpu_cores", "memory_gib"), "concurrent_users", "regions")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: ComputeOffer | None = None) -> Any:  # noqa: ANN401
        """An offer stays with its member; its state has its own steps."""
        return ("shown_state", "member") if obj else ("shown_state", "team_contact")

    def has_delete_permission(self, request: HttpRequest, obj: ComputeOffer | None = None) -> bool:
        """Nobody: what was given stays known."""
        return False

    def save_model(self, request: HttpRequest, obj: ComputeOffer, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the same service as the member's own pages."""
        by: Any = request.user
        if change:
            offers.edit(obj, form.record(), by=by, seen=form.cleaned_data["seen"] or None)
        else:
            obj.pk = offers.propose(form.cleaned_data["member"], form.record(), by=by).pk

    @action(description="Accept", permissions=["change"])
    def accept(self, request: HttpRequest, chosen: QuerySet[ComputeOffer]) -> None:
        """Take those that were proposed."""
        done = sum(self._accept(request, offer) for offer in chosen.select_related("member"))
        messages.success(request, f"{done} accepted.")

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:  # noqa: ANN401
        """Maintainers."""
        return access.is_maintainer(request.user)

    @action(description="Accept", url_path="accept", permissions=["decide"], icon="check")
    def accept_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it."""
        offer = get_object_or_404(ComputeOffer, pk=object_id)
        if request.method != "POST":
            return self._ask(request, offer, "Accept it", forms.Form())
        if self._accept(request, offer):
            messages.success(request, f"“{offer}” is accepted.")
        return redirect(_page(offer))

    @action(description="Decline", url_path="decline", permissions=["decide"], icon="close")
    def decline_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say no, and why."""
        offer = get_object_or_404(ComputeOffer, pk=object_id)
        form = DeclineForm(request.POST or None)
        if not form.is_valid():
            return self._ask(request, offer, "Decline it", form)
        try:
            offers.decline(offer, reason=form.cleaned_data["reason"], by=request.user)  # type: ignore[arg-type]
        except (edits.EditError, reasons.NoReason) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"“{offer}” is declined.")
        return redirect(_page(offer))

    def _accept(self, request: HttpRequest, offer: ComputeOffer) -> bool:
        try:
            offers.accept(offer, by=request.user)  # type: ignore[arg-type]
        except edits.EditError as error:
            messages.error(request, f"“{offer}”: {error}")
            return False
        return True

    def _ask(self, request: HttpRequest, offer: ComputeOffer, yes: str, form: forms.Form) -> HttpResponse:
        frame = self.admin_site.each_context(request)
        context = {**frame, "title": f"{yes}: {offer}", "offer": offer, "yes": yes, "form": form, "model_admin": self}
        return TemplateResponse(request, "admin/members/decide_offer.html", {**context, "back": _page(offer)})

    @display(description="State", ordering="state")
    def shown_state(self, offer: ComputeOffer) -> SafeString:
        """A shape and a word."""
        return format_html('<span aria-hidden="true">{}</span> {}', SHAPES[offer.state], offer.get_state_display())

    @display(description="Ends", ordering="ends")
    def shown_ends(self, offer: ComputeOffer) -> SafeString | str:
        """Its last day."""
        return day(offer.ends) if offer.ends else "–"


def _page(offer: ComputeOffer) -> str:
    return reverse("admin:members_computeoffer_change", args=[offer.pk])

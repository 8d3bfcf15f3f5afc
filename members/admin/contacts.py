"""Contacts in the office: whom to call, and whether that is still right."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from members.admin.records import RecordForm, TableAdmin
from members.admin.tables import ContactResource
from members.admin.writing import day
from members.models import Contact
from members.services import contacts, reminders
from members.services.edits import EditError


def say_asked(request: HttpRequest, asked: int) -> None:
    """How many contacts get a letter."""
    if asked:
        messages.success(request, f"{asked} contact{'s get' if asked != 1 else ' gets'} a letter, once a day at most.")
    else:
        messages.warning(request, "Nobody to ask: contacts of members that take part are asked, and no others.")


class ContactForm(RecordForm):
    """A contact; its roles are chosen."""

    roles = forms.MultipleChoiceField(choices=Contact.Role.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget)


class RoleFilter(admin.SimpleListFilter):
    """By what they are for."""

    title, parameter_name = "role", "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """All of them."""
        return [(str(value), str(label)) for value, label in Contact.Role.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        """Those with the role."""
        return queryset.filter(roles__contains=[self.value()]) if self.value() else queryset


class FreshnessFilter(admin.SimpleListFilter):
    """By whether somebody said lately that they are right."""

    title, parameter_name = "still right?", "fresh"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """Asked by whoever works on them."""
        return [("no", "not checked for half a year"), ("unconfirmed", "address not confirmed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        """Of members that take part; past ones are asked no more."""
        match self.value():
            case "no":
                return queryset.filter(pk__in=contacts.stale(timezone.now()))
            case "unconfirmed":
                return queryset.filter(email_confirmed_at=None)
            case _:
                return queryset


@admin.register(Contact)
class ContactAdmin(TableAdmin):
    """Whom to call."""

    form = ContactForm
    resource_classes = [ContactResource]
    list_display = ("name", "member", "shown_roles", "email", "visibility", "shown_confirmed", "shown_checked")
    list_filter = (RoleFilter, FreshnessFilter, "visibility", "member__state")
    search_fields = ("name", "email", "chat", "member__name", "member__slug")
    list_select_related = ("member",)
    ordering = ("member__name", "position", "name")
    autocomplete_fields = ("member",)
    fields = ("member", "name", "roles", "email", "chat", "phone", "time_zone", "visibility", "position")
    actions = ["check_in", "still_right", "ask_to_confirm"]

    def get_readonly_fields(self, request: HttpRequest, obj: Contact | None = None) -> Any:  # noqa: ANN401
        """A contact does not move to another member."""
        return ("member",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:  # noqa: ANN401
        """By the same service as the member's own pages."""
        by: Any = request.user
        if change:
            contacts.edit(obj, form.record(), by=by, seen=form.cleaned_data["seen"] or None)
        else:
            added = contacts.add(form.cleaned_data["member"], form.record(), by=by)
            obj.pk = added.pk

    def delete_model(self, request: HttpRequest, obj: Contact) -> None:
        """But not the last one to call for a hub that is in use."""
        contacts.remove(obj, by=request.user)  # type: ignore[arg-type]

    def get_actions(self, request: HttpRequest) -> Any:  # noqa: ANN401
        """None are removed by the dozen."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    @action(description="Ask them now whether they are still right", permissions=["change"])
    def check_in(self, request: HttpRequest, chosen: QuerySet[Contact]) -> None:
        """By a letter with one button."""
        asked = reminders.check_in_now(chosen.select_related("member"), by=request.user)  # type: ignore[arg-type]
        say_asked(request, asked)

    @action(description="They are still right", permissions=["change"])
    def still_right(self, request: HttpRequest, chosen: QuerySet[Contact]) -> None:
        """Somebody asked them by another way."""
        self._each(request, chosen, contacts.still_right, "noted as still right today")

    @action(description="Ask again to confirm the address", permissions=["change"])
    def ask_to_confirm(self, request: HttpRequest, chosen: QuerySet[Contact]) -> None:
        """Those that have not."""
        open_ones = chosen.filter(email_confirmed_at=None).select_related("member")
        for contact in open_ones:
            contacts.ask_to_confirm(contact)
        messages.success(request, f"{len(open_ones)} get a letter with the link, at most one an hour.")

    def _each(self, request: HttpRequest, chosen: QuerySet[Contact], verb: Any, said: str) -> None:  # noqa: ANN401
        done = 0
        for contact in chosen.select_related("member"):
            try:
                verb(contact, by=request.user)
            except EditError as error:
                messages.error(request, f"{contact}: {error}")
            else:
                done += 1
        messages.success(request, f"{done} {said}.")

    @display(description="For")
    def shown_roles(self, contact: Contact) -> str:
        """In words."""
        return ", ".join(contact.role_labels)

    @display(description="Address confirmed", ordering="email_confirmed_at")
    def shown_confirmed(self, contact: Contact) -> SafeString | str:
        """When."""
        return day(contact.email_confirmed_at) if contact.email_confirmed_at else "not yet"

    @display(description="Last checked", ordering="checked_at")
    def shown_checked(self, contact: Contact) -> SafeString | str:
        """When somebody said that it is right."""
        return day(contact.checked_at) if contact.checked_at else "never"

"""Accounts and roles in the office."""

from __future__ import annotations

from typing import Any

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from allauth.socialaccount.admin import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.admin import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from members.admin.records import HistoryAdmin
from members.models import User
from members.seen_forms import SeenForm
from members.services import accounts

admin.site.unregister(Group)
# These belong to the account's own pages; here an account has one address, and its second factors can be taken away.
for each in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession):
    admin.site.unregister(each)


class AccountChangeForm(SeenForm, UserChangeForm):
    """An account; its address is kept in lower case."""

    def clean_email(self) -> str:
        """In lower case."""
        return str(self.cleaned_data["email"]).lower()


class KindFilter(admin.SimpleListFilter):
    """People, unless service accounts are asked for."""

    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """What else there is."""
        return [("service", "service accounts"), ("all", "people and service accounts")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Nobody logs in as a service account: it is not among the people."""
        if self.value() == "all":
            return queryset
        return queryset.filter(service=self.value() == "service")


@admin.register(User)
class UserAdmin(DjangoUserAdmin, HistoryAdmin):  # type: ignore[misc]  # Both take what the other leaves out.
    """Accounts: superusers only. A maintainer is one with staff status and the role "maintainers"."""

    form = AccountChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_staff", "roles")
    list_filter = (KindFilter, "is_active", "is_staff", "groups")
    add_fieldsets = ((None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),)
    actions = ["take_second_factors", "end_sessions"]

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """The old address logs nobody in any more."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data or not change:
            accounts.change_email(obj, obj.email, by=request.user)  # type: ignore[arg-type]

    @action(description="Take away second factors (the person lost theirs)", permissions=["change"])
    def take_second_factors(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """Let them log in without, once; whoever runs the federation has to set up a new one then."""
        count = accounts.take_second_factors(chosen)
        messages.success(request, f"{count} accounts have none any more and are logged out everywhere.")

    @action(description="Log out everywhere", permissions=["change"])
    def end_sessions(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """End all sessions of those accounts."""
        for user in chosen:
            accounts.end_sessions(user)
        messages.success(request, "They are logged out everywhere.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Accounts with their roles."""
        return super().get_queryset(request).prefetch_related("groups")

    @display(description="Roles")
    def roles(self, user: User) -> str:
        """By name."""
        names = [group.name for group in user.groups.all()]
        return ", ".join((["superuser"] if user.is_superuser else []) + names)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Roles, to be looked at: the code makes them (federation/roles.py), and would undo what is changed here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Nobody; who has a role is said in the account."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Nobody."""
        return False

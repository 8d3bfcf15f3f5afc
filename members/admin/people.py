"""Members, accounts and roles in the office."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from members.forms import MemberForm
from members.models import Member, User

admin.site.unregister(Group)


@admin.register(Member)
class MemberAdmin(ModelAdmin):
    """The organisations."""

    form = MemberForm
    list_display = ("name", "slug", "website", "hub_count")
    search_fields = ("name", "slug")
    ordering = ("name",)
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        """Members and how many hubs each has."""
        return super().get_queryset(request).annotate(number_of_hubs=Count("hubs"))

    @display(description="Hubs", ordering="number_of_hubs")
    def hub_count(self, member: Member) -> int:
        """How many hubs it gives."""
        return member.number_of_hubs  # type: ignore[attr-defined]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """Accounts: superusers only. A maintainer is one with staff status and the role "maintainers"."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_staff", "roles")
    list_filter = ("is_active", "is_staff", "groups")
    add_fieldsets = ((None, {"fields": ("username", "email", "password1", "password2")}),)

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
    """Roles. That of the maintainers is made by the code: see federation/roles.py."""

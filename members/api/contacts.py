"""Contacts: whom to call. Each says itself who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.callers import PeopleWrite, writer
from members.api.members import Seen
from members.api.problems import refused
from members.api.resources import Order, Record
from members.models import Contact, Member
from members.services import access, contacts, edits, visibility


class ContactRecord(Record):
    """A contact. What the caller may not see is not there."""

    id = serializers.IntegerField()
    member = serializers.CharField(help_text="The member's slug.")
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(Contact.Role.choices))
    email = serializers.CharField()
    chat = serializers.CharField()
    phone = serializers.CharField()
    time_zone = serializers.CharField()
    position = serializers.IntegerField(help_text="Who is called first: 1.")
    checked_at = serializers.DateTimeField(allow_null=True)
    visibility = serializers.ChoiceField(Contact.Visibility.choices)
    email_confirmed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ContactEdit(Order):
    """Fields of a contact."""

    name = serializers.CharField(required=False, max_length=200)
    roles = serializers.ListField(
        child=serializers.ChoiceField(Contact.Role.choices), required=False, allow_empty=False, max_length=5
    )
    email = serializers.EmailField(required=False, max_length=254)
    chat = serializers.CharField(required=False, allow_blank=True, max_length=300)
    phone = serializers.CharField(required=False, allow_blank=True, max_length=40)
    time_zone = serializers.CharField(required=False, allow_blank=True, max_length=64)
    visibility = serializers.ChoiceField(Contact.Visibility.choices, required=False)
    position = serializers.IntegerField(required=False, min_value=1, max_value=1000)


class NewContact(ContactEdit):
    """A contact to add."""

    member = serializers.CharField(max_length=63, help_text="The member's slug.")
    name = serializers.CharField(max_length=200)
    roles = serializers.ListField(child=serializers.ChoiceField(Contact.Role.choices), allow_empty=False, max_length=5)
    email = serializers.EmailField(max_length=254)


class NoOrder(Order):
    """Nothing more needs to be said."""


class ContactFilter(filters.FilterSet):
    """Of contacts."""

    member = filters.CharFilter("member__slug", help_text="A member's slug.")
    role = filters.ChoiceFilter("roles", choices=Contact.Role.choices, method="with_role")
    visibility = filters.ChoiceFilter(choices=Contact.Visibility.choices)

    class Meta:
        model = Contact
        fields = ("member", "role", "visibility")

    def with_role(self, rows: QuerySet[Contact], _name: str, role: str) -> QuerySet[Contact]:
        """Those that are there for this."""
        return rows.filter(roles__contains=[role])


class Contacts(Seen):
    """Whom to call, in the order of escalation."""

    queryset = Contact.objects.none()
    serializer_class = ContactRecord
    filterset_class = ContactFilter
    ordering_fields = ("id", "position", "name")
    ordering = ("id",)
    lookup_value_regex = "[0-9]{1,18}"
    traced = "contacts"
    permission_classes = (PeopleWrite,)
    scope = "members"

    def get_queryset(self) -> QuerySet[Contact]:
        """Those the caller sees."""
        return visibility.contacts(self.who).select_related("member")

    def once_seen(self, names: Sequence[str]) -> Iterable[Any]:
        """Those that chose to be seen by such a caller once."""
        rows = Contact.history.filter(id__in=names)
        if not self.who.maintainer:
            rows = rows.filter(Q(member_id__in=self.who.roles) | visibility.chosen_for(self.who))
        return rows.values_list("id", flat=True)

    def told(self, found: dict[str, Any]) -> dict[str, Any]:
        """Without the account."""
        found.pop("user", None)
        return super().told(found)

    def version(self, row: Contact) -> str:
        """Of the record."""
        return row.fingerprint

    @extend_schema(request=NewContact, responses={201: ContactRecord})
    def create(self, request: Request) -> Response:
        """Add one; the address gets a letter to confirm it."""
        wanted = self.order(NewContact)
        member = member_of(self.who, wanted.pop("member"))
        with _refused():
            row = contacts.add(member, wanted, by=writer(request))
        return self.shown(row, 201, Location=f"{request.path}{row.pk}/")

    @extend_schema(request=ContactEdit, responses=ContactRecord)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change one. A new address has to be confirmed anew."""
        row, wanted = self.get_object(), self.order(ContactEdit)
        self.require_fresh(row)
        with _refused():
            return self.shown(contacts.edit(row, wanted, by=writer(request), seen=row.fingerprint))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take one off the record. The last technical contact of a hub in use stays."""
        row = self.get_object()
        self.require_fresh(row)
        with _refused():
            contacts.remove(row, by=writer(request))
        return Response(status=204)

    @extend_schema(request=NoOrder, responses=ContactRecord)
    @action(detail=True, methods=["post"], url_path="still-right")
    def still_right(self, request: Request, pk: str) -> Response:
        """Say that all of it is still right."""
        row = self.get_object()
        self.order(NoOrder)
        self.require_fresh(row)
        with _refused():
            return self.shown(contacts.still_right(row, by=writer(request)))


def member_of(who: visibility.Viewer, slug: str) -> Member:
    """The member of this slug that the caller may know of."""
    member = visibility.members(who).filter(slug=slug).first()
    if member is None:
        raise ValidationError({"member": ["There is no such member."]})
    return member


def _refused() -> Any:  # noqa: ANN401
    return refused(edits.EditError, conflict=contacts.LastOne, stale=edits.Stale, forbidden=access.NotAllowed)

"""Offers of compute: what members give, on whose bill, from when until when."""

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

from foundation import reasons
from members.api.callers import PeopleWrite, writer
from members.api.contacts import NoOrder, member_of
from members.api.members import Seen
from members.api.problems import refused
from members.api.resources import Order, Record
from members.models import ComputeOffer, Contact, Member
from members.services import access, edits, offers, visibility

MOST: int = 2_147_483_647


class OfferRecord(Record):
    """An offer. What the caller may not see is not there."""

    id = serializers.IntegerField()
    member = serializers.CharField(help_text="The member's slug.")
    title = serializers.CharField()
    state = serializers.ChoiceField(ComputeOffer.State.choices)
    grantor = serializers.CharField()
    provider = serializers.CharField()
    team_contact = serializers.IntegerField(allow_null=True, help_text="The contact's number.")
    billing_account = serializers.CharField()
    amount = serializers.DecimalField(12, 2, allow_null=True, coerce_to_string=True)
    currency = serializers.CharField()
    starts = serializers.DateField(allow_null=True)
    ends = serializers.DateField(allow_null=True, help_text="Its last day; none: it goes on.")
    restrictions = serializers.CharField()
    cpu_cores = serializers.IntegerField(allow_null=True)
    memory_gib = serializers.IntegerField(allow_null=True)
    concurrent_users = serializers.IntegerField(allow_null=True)
    regions = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


def _number() -> serializers.IntegerField:
    return serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MOST)


class OfferEdit(Order):
    """Fields of an offer."""

    title = serializers.CharField(required=False, max_length=200)
    grantor = serializers.CharField(required=False, allow_blank=True, max_length=200)
    provider = serializers.CharField(required=False, allow_blank=True, max_length=200)
    team_contact = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**62)
    billing_account = serializers.CharField(required=False, allow_blank=True, max_length=200)
    amount = serializers.DecimalField(12, 2, required=False, allow_null=True, min_value=0, coerce_to_string=True)
    currency = serializers.RegexField(r"^[A-Z]{3}\Z", required=False, allow_blank=True)
    starts = serializers.DateField(required=False, allow_null=True)
    ends = serializers.DateField(required=False, allow_null=True)
    restrictions = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    cpu_cores = _number()
    memory_gib = _number()
    concurrent_users = _number()
    regions = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=50)


class NewOffer(OfferEdit):
    """An offer to make."""

    member = serializers.CharField(max_length=63, help_text="The member's slug.")
    title = serializers.CharField(max_length=200)


class Declined(Order):
    """Why not."""

    reason = serializers.CharField(max_length=500)


class OfferFilter(filters.FilterSet):
    """Of offers."""

    member = filters.CharFilter("member__slug", help_text="A member's slug.")
    state = filters.ChoiceFilter(choices=ComputeOffer.State.choices)

    class Meta:
        model = ComputeOffer
        fields = ("member", "state")


class Offers(Seen):
    """What members give. Proposed by their editors, accepted by maintainers, active from first day to last."""

    queryset = ComputeOffer.objects.none()
    serializer_class = OfferRecord
    filterset_class = OfferFilter
    ordering_fields = ("id",)
    ordering = ("id",)
    lookup_value_regex = "[0-9]{1,18}"
    traced = "offers"
    permission_classes = (PeopleWrite,)
    scope = "members"

    def get_queryset(self) -> QuerySet[ComputeOffer]:
        """Those the caller sees."""
        return visibility.offers(self.who).select_related("member", "team_contact")

    def once_seen(self, names: Sequence[str]) -> Iterable[Any]:
        """Those that were given once, and those of their own members."""
        rows = ComputeOffer.history.filter(id__in=names)
        if not self.who.maintainer:
            rows = rows.filter(Q(member_id__in=self.who.roles) | Q(state__in=visibility.GIVEN))
        return rows.values_list("id", flat=True)

    def told(self, found: dict[str, Any]) -> dict[str, Any]:
        """With numbers for rows, and money as text."""
        if "team_contact" in found:
            found["team_contact"] = found["team_contact"] and found["team_contact"].pk
        if found.get("amount") is not None:
            found["amount"] = f"{found['amount']:.2f}"
        return super().told(found)

    def version(self, row: ComputeOffer) -> str:
        """Of the record, and of what was decided."""
        return f"{row.fingerprint}-{row.state}"

    @extend_schema(request=NewOffer, responses={201: OfferRecord})
    def create(self, request: Request) -> Response:
        """Propose one."""
        wanted = self.order(NewOffer)
        member = member_of(self.who, wanted.pop("member"))
        with _refused():
            row = offers.propose(member, _with_contact(wanted, member), by=writer(request))
        return self.shown(row, 201, Location=f"{request.path}{row.pk}/")

    @extend_schema(request=OfferEdit, responses=OfferRecord)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change one."""
        row, wanted = self.get_object(), self.order(OfferEdit)
        self.require_fresh(row)
        with _refused():
            changed = offers.edit(row, _with_contact(wanted, row.member), by=writer(request), seen=row.fingerprint)
        return self.shown(changed)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take back one that nobody has accepted yet."""
        row = self.get_object()
        self.require_fresh(row)
        with _refused():
            offers.withdraw(row, by=writer(request))
        return Response(status=204)

    @extend_schema(request=NoOrder, responses=OfferRecord)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Take it. For maintainers."""
        row = self.get_object()
        self.order(NoOrder)
        self.require_fresh(row)
        with _refused():
            return self.shown(offers.accept(row, by=writer(request)))

    @extend_schema(request=Declined, responses=OfferRecord)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Say no, and why. For maintainers."""
        row, wanted = self.get_object(), self.order(Declined)
        self.require_fresh(row)
        with _refused():
            return self.shown(offers.decline(row, reason=wanted["reason"], by=writer(request)))


def _with_contact(wanted: dict[str, Any], member: Member) -> dict[str, Any]:
    number = wanted.get("team_contact")
    if number is None:
        return wanted
    contact = Contact.objects.filter(pk=number, member=member).first()
    if contact is None:
        raise ValidationError({"team_contact": ["The member has no such contact."]})
    return {**wanted, "team_contact": contact}


def _refused() -> Any:  # noqa: ANN401
    return refused(
        edits.EditError,
        conflict=offers.Decided,
        stale=edits.Stale,
        forbidden=access.NotAllowed,
        field=reasons.NoReason,
    )

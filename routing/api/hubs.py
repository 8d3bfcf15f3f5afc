"""Hubs: how they are, why each gets its traffic, and what people may do with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from members.api.callers import MaintainersWrite, PeopleWrite, writer
from members.api.problems import refused
from members.api.resources import Resource, version_of
from members.models import Member
from members.services import access
from routing.api.downtime_fields import DowntimeRecord, Drain, Undrain, told
from routing.api.hub_fields import HubEdit, HubRecord, NewHub, NewPrime, NewState, Wish, WishRecord, described
from routing.models import Hub
from routing.models.hubs import RECORD
from routing.services import downtimes, hubs, overview, proposals, weights

PROMISES: Final = (*RECORD, "weight", "state", "prime")


class HubFilter(filters.FilterSet):
    """Of hubs."""

    member = filters.CharFilter("member__slug", help_text="A member's slug.")
    state = filters.ChoiceFilter(choices=Hub.State.choices)
    prime = filters.BooleanFilter()

    class Meta:
        model = Hub
        fields = ("member", "state", "prime")


class Hubs(Resource):
    """Hubs: `effective_weight` is `weight` times `factors`, each with its reason. Retired ones are listed too."""

    queryset = Hub.objects.order_by("key")
    serializer_class = HubRecord
    filterset_class = HubFilter
    ordering_fields = ("key", "name", "weight")
    ordering = ("key",)
    lookup_field = "key"
    traced = "hubs"
    lookup_value_regex = "[a-z0-9-]{1,63}"
    permission_classes = (MaintainersWrite,)
    scope = "hubs"

    def get_queryset(self) -> QuerySet[Hub]:
        """A list needs just to know which: all else is read with the factors."""
        rows = Hub.objects.order_by("key")
        return rows.values("pk", "key", "name", "weight") if self.action == "list" else rows  # type: ignore[return-value]

    def represent(self, rows: Iterable[Hub | dict[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Every hub with the factors of this moment; the shares are those among all hubs."""
        now, wanted = overview.read(), self.wanted_fields()
        known, asked = {each.hub.pk: each for each in now.hubs}, [_number(row) for row in rows]
        gone = Hub.objects.select_related("member", "health").filter(pk__in=[pk for pk in asked if pk not in known])
        known |= {hub.pk: overview.of_retired(hub, now.at, now.policy) for hub in gone}
        whole = [described(known[pk]) for pk in asked]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    def version(self, row: Hub) -> str:
        """Of the record and the promises; health is not part of it."""
        return version_of(row, *PROMISES)

    @extend_schema(request=NewHub, responses={201: HubRecord})
    def create(self, request: Request) -> Response:
        """Take in a hub, with its first weight."""
        wanted = self.order(NewHub)
        reason, weight = wanted.pop("reason"), wanted.pop("weight", Decimal(0))
        hub = Hub(**_with_addresses(_with_member(wanted)))
        with refused(hubs.HubsError, field=reasons.NoReason):
            hubs.add(hub, weight=weight, reason=reason, by=writer(request))
        return self.shown(hub, 201, Location=f"{request.path}{hub.key}/")

    @extend_schema(request=HubEdit, responses=HubRecord)
    def partial_update(self, request: Request, key: str) -> Response:
        """Change a hub's record. Weight, state and prime have ways of their own."""
        hub, wanted = self.get_object(), self.order(HubEdit)
        reason = wanted.pop("reason")
        self.require_fresh(hub)
        with refused(hubs.HubsError, stale=hubs.StaleHub, field=reasons.NoReason):
            edited = hubs.edit(hub, _with_member(wanted), reason=reason, by=writer(request), seen=hub.fingerprint)
        return self.shown(edited)

    @extend_schema(request=NewState, responses=HubRecord)
    @action(detail=True, methods=["post"], scope="weights")
    def state(self, request: Request, key: str) -> Response:
        """Put a hub into rotation, let it rest, or retire it, which also sets its weight to 0."""
        hub, wanted = self.get_object(), self.order(NewState)
        self.require_fresh(hub)
        with refused((hubs.HubsError, weights.WeightsError), field=reasons.NoReason):
            return self.shown(hubs.change_state(hub, wanted["state"], reason=wanted["reason"], by=writer(request)))

    @extend_schema(request=NewPrime, responses=HubRecord)
    @action(detail=True, methods=["post"], scope="weights")
    def prime(self, request: Request, key: str) -> Response:
        """Let a hub serve the federation's pages, in place of the one that does."""
        hub, wanted = self.get_object(), self.order(NewPrime)
        self.require_fresh(hub)
        with refused(hubs.HubsError, field=reasons.NoReason):
            return self.shown(hubs.make_prime(hub, reason=wanted["reason"], by=writer(request)))

    @extend_schema(request=Wish, responses={201: WishRecord})
    @action(detail=True, methods=["post"], scope="weights", permission_classes=[PeopleWrite])
    def wish(self, request: Request, key: str) -> Response:
        """Ask for another weight or limit, for the member's editors. What only lowers applies at once."""
        hub, wanted = self.get_object(), self.order(Wish)
        self.require_fresh(hub)
        reason, by = wanted["reason"], writer(request)
        with refused(
            (proposals.ProposalsError, hubs.HubsError, weights.WeightsError),
            forbidden=access.NotAllowed,
            field=reasons.NoReason,
        ):
            if "weight" in wanted:
                row = proposals.propose_weight(hub, wanted["weight"], reason=reason, by=by)
            else:
                row = proposals.propose_limit(hub, wanted["users"], reason=reason, by=by)
        return Response(WishRecord(row).data, status=201)

    @extend_schema(request=Drain, responses={201: DowntimeRecord})
    @action(detail=True, methods=["post"], scope="health", permission_classes=[PeopleWrite])
    def drain(self, request: Request, key: str) -> Response:
        """Emergency: no launches for this hub from now on, until a time or until somebody undrains it."""
        hub, wanted = self.get_object(), self.order(Drain)
        self.require_fresh(hub)
        with refused(
            downtimes.DowntimesError,
            conflict=downtimes.AlreadyDrained,
            forbidden=downtimes.NotAllowed,
            field=reasons.NoReason,
        ):
            row = downtimes.drain(hub, reason=wanted["reason"], until=wanted.get("until"), by=writer(request))
        return Response(told(row), status=201)

    @extend_schema(request=Undrain, responses=DowntimeRecord)
    @action(detail=True, methods=["post"], scope="health", permission_classes=[PeopleWrite])
    def undrain(self, request: Request, key: str) -> Response:
        """The emergency is over: launches come back step by step."""
        hub, wanted = self.get_object(), self.order(Undrain)
        self.require_fresh(hub)
        with refused(
            downtimes.DowntimesError,
            conflict=downtimes.Settled,
            forbidden=downtimes.NotAllowed,
            field=reasons.NoReason,
        ):
            row = downtimes.undrain(hub, reason=wanted.get("reason", ""), by=writer(request))
        return Response(told(row))


def _number(row: Hub | dict[str, Any]) -> int:
    return int(row["pk"] if isinstance(row, dict) else row.pk)


def _with_member(wanted: dict[str, Any]) -> dict[str, Any]:
    if "member" not in wanted:
        return wanted
    member = Member.objects.filter(slug=wanted["member"]).first()
    if member is None:
        raise ValidationError({"member": ["There is no such member."]})
    return {**wanted, "member": member}


def _with_addresses(wanted: dict[str, Any]) -> dict[str, Any]:
    url = wanted["url"].rstrip("/")
    return {
        **wanted,
        "url": url,
        **{name: wanted.get(name) or f"{url}/{name.removesuffix('_url')}" for name in ("health_url", "versions_url")},
    }


def hubs_of(keys: Iterable[str]) -> list[Hub]:
    """The hubs with these keys; ValidationError for one that is none."""
    wanted = set(keys)
    found = list(Hub.objects.filter(key__in=wanted).select_related("member"))
    unknown = sorted(wanted - {hub.key for hub in found})
    if unknown:
        raise ValidationError({"hubs": [f"There is no hub {key}." for key in unknown[:20]]})
    return found

"""Ramps: hubs that come up to their weight step by step, and what a person says to that: begin, hold, skip, stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from members.api.callers import MaintainersWrite, writer
from members.api.contacts import NoOrder
from members.api.problems import refused
from members.api.resources import Order, Record, Resource, version_of
from routing.api.hub_fields import Reasoned
from routing.api.weights import by_hub, weight_field
from routing.models import Hub, Ramp, RampEvent
from routing.services import ramps, weights


class StepField(serializers.Serializer[Any]):
    """A step: how much of the way up, and for how long if all is well."""

    percent = serializers.FloatField(min_value=0, max_value=100)
    minutes = serializers.FloatField(min_value=1, max_value=ramps.MINUTES_MOST)


class RampEventRecord(serializers.Serializer[Any]):
    """What happened to it."""

    at = serializers.DateTimeField()
    what = serializers.ChoiceField(RampEvent.What.choices)
    percent = serializers.FloatField()
    reason = serializers.CharField()


class RampRecord(Record):
    """A hub's way up to its weight. Its newest event first."""

    id = serializers.IntegerField()
    hub = serializers.CharField(help_text="The hub's key.")
    from_weight = serializers.FloatField()
    to_weight = serializers.FloatField()
    steps = StepField(many=True)
    place = serializers.IntegerField(help_text="At which step it is; the first one is 0.")
    percent = serializers.FloatField(help_text="How far it is on its way up.")
    part = serializers.FloatField(help_text="The part of its weight that counts now.")
    minutes_left = serializers.FloatField(help_text="Of this step, if all is well.")
    held = serializers.ChoiceField(
        ["", *Ramp.Held.values], help_text="Empty: it goes on. guard: until all is well. person: until it is resumed."
    )
    held_since = serializers.DateTimeField(allow_null=True)
    held_reason = serializers.CharField()
    setbacks = serializers.IntegerField()
    reason = serializers.CharField()
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(["", *Ramp.Outcome.values], help_text="Empty while it is on its way.")
    events = RampEventRecord(many=True)


class NewRamps(Reasoned):
    """Higher weights, to which the hubs come up step by step. All or none."""

    weights = serializers.DictField(child=weight_field(), allow_empty=False, help_text="By the hub's key.")
    steps = StepField(many=True, required=False, help_text="Rising; without them 1, 5, 25 and 50 %.")
    seen = serializers.DictField(
        child=weight_field(),
        required=False,
        help_text="The weights that this is based on: 412 if one is another by now.",
    )


class Skip(Order):
    """On to the next step."""

    place = serializers.IntegerField(
        required=False, min_value=0, max_value=100, help_text="Where it was seen: 409 if it is elsewhere by now."
    )


class Stop(Reasoned):
    """The end of it."""

    stay = serializers.BooleanField(
        default=False, help_text="Keep for good the weight it has come up to; else it gets back the one from before."
    )


class RampFilter(filters.FilterSet):
    """Of ramps."""

    hub = filters.CharFilter("hub__key", help_text="A hub's key.")
    open = filters.BooleanFilter("ended_at", "isnull")

    class Meta:
        model = Ramp
        fields = ("hub", "open")


class Ramps(Resource):
    """Ways up, and what happened on them. POST begins some."""

    queryset = Ramp.objects.none()
    serializer_class = RampRecord
    filterset_class = RampFilter
    ordering_fields = ("id",)
    ordering = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (MaintainersWrite,)
    scope = "weights"

    def get_queryset(self) -> QuerySet[Ramp]:
        """With their hubs and events."""
        return Ramp.objects.select_related("hub").prefetch_related("events")

    def represent(self, rows: Iterable[Ramp]) -> Sequence[Mapping[str, Any]]:
        """Each with its steps as they are written."""
        wanted = self.wanted_fields()
        names = set(RampRecord().get_fields()) if wanted is None else wanted
        return [{name: found for name, found in _told(row).items() if name in names} for row in rows]

    def version(self, row: Ramp) -> str:
        """Of where it stands; that time goes by is no change."""
        return version_of(row, "place", "held", "outcome")

    @extend_schema(request=NewRamps, responses={201: RampRecord(many=True)})
    def create(self, request: Request) -> Response:
        """Promise hubs more, and let them come up to it. None begins for a hub that has the weight already."""
        wanted = self.order(NewRamps)
        known = dict(Hub.objects.values_list("key", "pk"))
        new, seen = by_hub("weights", wanted["weights"], known), by_hub("seen", wanted.get("seen", {}), known)
        steps = tuple((each["percent"], each["minutes"]) for each in wanted.get("steps", ()))
        with _refused():
            begun = ramps.start_all(
                new, reason=wanted["reason"], by=writer(request), steps=steps or ramps.DEFAULT, seen=seen
            )
        rows = self.get_queryset().filter(pk__in=[row.pk for row in begun])
        return Response(self.represent(rows), status=201)

    @extend_schema(request=Reasoned, responses=RampRecord)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """Let it stay at this step until a person lets it go on."""
        row, wanted = self._fresh(), self.order(Reasoned)
        with _refused():
            ramps.hold(row, reason=wanted["reason"], by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=NoOrder, responses=RampRecord)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let it go on. Its guards look again."""
        row = self._fresh()
        self.order(NoOrder)
        with _refused():
            ramps.resume(row, by=writer(request))
        return self.shown(self.get_object())

    @extend_schema(request=Skip, responses=RampRecord)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        """Go to the next step now, whatever the guards say; after the last one it is done."""
        row, wanted = self._fresh(), self.order(Skip)
        with _refused():
            ramps.skip(row, by=writer(request), place=wanted.get("place"))
        return self.shown(self.get_object())

    @extend_schema(request=Stop, responses=RampRecord)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """End it, with the weight from before or the one it has come up to."""
        row, wanted = self._fresh(), self.order(Stop)
        with _refused():
            ramps.stop(row, reason=wanted["reason"], stay=wanted["stay"], by=writer(request))
        return self.shown(self.get_object())

    def _fresh(self) -> Ramp:
        row: Ramp = self.get_object()
        self.require_fresh(row)
        return row


def _told(row: Ramp) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in RampRecord().get_fields() if name not in {"hub", "steps", "events"}}
    return {
        **same,
        "hub": row.hub.key,
        "from_weight": float(row.from_weight),
        "to_weight": float(row.to_weight),
        "steps": [{"percent": percent, "minutes": minutes} for percent, minutes in row.steps],
        "events": [
            {"at": each.at, "what": each.what, "percent": each.percent, "reason": each.reason}
            for each in row.events.all()
        ],
    }


def _refused() -> Any:  # noqa: ANN401
    return refused(weights.WeightsError, conflict=ramps.Settled, stale=weights.StaleEdit, field=reasons.NoReason)

"""Weights: who changed which, when and why; and changing several at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from members.api.callers import MaintainersWrite, writer
from members.api.problems import refused
from members.api.resources import Record, Resource
from routing.api.hub_fields import Reasoned
from routing.models import MAX_WEIGHT, Hub, WeightChange
from routing.services import timed_changes, weights


class WeightChangeRecord(Record):
    """One hub's part of an edit; those that were changed together share `batch`."""

    id = serializers.IntegerField()
    batch = serializers.UUIDField()
    hub = serializers.CharField(source="hub.key", help_text="The hub's key.")
    at = serializers.DateTimeField()
    from_weight = serializers.FloatField()
    to_weight = serializers.FloatField()
    reason = serializers.CharField()


class WeightChanges(Record):
    """What was changed: nothing, if all hubs had these weights already."""

    batch = serializers.UUIDField(allow_null=True)
    changes = WeightChangeRecord(many=True)


def weight_field() -> serializers.DecimalField:
    """A weight as a caller may send it."""
    return serializers.DecimalField(max_digits=9, decimal_places=3, min_value=0, max_value=MAX_WEIGHT)


class NewWeights(Reasoned):
    """New weights, all or none of them."""

    weights = serializers.DictField(child=weight_field(), allow_empty=False, help_text="By the hub's key.")
    until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Then the hubs get back the weights of now, by themselves."
    )
    seen = serializers.DictField(
        child=weight_field(),
        required=False,
        help_text="The weights that the change is based on: 412 if one is another by now.",
    )


class WeightChangeFilter(filters.FilterSet):
    """Of weight changes."""

    hub = filters.CharFilter("hub__key", help_text="A hub's key.")
    batch = filters.UUIDFilter()
    since = filters.IsoDateTimeFilter("at", "gte")
    until = filters.IsoDateTimeFilter("at", "lt")

    class Meta:
        model = WeightChange
        fields = ("hub", "batch", "since", "until")


class WeightHistory(Resource):
    """Every change of a weight, for ever. POST changes weights."""

    queryset = WeightChange.objects.select_related("hub")
    serializer_class = WeightChangeRecord
    filterset_class = WeightChangeFilter
    ordering_fields = ("id",)
    ordering = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (MaintainersWrite,)
    scope = "weights"

    @extend_schema(request=NewWeights, responses={201: WeightChanges})
    def create(self, request: Request) -> Response:
        """Change weights, all or none."""
        wanted = self.order(NewWeights)
        known = dict(Hub.objects.values_list("key", "pk"))
        new, seen = by_hub("weights", wanted["weights"], known), by_hub("seen", wanted.get("seen", {}), known)
        why, by, until = wanted["reason"], writer(request), wanted.get("until")
        with refused(weights.WeightsError, stale=weights.StaleEdit, field=reasons.NoReason):
            if until is None:
                batch = weights.change(new, reason=why, by=by, seen=seen)
            else:
                batch = timed_changes.change(new, until=until, reason=why, by=by, seen=seen)
        rows = self.get_queryset().filter(batch=batch) if batch else []
        return Response({"batch": batch, "changes": self.represent(rows)}, status=201)


def by_hub(field: str, found: Mapping[str, Decimal], known: Mapping[str, int]) -> dict[int, Decimal]:
    """Weights by the hubs' primary keys; ValidationError for a key that is none."""
    unknown = {key: ["There is no such hub."] for key in found if key not in known}
    if unknown:
        raise ValidationError({field: unknown})
    return {known[key]: weight for key, weight in found.items()}

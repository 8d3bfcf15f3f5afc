"""What the checks found: every flip, the answers behind it, and how much of the time each hub was well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from members.api.resources import Record, Resource
from routing.models import Flip, HealthHour, HealthSample, Hub, LaunchTest
from routing.services import overview, uptime

NUMBER = "[0-9]{1,18}"


class FlipRecord(Record):
    """From here on this was known of the hub's health. Kept for ever."""

    id = serializers.IntegerField()
    hub = serializers.CharField(source="hub.key", help_text="The hub's key.")
    at = serializers.DateTimeField()
    to = serializers.ChoiceField(Flip.To.choices)
    reason = serializers.CharField()


class CheckRecord(Record):
    """One answer of one hub. Kept for a week."""

    id = serializers.IntegerField()
    hub = serializers.CharField(source="hub.key", help_text="The hub's key.")
    at = serializers.DateTimeField()
    evidence = serializers.CharField()
    answer_seconds = serializers.FloatField(allow_null=True)
    user_pods = serializers.IntegerField(allow_null=True)
    build_pods = serializers.IntegerField(allow_null=True)
    quota = serializers.IntegerField(allow_null=True)


class CheckHourRecord(Record):
    """One hour of the answers of one hub. Kept for ever."""

    id = serializers.IntegerField()
    hub = serializers.CharField(source="hub.key", help_text="The hub's key.")
    hour = serializers.DateTimeField()
    samples = serializers.IntegerField()
    good = serializers.IntegerField()
    answer_seconds_mean = serializers.FloatField(allow_null=True)
    answer_seconds_max = serializers.FloatField(allow_null=True)
    pods_max = serializers.IntegerField(allow_null=True)
    quota_min = serializers.IntegerField(allow_null=True)


class LaunchTestRecord(Record):
    """One launch that the portal made itself. Kept for ever."""

    id = serializers.IntegerField()
    hub = serializers.CharField(source="hub.key", help_text="The hub's key.")
    at = serializers.DateTimeField()
    spec = serializers.CharField()
    ok = serializers.BooleanField()
    seconds = serializers.FloatField(allow_null=True)
    message = serializers.CharField()


class InTime(filters.FilterSet):
    """Of what is found of hubs in the course of time."""

    hub = filters.CharFilter("hub__key", help_text="A hub's key.")
    since = filters.IsoDateTimeFilter("at", "gte")
    until = filters.IsoDateTimeFilter("at", "lt")


class FlipFilter(InTime):
    """Of flips."""

    to = filters.ChoiceFilter(choices=Flip.To.choices)

    class Meta:
        model = Flip
        fields = ("hub", "since", "until", "to")


class CheckFilter(InTime):
    """Of checks."""

    class Meta:
        model = HealthSample
        fields = ("hub", "since", "until")


class CheckHourFilter(InTime):
    """Of hours."""

    since = filters.IsoDateTimeFilter("hour", "gte")
    until = filters.IsoDateTimeFilter("hour", "lt")

    class Meta:
        model = HealthHour
        fields = ("hub", "since", "until")


class LaunchTestFilter(InTime):
    """Of test launches."""

    ok = filters.BooleanFilter()

    class Meta:
        model = LaunchTest
        fields = ("hub", "since", "until", "ok")


class Found(Resource):
    """What is only ever read, the newest first."""

    ordering_fields: Sequence[str] = ("id",)
    ordering: Sequence[str] = ("-id",)
    lookup_value_regex = NUMBER
    permission_classes = (AllowAny,)


class Flips(Found):
    """Every change of what is known of a hub's health."""

    queryset = Flip.objects.select_related("hub")
    serializer_class = FlipRecord
    filterset_class = FlipFilter
    ordering_fields = ("at", "id")
    ordering = ("-at",)


class Checks(Found):
    """The answers of hubs to the portal's checks, in the last week."""

    queryset = HealthSample.objects.select_related("hub")
    serializer_class = CheckRecord
    filterset_class = CheckFilter


class CheckHours(Found):
    """The answers of hubs to the portal's checks, hour by hour."""

    queryset = HealthHour.objects.select_related("hub")
    serializer_class = CheckHourRecord
    filterset_class = CheckHourFilter


class LaunchTests(Found):
    """Launches that the portal made itself."""

    queryset = LaunchTest.objects.select_related("hub")
    serializer_class = LaunchTestRecord
    filterset_class = LaunchTestFilter


class UptimeOfTime(serializers.Serializer[Any]):
    """A time: unknown and planned time counts neither way."""

    share = serializers.FloatField(allow_null=True, help_text="Serving ÷ (serving + out); none where nothing is known.")
    serving_seconds = serializers.FloatField()
    out_seconds = serializers.FloatField()
    planned_seconds = serializers.FloatField()
    unknown_seconds = serializers.FloatField()


class UptimeRecord(Record):
    """How much of the time a hub was well."""

    hub = serializers.CharField(help_text="The hub's key.")
    last_24h = UptimeOfTime()
    last_7d = UptimeOfTime()
    last_30d = UptimeOfTime()
    last_90d = UptimeOfTime()
    days = UptimeOfTime(many=True, help_text="The last 90 UTC days, the oldest first; of a single hub only.")


class UptimeFilter(filters.FilterSet):
    """Of uptimes."""

    hub = filters.CharFilter("key", help_text="A hub's key.")
    member = filters.CharFilter("member__slug", help_text="A member's slug.")

    class Meta:
        model = Hub
        fields = ("hub", "member")


class Uptimes(Resource):
    """How much of the time each hub was well, computed from flips; without retired hubs."""

    queryset = Hub.objects.published()
    serializer_class = UptimeRecord
    filterset_class = UptimeFilter
    ordering_fields = ("key",)
    ordering = ("key",)
    lookup_field = "key"
    lookup_value_regex = "[a-z0-9-]{1,63}"
    permission_classes = (AllowAny,)

    def represent(self, rows: Iterable[Hub]) -> Sequence[Mapping[str, Any]]:
        """Each hub's times."""
        now, wanted, asked = overview.read(), self.wanted_fields(), [row.pk for row in rows]
        live = {each.hub.pk: each for each in now.hubs}
        histories = overview.histories([live[pk] for pk in asked if pk in live], now.at)
        whole = [_uptime(live[pk].hub.key, histories[pk], days=self.detail) for pk in asked if pk in live]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]


def _uptime(key: str, history: overview.History, *, days: bool | None) -> dict[str, Any]:
    names = dict(zip(("last_24h", "last_7d", "last_30d", "last_90d"), overview.WINDOWS, strict=True))
    found: dict[str, Any] = {"hub": key, **{name: _time(history.windows[each]) for name, each in names.items()}}
    return {**found, "days": [_time(each) for each in history.days]} if days else found


def _time(found: uptime.Uptime) -> dict[str, float | None]:
    return {
        "share": found.share,
        "serving_seconds": found.serving,
        "out_seconds": found.out,
        "planned_seconds": found.planned,
        "unknown_seconds": found.unknown,
    }

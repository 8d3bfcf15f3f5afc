"""What is told of a hub, and what may be asked of one."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from members.api.resources import Order, Record
from routing.models import MAX_WEIGHT, Hub, HubProposal
from routing.models.hubs import MAX_USERS
from routing.services.overview import HubOverview


class Reasoned(Order):
    """Every change has a reason."""

    reason = serializers.CharField(max_length=500, help_text="Why. Everybody can read it in the history.")


class FactorRecord(serializers.Serializer[Any]):
    """What the weight is multiplied with, and why."""

    name = serializers.CharField()
    value = serializers.FloatField()
    reason = serializers.CharField()


class StatusRecord(serializers.Serializer[Any]):
    """What a hub is doing."""

    kind = serializers.ChoiceField(["serving", "limited", "resting", "trouble", "out", "unknown"])
    word = serializers.CharField()
    cause = serializers.CharField()
    reason = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class PodsRecord(serializers.Serializer[Any]):
    """How full it is, as it said last."""

    user = serializers.IntegerField(allow_null=True)
    build = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    quota = serializers.IntegerField(allow_null=True)


class LaunchSuccessRecord(serializers.Serializer[Any]):
    """Its share of launches that succeeded."""

    last_5m = serializers.FloatField(allow_null=True)
    last_1h = serializers.FloatField(allow_null=True)


class HubRecord(Record):
    """A hub."""

    key = serializers.CharField()
    name = serializers.CharField()
    member = serializers.CharField(help_text="The member's slug.")
    url = serializers.CharField()
    health_url = serializers.CharField()
    versions_url = serializers.CharField()
    prime = serializers.BooleanField()
    state = serializers.ChoiceField(Hub.State.choices)
    weight = serializers.FloatField(help_text="What it is promised.")
    effective_weight = serializers.FloatField(help_text="What it gets: weight × factors.")
    promised_share = serializers.FloatField()
    effective_share = serializers.FloatField()
    factors = FactorRecord(many=True)
    status = StatusRecord()
    checked_at = serializers.DateTimeField(allow_null=True)
    checks = serializers.DictField(child=serializers.BooleanField())
    pods = PodsRecord()
    answer_seconds = serializers.FloatField(allow_null=True)
    launch_success = LaunchSuccessRecord()
    versions = serializers.JSONField()
    versions_differ_since = serializers.DateTimeField(allow_null=True)
    certificate_expires = serializers.DateTimeField(allow_null=True)
    pod_headroom = serializers.IntegerField()
    headroom_percent = serializers.IntegerField(allow_null=True)
    check_period = serializers.FloatField(allow_null=True)
    ui_order = serializers.IntegerField()
    test_spec = serializers.CharField()
    created_at = serializers.DateTimeField()


class HubEdit(Reasoned):
    """Fields of a hub's record."""

    member = serializers.CharField(required=False, max_length=63, help_text="A member's slug.")
    name = serializers.CharField(required=False, max_length=100)
    url = serializers.CharField(required=False, max_length=300)
    health_url = serializers.CharField(required=False, max_length=300)
    versions_url = serializers.CharField(required=False, max_length=300)
    pod_headroom = serializers.IntegerField(required=False, min_value=0, max_value=100_000)
    headroom_percent = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100)
    check_period = serializers.FloatField(required=False, allow_null=True, min_value=1, max_value=86_400)
    ui_order = serializers.IntegerField(required=False, min_value=0, max_value=32_767)
    test_spec = serializers.CharField(required=False, allow_blank=True, max_length=300)


class NewHub(HubEdit):
    """A hub to take in."""

    key = serializers.CharField(max_length=63, help_text="For ever: it feeds the hash that sends repositories to hubs.")
    name = serializers.CharField(max_length=100)
    member = serializers.CharField(max_length=63, help_text="A member's slug.")
    url = serializers.CharField(max_length=300)
    weight = serializers.DecimalField(required=False, max_digits=9, decimal_places=3, min_value=0, max_value=MAX_WEIGHT)


class NewState(Reasoned):
    """Where a hub is to stand."""

    state = serializers.ChoiceField(Hub.State.choices)


class NewPrime(Reasoned):
    """Why it is to be the prime."""


class Wish(Reasoned):
    """Another weight, or at most so many users at the same time (null: as many as its quota allows): one of them."""

    weight = serializers.DecimalField(required=False, max_digits=9, decimal_places=3, min_value=0, max_value=MAX_WEIGHT)
    users = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=MAX_USERS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One thing at a time."""
        if len({"weight", "users"} & set(attrs)) != 1:
            raise serializers.ValidationError("Say either weight or users.")
        return attrs


class WishRecord(serializers.Serializer[Any]):
    """What a member would like for its hub, and what became of that."""

    id = serializers.IntegerField()
    hub = serializers.CharField(source="hub.key")
    what = serializers.ChoiceField(HubProposal.What.choices)
    weight = serializers.FloatField(allow_null=True)
    users = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    state = serializers.ChoiceField(HubProposal.State.choices)
    created_at = serializers.DateTimeField()


def described(each: HubOverview) -> dict[str, Any]:
    """A hub as `HubRecord` says; written out, because a list of a hundred is asked for often."""
    hub, health, state = each.hub, each.health, each.state
    return {
        "key": hub.key,
        "name": hub.name,
        "member": hub.member.slug,
        "url": hub.url,
        "health_url": hub.health_url,
        "versions_url": hub.versions_url,
        "prime": hub.prime,
        "state": hub.state,
        "weight": each.weight,
        "effective_weight": each.effective_weight,
        "promised_share": each.promised,
        "effective_share": each.share,
        "factors": [{"name": one.name, "value": one.value, "reason": one.reason} for one in each.factors],
        "status": {
            "kind": state.kind,
            "word": state.word,
            "cause": state.cause,
            "reason": state.reason,
            "since": state.since,
            "until": state.until,
        },
        "checked_at": health.checked_at,
        "checks": health.checks,
        "pods": {
            "user": health.user_pods,
            "build": health.build_pods,
            "total": health.total_pods,
            "quota": health.quota,
        },
        "answer_seconds": health.answer_seconds,
        "launch_success": {"last_5m": health.launch_success_5m, "last_1h": health.launch_success_1h},
        "versions": health.versions,
        "versions_differ_since": health.skew_since,
        "certificate_expires": health.certificate_expires,
        "pod_headroom": hub.pod_headroom,
        "headroom_percent": hub.headroom_percent,
        "check_period": hub.check_period,
        "ui_order": hub.ui_order,
        "test_spec": hub.test_spec,
        "created_at": hub.created_at,
    }

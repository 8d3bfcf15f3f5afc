"""Webhooks: programs that are told of weight changes, flips, downtimes, incidents and members. For maintainers."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from members.api.callers import Maintainers, writer
from members.api.contacts import NoOrder
from members.api.problems import Conflict, refused
from members.api.resources import Order, Record, Resource
from members.services import edits
from routing.models import Delivery, Webhook
from routing.models.webhooks import EVENTS
from routing.services import webhooks


def _events(**how: Any) -> serializers.ListField:  # noqa: ANN401
    return serializers.ListField(child=serializers.ChoiceField(EVENTS), allow_empty=False, max_length=20, **how)


class WebhookRecord(Record):
    """A webhook."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(EVENTS))
    enabled = serializers.BooleanField()
    failing_since = serializers.DateTimeField(allow_null=True)
    switched_off_because = serializers.CharField()
    created_at = serializers.DateTimeField()


class NewWebhookRecord(WebhookRecord):
    """A new webhook, with the secret that signs what is sent: told this once."""

    secret = serializers.CharField()


class NewWebhook(Order):
    """Whom to tell of what."""

    name = serializers.CharField(max_length=100)
    url = serializers.CharField(max_length=500)
    events = _events()


class WebhookEdit(Order):
    """What is to be other."""

    name = serializers.CharField(max_length=100, required=False)
    url = serializers.CharField(max_length=500, required=False)
    events = _events(required=False)
    enabled = serializers.BooleanField(required=False)


class DeliveryRecord(Record):
    """One event for one webhook, and how far it is."""

    id = serializers.UUIDField(source="uid")
    webhook = serializers.IntegerField(source="webhook_id")
    event = serializers.CharField()
    state = serializers.ChoiceField(Delivery.State.choices)
    tries = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    due_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    body = serializers.CharField(help_text="What was sent.")


class Webhooks(Resource):
    """Who is told of events. Docs: docs/api.md says what is sent and how it is signed."""

    queryset = Webhook.objects.all()
    serializer_class = WebhookRecord
    ordering_fields = ("id", "name")
    ordering = ("id",)
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (Maintainers,)
    scope = "webhooks"
    secrets = ("secret",)

    def version(self, row: Webhook) -> str:
        """Of what people set."""
        return row.fingerprint

    @extend_schema(request=NewWebhook, responses={201: NewWebhookRecord})
    def create(self, request: Request) -> Response:
        """Set one up. The answer has its secret, this once."""
        wanted = self.order(NewWebhook)
        with refused(webhooks.WebhooksError, forbidden=webhooks.NotAllowed):
            row = webhooks.add(**wanted, by=writer(request))
        response = self.shown(row, 201, Location=f"{request.path}{row.pk}/")
        response.data["secret"] = row.secret
        return response

    @extend_schema(request=WebhookEdit, responses=WebhookRecord)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change one, or switch it on or off."""
        row, wanted = self.get_object(), self.order(WebhookEdit)
        self.require_fresh(row)
        with refused(edits.EditError, stale=edits.Stale, forbidden=webhooks.NotAllowed):
            return self.shown(webhooks.edit(row, wanted, by=writer(request), seen=row.fingerprint))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """End one."""
        row = self.get_object()
        self.require_fresh(row)
        with refused(webhooks.WebhooksError, forbidden=webhooks.NotAllowed):
            webhooks.remove(row, by=writer(request))
        return Response(status=204)

    @extend_schema(request=NoOrder, responses={202: DeliveryRecord})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Send it something, to see whether it arrives."""
        row = self.get_object()
        self.order(NoOrder)
        with refused(webhooks.WebhooksError, forbidden=webhooks.NotAllowed):
            delivery = webhooks.send_test(row, by=writer(request))
        return Response(DeliveryRecord(delivery).data, status=202)


class DeliveryFilter(filters.FilterSet):
    """Of deliveries."""

    webhook = filters.NumberFilter("webhook_id", max_value=2**62, min_value=0)
    state = filters.ChoiceFilter(choices=Delivery.State.choices)

    class Meta:
        model = Delivery
        fields = ("webhook", "state")


class Deliveries(Resource):
    """What webhooks were told in the last month, and what they answered."""

    queryset = Delivery.objects.all()
    serializer_class = DeliveryRecord
    filterset_class = DeliveryFilter
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)
    lookup_field = "uid"
    lookup_value_regex = "[0-9a-f-]{36}"
    permission_classes = (Maintainers,)
    scope = "webhooks"

    @extend_schema(request=NoOrder, responses={202: DeliveryRecord})
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, uid: str) -> Response:
        """Let one that failed be tried afresh."""
        row = self.get_object()
        self.order(NoOrder)
        with refused(webhooks.WebhooksError, forbidden=webhooks.NotAllowed):
            if not webhooks.send_again([row], by=writer(request)):
                raise Conflict(f"It is {row.get_state_display()}: only what failed is sent again.")
        return self.shown(self.get_object(), 202)

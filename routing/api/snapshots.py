"""Snapshots: every version that was published, and the way back to one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from members.api.callers import MaintainersWrite, writer
from members.api.problems import refused
from members.api.resources import Record, Resource
from routing.api.hub_fields import Reasoned
from routing.models import SnapshotVersion
from routing.services import hubs, publishing, rollbacks, weights


class SnapshotRecord(Record):
    """One version: what people decided. Written once, kept for ever."""

    version = serializers.IntegerField()
    digest = serializers.CharField()
    published_at = serializers.DateTimeField()
    reason = serializers.CharField()
    hub_count = serializers.IntegerField()
    document = serializers.JSONField(help_text="What redirectors were told; of a single version only.")


class RollBack(Reasoned):
    """Why."""


class Snapshots(Resource):
    """Every version of the routing table. The live one, with the factors of this moment, is at `/api/v1/snapshot/`."""

    queryset = SnapshotVersion.objects.all()
    serializer_class = SnapshotRecord
    ordering_fields = ("version",)
    ordering = ("-version",)
    lookup_value_regex = "[0-9]{1,18}"
    permission_classes = (MaintainersWrite,)
    scope = "weights"

    def represent(self, rows: Iterable[SnapshotVersion]) -> Sequence[Mapping[str, Any]]:
        """In a list without the documents."""
        wanted = self.wanted_fields()
        whole = [_told(row, document=bool(self.detail)) for row in rows]
        return whole if wanted is None else [{name: row[name] for name in row if name in wanted} for row in whole]

    @extend_schema(request=RollBack, responses=SnapshotRecord)
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: str) -> Response:
        """Restore what a version said, as a new version; the newest is the answer."""
        row, wanted = self.get_object(), self.order(RollBack)
        with refused((hubs.HubsError, weights.WeightsError), field=reasons.NoReason):
            rollbacks.roll_back(row, reason=wanted["reason"], by=writer(request))
        return self.shown(publishing.newest() or row)


def _told(row: SnapshotVersion, *, document: bool) -> dict[str, Any]:
    found = {
        "version": row.version,
        "digest": row.digest,
        "published_at": row.published_at,
        "reason": row.reason,
        "hub_count": row.hub_count,
    }
    return {**found, "document": json.loads(row.document)} if document else found

"""The history of weights, edit by edit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from django.core.paginator import Page, Paginator
from django.db.models import Max, Prefetch, QuerySet

from routing.models import Hub, WeightChange

if TYPE_CHECKING:
    from members.models import User

PER_PAGE = 25


@dataclass(frozen=True)
class Batch:
    """The hubs that were edited together: when, by whom (None for a program or somebody who left), why."""

    id: uuid.UUID
    at: datetime
    by: User | None
    reason: str
    changes: tuple[WeightChange, ...]


def page(number: str | int, hub: Hub | None = None) -> tuple[Page[Batch], int]:
    """One page of the edits (of one hub), the newest first, and how many there are. A fixed number of queries."""
    rows = WeightChange.objects.filter(hub=hub) if hub else WeightChange.objects.all()
    ids = rows.order_by().values("batch").annotate(newest=Max("id")).order_by("-newest").values_list("batch", flat=True)
    paginator = Paginator(ids, PER_PAGE)
    found = paginator.get_page(number)
    return Page(batches(list(found.object_list)), found.number, cast("Paginator[Batch]", paginator)), paginator.count


def batches(ids: Sequence[uuid.UUID]) -> list[Batch]:
    """These edits, in this order; ids that don't exist are left out."""
    rows: dict[uuid.UUID, list[WeightChange]] = {}
    changes = WeightChange.objects.filter(batch__in=ids).select_related("hub", "by").order_by("hub__name")
    for row in changes:
        rows.setdefault(row.batch, []).append(row)
    return [
        Batch(each, rows[each][0].at, rows[each][0].by, rows[each][0].reason, tuple(rows[each]))
        for each in ids
        if each in rows
    ]


def last_changes() -> Prefetch[str, QuerySet[WeightChange], str]:
    """To be prefetched with hubs: each hub's newest change, as the list `last_changes` of one or none."""
    newest = WeightChange.objects.order_by("hub_id", "-id").distinct("hub_id").select_related("by")
    return Prefetch("weight_changes", queryset=newest, to_attr="last_changes")

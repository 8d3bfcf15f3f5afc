"""What changed since: for copies that follow the portal without reading everything again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from members.models import Trace

# A transaction may become visible some time after the moment it notes: asking again for a while finds it.
OVERLAP: Final = timedelta(minutes=1)
MOST_GONE: Final = 1000
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


def changed(rows: QuerySet[Any], resource: str, column: str, since: datetime) -> QuerySet[Any]:
    """Those of the rows that were made or changed since; a minute's worth may come twice."""
    return rows.filter(**{f"{column}__in": _names(rows, resource, column, since)})


def gone(visible: QuerySet[Any], resource: str, column: str, since: datetime) -> list[dict[str, Any]]:
    """What is not among the visible rows any more, the newest first: deleted, or hidden from whoever asks."""
    traces = dict(Trace.objects.filter(resource=resource, at__gte=_from(since)).values_list("name", "at"))
    there = {str(name) for name in visible.filter(**{f"{column}__in": list(traces)}).values_list(column, flat=True)}
    found = sorted(((at, name) for name, at in traces.items() if name not in there), reverse=True)
    return [{"name": name, "at": at} for at, name in found[:MOST_GONE]]


def _from(since: datetime) -> datetime:
    return max(since, BEGINNING) - OVERLAP


def _names(rows: QuerySet[Any], resource: str, column: str, since: datetime) -> Sequence[Any]:
    names: Iterable[str] = Trace.objects.filter(resource=resource, at__gte=_from(since)).values_list("name", flat=True)
    field = rows.model._meta.get_field(column)
    return [field.to_python(name) for name in names]

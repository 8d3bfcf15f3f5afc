"""Everything that moved a hub's traffic, the newest first: who did what, what the checks found, what was announced.

Weight edits, flips, downtimes and incidents are one query of the database; state and prime come from comparing the
published versions, of which each page looks at a bounded number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import BigIntegerField, CharField, F, Func, JSONField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from routing.models import Downtime, Flip, Hub, Incident, RampEvent, Skew, SnapshotVersion, WeightChange
from routing.models.downtimes import DowntimeQuerySet

PAGE: Final = 30
# Documents are large and most versions say nothing new of one hub: a page looks at no more of them than this.
VERSIONS: Final = 40
# Stand in for the hub, the moment and the number of a cursor while its query is written; none can be one.
HUB: Final = -(2**40) - 1
AT: Final = datetime(1, 1, 1, 1, 1, 1, 1, tzinfo=UTC)
NUMBER: Final = -(2**40) - 2


@dataclass(frozen=True, order=True)
class Cursor:
    """A place in the timeline: entries are ordered by falling time, and by kind and number within one moment."""

    at: datetime
    kind: str = ""
    number: int = 0

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{self.kind}~{self.number}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor in an address; None for none and for what is no cursor."""
        try:
            at, kind, number = text.split("~")
            return cls(datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%f%z"), kind, int(number))
        except ValueError:
            return None


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `by` is a person's name, for those who may read it; empty for a program."""

    at: datetime
    kind: str
    number: int
    before: str = ""
    after: str = ""
    text: str = ""
    by: str = ""

    @property
    def cursor(self) -> Cursor:
        """Its place."""
        return Cursor(self.at, self.kind, self.number)


@dataclass(frozen=True)
class Page:
    """Some entries, and where the older ones begin; None when there are none."""

    entries: tuple[Entry, ...]
    older: Cursor | None


def page(hub: Hub, start: Cursor | None = None) -> Page:
    """The entries from a cursor on, in two queries."""
    cursor = start or Cursor(timezone.now())
    events = _events(hub, cursor)
    decisions, horizon = _decisions(hub, cursor)
    found = sorted([*events, *decisions], key=lambda each: (-each.at.timestamp(), each.kind, each.number))
    # What is older than the versions that were looked at might miss something: it belongs to the next page.
    known = [each for each in found if horizon is None or each.at > horizon]
    if len(known) > PAGE:
        return Page(tuple(known[:PAGE]), known[PAGE - 1].cursor)
    return Page(tuple(known), None if horizon is None else Cursor(horizon))


def _events(hub: Hub, cursor: Cursor) -> list[Entry]:
    sql, parameters = _statement(cursor.kind)
    now: dict[Any, Any] = {HUB: hub.pk, AT: cursor.at, NUMBER: cursor.number}
    with connection.cursor() as asked:
        asked.execute(sql, [now.get(each, each) if isinstance(each, (int, datetime)) else each for each in parameters])
        return [Entry(*row) for row in asked.fetchall()]


@lru_cache(maxsize=64)
def _statement(kind: str) -> tuple[str, tuple[Any, ...]]:
    """The query for the entries after a cursor of this kind, with HUB, AT and NUMBER where a question has its own.

    To write it takes longer than to answer it, so that each process does it once.
    """
    hub, cursor = Hub(pk=HUB), Cursor(AT, kind, NUMBER)
    sources = [
        _source("weight", WeightChange.objects.filter(hub=hub), "at", "from_weight", "to_weight", "reason", by=True),
        _source("ramp", RampEvent.objects.filter(ramp__hub=hub), "at", "percent", "what", "reason", by=True),
        _source("flip", Flip.objects.filter(hub=hub), "at", None, "to", "reason"),
        _source("skew", Skew.objects.filter(hub=hub), "since", None, None, "difference"),
        _source("skew over", Skew.objects.filter(hub=hub, until__isnull=False), "until", None, None, "difference"),
        *_of_downtimes(Downtime.objects.filter(hub=hub)),
        *_of_incidents(Incident.objects.public().filter(hubs=hub)),
    ]
    parts = [_from(cursor, kind, rows) for kind, rows in sources]
    rows = parts[0].union(*parts[1:], all=True).order_by("-moment", "kind", "number")[: PAGE + 1]
    sql, parameters = rows.query.sql_with_params()
    return sql, tuple(parameters)


Source = tuple[str, QuerySet[Any]]


def _of_downtimes(rows: DowntimeQuerySet) -> list[Source]:
    begun, cancelled = rows.standing(), rows.filter(cancelled_at__isnull=False)
    return [
        _source("planned", rows.filter(emergency=False), "created_at", "severity", None, "text", by=True),
        _source("drain", rows.filter(emergency=True), "starts_at", None, None, "text", by=True),
        _source("maintenance", begun.filter(emergency=False), "starts_at", "severity", None, "text"),
        _source("maintenance over", begun.filter(ends_at__isnull=False), "ends_at", "emergency", None, "text"),
        _source("cancelled", cancelled, "cancelled_at", None, None, "cancel_reason", by="cancelled_by"),
    ]


def _of_incidents(rows: QuerySet[Incident]) -> list[Source]:
    return [
        _source("incident", rows, "opened_at", None, None, "title", by=True),
        _source("incident over", rows.filter(resolved_at__isnull=False), "resolved_at", None, None, "title"),
    ]


def _source(
    kind: str, rows: QuerySet[Any], at: str, before: str | None, after: str | None, text: str, *, by: bool | str = False
) -> Source:
    """Rows of any model as entries: the same columns of the same types everywhere, so that they can be one query."""
    person = by if isinstance(by, str) else "by" if by else ""
    return kind, rows.order_by().annotate(
        moment=F(at),
        kind=Value(kind, CharField()),
        number=Cast("pk", BigIntegerField()),
        before=Cast(F(before), TextField()) if before else Value("", TextField()),
        after=Cast(F(after), TextField()) if after else Value("", TextField()),
        words=Cast(F(text), TextField()),
        person=_name(person) if person else Value("", TextField()),
    )


def _name(field: str) -> Func:
    """The person's full name, else the user name, else nothing: also when the person has left."""
    full = Concat(F(f"{field}__first_name"), Value(" "), F(f"{field}__last_name"))
    trimmed = Func(full, function="BTRIM", output_field=TextField())
    either = Func(trimmed, Value(""), function="NULLIF", output_field=TextField())
    return Func(either, F(f"{field}__username"), Value(""), function="COALESCE", output_field=TextField())


def _from(cursor: Cursor, kind: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows that come after the cursor, as many as a page may need."""
    here = Q(moment=cursor.at)
    if kind == cursor.kind:
        later = Q(moment__lt=cursor.at) | here & Q(number__gt=cursor.number)
    else:
        later = Q(moment__lt=cursor.at) | here if kind > cursor.kind else Q(moment__lt=cursor.at)
    columns = ("moment", "kind", "number", "before", "after", "words", "person")
    return rows.filter(later).order_by("-moment", "number").values_list(*columns)[: PAGE + 1]


def _decisions(hub: Hub, cursor: Cursor) -> tuple[list[Entry], datetime | None]:
    """What people decided of the hub's place, and the moment before which no version was looked at, if there is one."""
    rows = list(
        SnapshotVersion.objects.filter(published_at__lte=cursor.at)
        .order_by("-version")
        .annotate(said=_said_of(hub.key), person=_name("by"))
        .values_list("version", "published_at", "reason", "person", "said")[: VERSIONS + 1]
    )
    horizon = rows[-1][1] if len(rows) > VERSIONS else None
    older: Sequence[Any] = rows[1:] if horizon else [*rows[1:], (0, None, "", "", None)]
    found = [each for row, before in zip(rows, older, strict=False) for each in _changes(row, before[-1])]
    return [each for each in found if _comes_after(each, cursor)], horizon


def _comes_after(entry: Entry, cursor: Cursor) -> bool:
    return entry.at < cursor.at or (entry.at == cursor.at and (entry.kind, entry.number) > (cursor.kind, cursor.number))


def _said_of(key: str) -> Func:
    """What a document says of one hub, found by Postgres: only that leaves it."""
    path, variables = Value("$.hubs[*] ? (@.key == $key)"), Value({"key": key}, JSONField())
    return Func(
        Cast("document", JSONField()),
        Cast(path, _JsonPath()),
        variables,
        function="jsonb_path_query_first",
        output_field=JSONField(),
    )


class _JsonPath(TextField):  # type: ignore[type-arg]
    def cast_db_type(self, connection: object) -> str:
        return "jsonpath"


def _changes(row: tuple[Any, ...], before: dict[str, Any] | None) -> Iterator[Entry]:
    version, at, reason, person, after = row
    was, now = _state(before), _state(after)
    if was != now:
        yield Entry(at, "state", version, was, now, reason, person)
    if before and after and before.get("prime") != after.get("prime"):
        yield Entry(at, "prime", version, "", "yes" if after.get("prime") else "no", reason, person)


def _state(said: dict[str, Any] | None) -> str:
    """The state a version published the hub with; empty where it does not know it."""
    if said is None:
        return ""
    return next((str(each.get("reason")) for each in said.get("factors", ()) if each.get("name") == "state"), "active")

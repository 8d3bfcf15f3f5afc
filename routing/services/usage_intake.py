"""Take in what redirectors hand over: each batch once, whatever crashes or comes twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

import structlog
from django.db import connection, transaction
from django.utils import timezone

from routing.models import Hub, UsageRepository, UsageSource
from routing.services import broker
from routing.usage_batches import REDIS_USAGE, Batch, BatchError, decode

AT_ONCE: Final = 50
SECONDS_AT_MOST: Final = 30.0
LOCK: Final = 7_100_001  # of takers of batches, among Postgres' advisory locks: any number that nobody else uses
# A clock that is wrong by more than this puts its launches where nobody looks for them: they count as of now.
PAST: Final = timedelta(days=30)
FUTURE: Final = timedelta(minutes=5)
# Rows of one day: so many are kept while it lasts, and cut down to half when there are twice as many.
REPOSITORIES_A_DAY: Final = 4_000

ADD: Final = """
INSERT INTO {table} (at, hub_id, reason, launches)
SELECT * FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::bigint[])
    ON CONFLICT (at, hub_id, reason) DO UPDATE SET launches = {table}.launches + excluded.launches
"""
ADD_REPOSITORIES: Final = """
INSERT INTO routing_usagerepository (day, hub_id, repository, launches)
SELECT * FROM unnest(%s::date[], %s::bigint[], %s::text[], %s::bigint[])
    ON CONFLICT (day, hub_id, repository)
    DO UPDATE SET launches = routing_usagerepository.launches + excluded.launches
"""
KEEP_MOST: Final = """
DELETE FROM routing_usagerepository WHERE day = %s AND id IN (
    SELECT id FROM routing_usagerepository WHERE day = %s ORDER BY launches DESC, id OFFSET %s)
"""

Cells = Counter[tuple[datetime, int, str]]

log = structlog.get_logger(__name__)


def take_in() -> int:
    """Take all batches that wait in Redis; how many were new. None of them leaves Redis before it is in Postgres."""
    deadline = time.monotonic() + SECONDS_AT_MOST
    taken = 0
    try:
        while time.monotonic() < deadline:
            documents = cast("list[bytes]", broker.connection().lrange(REDIS_USAGE, 0, AT_ONCE - 1))
            if not documents:
                break
            new = keep(documents)
            if new is None:
                break
            taken += new
            with broker.connection().pipeline(transaction=False) as pipeline:
                for each in documents:
                    pipeline.lrem(REDIS_USAGE, 1, cast("Any", each))
                pipeline.execute()
    except broker.Away as error:
        log.warning("usage stays in Redis until it answers", error=type(error).__name__)
    return taken


@transaction.atomic
def keep(documents: Iterable[bytes]) -> int | None:
    """Write these batches down, those that are new; how many. None while somebody else is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
    batches = [batch for batch in map(_read, documents) if batch is not None]
    names = {batch.redirector for batch in batches}
    sources = {each.redirector: each for each in UsageSource.objects.filter(redirector__in=names)}
    hubs = dict(Hub.objects.values_list("key", "pk"))
    now = timezone.now()
    new = [batch for batch in batches if _is_new(batch, sources, hubs, now)]
    if new:
        _add_launches(new, hubs, now)
        _add_repositories(new, hubs, now)
    for source in sources.values():
        source.save()
    return len(new)


def _read(document: bytes) -> Batch | None:
    try:
        return decode(document)
    except BatchError as error:
        log.error("a batch of usage can't be read and is dropped", reason=str(error))
        return None


def _is_new(batch: Batch, sources: dict[str, UsageSource], hubs: Mapping[str, int], now: datetime) -> bool:
    """Whether it has not been counted; then its source knows of it from now on."""
    source = sources.get(batch.redirector)
    if source is None:
        # Where it was before we knew it, nobody can say.
        source = sources[batch.redirector] = UsageSource(redirector=batch.redirector, number=batch.number - 1)
    if batch.number <= source.number:
        return False
    source.missing += batch.number - source.number - 1
    source.number, source.seen_at, source.ended = batch.number, now, batch.last
    source.lost, source.interruptions = batch.lost, batch.interruptions
    source.launches += sum(number for *_, number in batch.launches)
    source.unknown += sum(number for _, hub, _, number in batch.launches if hub not in hubs)
    return True


def _add_launches(batches: Iterable[Batch], hubs: Mapping[str, int], now: datetime) -> None:
    minutes: Cells = Counter()
    for batch in batches:
        for at, hub, reason, number in batch.launches:
            if hub in hubs and number:
                minutes[_minute(at, now), hubs[hub], reason] += number
    hours: Cells = Counter()
    days: Cells = Counter()
    for (at, pk, reason), number in minutes.items():
        hours[at.replace(minute=0), pk, reason] += number
        days[at.replace(hour=0, minute=0), pk, reason] += number
    with connection.cursor() as cursor:
        for table, cells in (
            ("routing_usageminute", minutes),
            ("routing_usagehour", hours),
            ("routing_usageday", days),
        ):
            cursor.execute(ADD.format(table=table), _columns(cells, 4))


def _minute(at: datetime, now: datetime) -> datetime:
    at = at if now - PAST < at < now + FUTURE else now
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _add_repositories(batches: Iterable[Batch], hubs: Mapping[str, int], now: datetime) -> None:
    cells: Counter[tuple[date, int, str]] = Counter()
    for batch in batches:
        for day, hub, name, number in batch.repositories:
            if hub in hubs and number:
                cells[_day(day, now), hubs[hub], name] += number
    if not cells:
        return
    with connection.cursor() as cursor:
        cursor.execute(ADD_REPOSITORIES, _columns(cells, 4))
        for day in sorted({day for day, _, _ in cells}):
            if UsageRepository.objects.filter(day=day).count() > 2 * REPOSITORIES_A_DAY:
                cursor.execute(KEEP_MOST, [day, day, REPOSITORIES_A_DAY])


def _day(day: date, now: datetime) -> date:
    return day if (now - PAST).date() < day <= (now + FUTURE).date() else now.date()


def _columns(cells: Counter[Any], number: int) -> list[list[Any]]:
    """The cells as arrays, in one order for everybody."""
    rows = sorted((*key, launches) for key, launches in cells.items())
    return [[row[column] for row in rows] for column in range(number)]

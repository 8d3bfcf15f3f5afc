"""How the launches of hubs go: by their own counters every minute, and by a launch of our own now and then."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.utils import timezone

from foundation.outgoing import Client
from foundation.outgoing_errors import OutgoingError
from routing.launch_counts import LaunchCounts, NotMetrics, read
from routing.models import Hub, HubHealth, LaunchDay, LaunchMinute, LaunchTest, Policy

MAX_METRICS_BYTES: Final = 8 * 1024 * 1024
METRICS_SECONDS: Final = 10.0
# Five minutes are enough for an image that is there; what is tested should not have to be built.
TEST_SECONDS: Final = 300.0
MAX_EVENTS_BYTES: Final = 4 * 1024 * 1024
ENDS: Final = frozenset({"ready", "failed", "failure"})

logger = structlog.get_logger(__name__)


def read_counters() -> None:
    """Ask every hub for its counters, all at once, and keep what grew. A hub that does not say is left as it is."""
    hubs = list(Hub.objects.published())
    found = asyncio.run(_ask({hub.pk: f"{hub.url}/metrics" for hub in hubs}))
    now = timezone.now()
    for pk, counts in found.items():
        keep(pk, counts, now)
    forget(pk for pk in (hub.pk for hub in hubs) if pk not in found)


@transaction.atomic
def keep(hub: int, counts: LaunchCounts, now: datetime) -> None:
    """Take in the counters of one hub: what grew since they were read last belongs to this minute."""
    HubHealth.objects.get_or_create(hub_id=hub)
    health = HubHealth.objects.select_for_update().get(hub_id=hub)
    if health.launches_tried is not None and health.launches_succeeded is not None:
        grown = counts.since(LaunchCounts(health.launches_succeeded, health.launches_tried))
        minute = now.replace(second=0, microsecond=0)
        _add(LaunchMinute, grown, hub_id=hub, minute=minute)
        if grown.tried:
            _add(LaunchDay, grown, hub_id=hub, day=minute.astimezone(UTC).date())
    HubHealth.objects.filter(hub_id=hub).update(
        launches_succeeded=counts.succeeded,
        launches_tried=counts.tried,
        launch_success_5m=success(hub, now, timedelta(minutes=5)),
        launch_success_1h=success(hub, now, timedelta(hours=1)),
    )


def _add(table: type[LaunchMinute] | type[LaunchDay], grown: LaunchCounts, **slot: Any) -> None:  # noqa: ANN401
    table.objects.get_or_create(**slot)
    rows = table.objects.filter(**slot)
    rows.update(succeeded=F("succeeded") + grown.succeeded, tried=F("tried") + grown.tried)


def forget(hubs: Iterable[int]) -> None:
    """What these hubs said before is no news any more: their launch success is not known."""
    HubHealth.objects.filter(hub__in=list(hubs)).update(launch_success_5m=None, launch_success_1h=None)


def success(hub: int, now: datetime, window: timedelta) -> float | None:
    """Succeeded ÷ ended in the window, 0..1; None where nothing was launched."""
    rows = LaunchMinute.objects.filter(hub_id=hub, minute__gt=now - window, minute__lte=now)
    sums = rows.aggregate(succeeded=Sum("succeeded"), tried=Sum("tried"))
    return min(1.0, sums["succeeded"] / sums["tried"]) if sums["tried"] else None


async def _ask(urls: Mapping[int, str]) -> dict[int, LaunchCounts]:
    async with Client(allow_private=settings.ALLOW_PRIVATE_HUBS, max_bytes=MAX_METRICS_BYTES) as client:
        answers = await asyncio.gather(*(_counts(client, url) for url in urls.values()))
    return {pk: counts for pk, counts in zip(urls, answers, strict=True) if counts is not None}


async def _counts(client: Client, url: str) -> LaunchCounts | None:
    try:
        answer = await client.fetch(url, timeout=METRICS_SECONDS)
        # In a thread: the text of a busy hub is long, and the others wait for their answers.
        return await asyncio.to_thread(read, answer.body.decode()) if answer.status == 200 else None
    except (OutgoingError, NotMetrics, UnicodeDecodeError):
        return None


def test_hubs() -> None:
    """Make a launch at each hub that asks for it and had none for the policy's time; all at once."""
    minutes = Policy.objects.current().test_launch_minutes
    recent = LaunchTest.objects.filter(hub=OuterRef("pk"), at__gt=timezone.now() - timedelta(minutes=minutes))
    hubs = Hub.objects.published().exclude(test_spec="").exclude(Exists(recent))
    # The rows come first: whoever else looks now finds the hubs tested already, even if this process dies.
    tests = LaunchTest.objects.bulk_create(
        LaunchTest(hub=hub, spec=hub.test_spec, message="not finished") for hub in hubs
    )
    asyncio.run(_test_all(tests))
    LaunchTest.objects.bulk_update(tests, ["ok", "seconds", "message"])


async def _test_all(tests: list[LaunchTest]) -> None:
    async with Client(allow_private=settings.ALLOW_PRIVATE_HUBS) as client:
        await asyncio.gather(*(_test(client, test) for test in tests))


async def _test(client: Client, test: LaunchTest) -> None:
    test.ok, test.seconds, test.message = await launch(client, test.hub.url, test.spec)


async def launch(client: Client, hub_url: str, spec: str) -> tuple[bool, float, str]:
    """Launch something at a hub: whether that worked, in how many seconds, and if not, why.

    The event stream is read until it says how it ended; it is closed whatever comes.
    """
    began, ok, message = time.monotonic(), False, "the stream ended without a word on how"
    try:
        async with client.lines(f"{hub_url}/build/{spec}", timeout=TEST_SECONDS, max_bytes=MAX_EVENTS_BYTES) as lines:
            async for line in lines:
                phase, said = _event(line)
                if phase in ENDS:
                    ok, message = phase == "ready", "" if phase == "ready" else said[:500]
                    break
    except OutgoingError as error:
        message = error.reason[:500]
    return ok, time.monotonic() - began, message


def _event(line: str) -> tuple[str, str]:
    """The phase and message of a line of the stream; empty for anything else."""
    if not line.startswith("data:"):
        return "", ""
    try:
        data = json.loads(line.removeprefix("data:"))
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(data, dict):
        return "", ""
    return str(data.get("phase", "")), " ".join(str(data.get("message", "")).split())

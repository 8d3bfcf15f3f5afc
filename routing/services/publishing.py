"""Publish: turn the facts in Postgres into the snapshot that redirectors obey, and push it to them through Redis.

Decisions (weights, states, addresses, policy) become versions, kept for ever with who and why. The live snapshot is the
newest version with the factors of this moment (health, slow start, maintenance); it is written over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import structlog
from django.db import connection, transaction
from django.db.models import Prefetch
from django.utils import timezone

from routing import snapshot
from routing.models import Downtime, Hub, LiveSnapshot, Policy, SnapshotVersion
from routing.services import broker, factors, returns

if TYPE_CHECKING:
    from members.models import User

logger = structlog.get_logger(__name__)

# Postgres advisory locks: one writer of versions at a time, one of the live snapshot.
PUBLISH_LOCK: Final = 0x6665_6401
REDIS_TAG: Final = "federation:snapshot:tag"
REFRESH_LOCK: Final = 0x6665_6402


def publish_on_commit(reason: str, by: User | None) -> None:
    """Ask for a new version once the transaction is through. Every service that changes a published fact calls this.

    In a transaction of several services the first reason wins: the outermost verb asks first.
    """
    transaction.on_commit(partial(publish, reason, by), robust=True)


@transaction.atomic
def publish(reason: str, by: User | None = None, *, above: int = 0) -> SnapshotVersion | None:
    """Publish a new version if the facts differ from the newest one; None if they don't, or if there is no hub at all.

    Any number of processes may call this at once: equal versions never follow each other, and numbers only go up.
    With `above`, a number that is in use elsewhere, a version beyond it is published even if nothing changed.
    """
    _wait_for(PUBLISH_LOCK)
    newest = SnapshotVersion.objects.newest()
    number = newest.version if newest else 0
    facts = current(max(number, above) + 1)
    if newest and newest.digest == snapshot.digest(facts.content) and above <= number:
        return None
    if not facts.hubs:
        return None  # An empty snapshot is never published: redirectors would refuse it.
    version = _write(facts, reason, by)
    # In the same transaction, so that whoever sees the version sees the live snapshot of it.
    _wait_for(REFRESH_LOCK)
    _renewed(version.version)
    transaction.on_commit(refresh, robust=True)
    return version


def newest() -> SnapshotVersion | None:
    """The version in use."""
    return SnapshotVersion.objects.select_related("by").newest()


def current(version: int) -> snapshot.Snapshot:
    """What was decided, as the facts in Postgres say it now, as the snapshot of that number."""
    hubs = Hub.objects.published().order_by("key")
    return _snapshot(version, [hub.published(factors.decided(hub)) for hub in hubs])


def live(version: int) -> snapshot.Snapshot:
    """What redirectors are to obey at this moment: the decisions, with all factors of now."""
    now, policy = timezone.now(), Policy.objects.current()
    lead = timedelta(minutes=policy.drain_lead_minutes)
    drains = Prefetch("downtimes", Downtime.objects.taking_traffic(now, lead))
    hubs = Hub.objects.published().with_ramp().select_related("health").prefetch_related(drains).order_by("key")
    return _snapshot(version, [_live_hub(hub, policy, now) for hub in hubs])


def sweep() -> None:
    """Repair what was lost between a commit and Redis. Cheap when nothing was, and safe to run at any time."""
    publish("found changes that were not published yet")
    ahead = _version_in_redis()
    known = newest()
    if known and ahead > known.version:
        # The database was restored from a backup. Redirectors must not take our next version for an old one.
        publish(f"redirectors already had version {ahead}, which this database does not know", above=ahead)
    refresh()


@transaction.atomic
def refresh() -> bool:
    """Bring the live snapshot up to the factors of now, and Redis up to it, with a nudge. False while Redis is away.

    One process does this at a time, so that a slow one can't put an older document over a newer one.
    """
    _wait_for(REFRESH_LOCK)
    version = newest()
    return True if version is None else _push(_renewed(version.version))


def tag(row: LiveSnapshot) -> str:
    """What changes with every document: after a roll back an old content comes back as a new version."""
    return f"{row.version}-{row.digest}"


def tag_in_redis() -> str | None:
    """The tag of the document that redirectors were told last; None if Redis is away or does not know."""
    try:
        found = cast("bytes | None", broker.connection().get(REDIS_TAG))
    except broker.Away:
        return None
    return found.decode() if found else None


def newest_live() -> LiveSnapshot | None:
    """The document redirectors are to have."""
    return LiveSnapshot.objects.filter(pk=1).first()


def _renewed(version: int) -> LiveSnapshot:
    """The live row, written anew if the version or a factor is another."""
    facts, row = live(version), newest_live()
    if returns.note(row, facts):
        facts = live(version)
    digest = snapshot.digest(facts.content)
    if row is not None and (row.version, row.digest) == (version, digest):
        return row
    row = LiveSnapshot(
        pk=1,
        version=version,
        document=snapshot.encode(snapshot.check(facts)).decode(),
        digest=digest,
        published_at=datetime.fromtimestamp(facts.published_at, UTC),
    )
    row.save()
    return row


def _push(row: LiveSnapshot) -> bool:
    document = row.document.encode()
    try:
        redis = broker.connection()
        if redis.get(snapshot.REDIS_SNAPSHOT) != document:
            with redis.pipeline(transaction=True) as pipe:
                pipe.set(snapshot.REDIS_SNAPSHOT, document)
                pipe.set(REDIS_TAG, tag(row))
                pipe.publish(snapshot.REDIS_NUDGE, row.version)
                pipe.execute()
            logger.info("snapshot_pushed", version=row.version)
    except broker.Away as error:
        _redis_is_away(error)
        return False
    _redis_is_back()
    return True


def _live_hub(hub: Hub, policy: Policy, now: datetime) -> snapshot.Hub:
    found = factors.of(hub, hub.downtimes.all(), policy, now)
    return hub.published(found, factors.health_of(hub).checks)


def _snapshot(version: int, hubs: Sequence[snapshot.Hub]) -> snapshot.Snapshot:
    return snapshot.Snapshot(
        version=version,
        published_at=timezone.now().timestamp(),
        hubs=tuple(hubs),
        policy=Policy.objects.current().published,
    )


def _write(facts: snapshot.Snapshot, reason: str, by: User | None) -> SnapshotVersion:
    version = SnapshotVersion.objects.create(
        version=facts.version,
        document=snapshot.encode(snapshot.check(facts)).decode(),
        digest=snapshot.digest(facts.content),
        published_at=datetime.fromtimestamp(facts.published_at, UTC),
        by=by,
        reason=reason,
        hub_count=len(facts.hubs),
    )
    logger.info("snapshot_published", version=version.version, hubs=version.hub_count)
    return version


def _version_in_redis() -> int:
    """The number of the version Redis holds; 0 for none, for a damaged one and while Redis is away."""
    try:
        document = broker.connection().get(snapshot.REDIS_SNAPSHOT)
        return snapshot.decode(document).version if document else 0
    except (*broker.Away, snapshot.SnapshotError):
        return 0


def _wait_for(lock: int) -> None:
    """Take an advisory lock until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])


# Whether the last push of this process failed: an outage is one line in the log, and its end another.
_away = False


def _redis_is_away(error: Exception) -> None:
    global _away  # noqa: PLW0603
    if not _away:
        logger.warning("redis_is_away", error=str(error), effect="redirectors keep their table; the sweep catches up")
    _away = True


def _redis_is_back() -> None:
    global _away  # noqa: PLW0603
    if _away:
        logger.info("redis_is_back")
    _away = False

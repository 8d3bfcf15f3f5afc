"""Webhooks: set one up, change it, end it; queue what happened for each. Sending is `webhook_delivery`."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from foundation import texts
from foundation.addresses import why_refused
from members.services import access, edits, history
from routing.models import Delivery, Webhook
from routing.models.webhooks import EVENTS
from routing.services import webhook_events
from routing.services.webhook_events import Event

if TYPE_CHECKING:
    from members.models import User

# A transaction may become visible a while after the moment it notes: looked at again, queued once.
OVERLAP: Final = timedelta(minutes=10)
# What is older is no news: after a long standstill nobody is flooded.
OLDEST: Final = timedelta(days=3)
KEPT: Final = timedelta(days=30)
MOST: Final = 100
TEST: Final = "test"


class WebhooksError(edits.EditError):
    """Nothing was changed; the text says why."""


class NotAllowed(WebhooksError):
    """Only maintainers have webhooks."""


@transaction.atomic
def add(*, name: str, url: str, events: Iterable[str], by: User) -> Webhook:
    """Tell an address of these events from now on. The secret is made here; show it once."""
    _require_maintainer(by)
    if Webhook.objects.count() >= MOST:
        raise WebhooksError(f"There are {MOST} webhooks already. Remove one that nobody needs.")
    row = Webhook(
        name=checked_name(name),
        url=checked_url(url),
        events=checked_events(events),
        secret="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
        created_by=by,
    )
    history.save(row, by=by)
    return row


@transaction.atomic
def edit(webhook: Webhook, changes: Mapping[str, Any], *, by: User, seen: str | None = None) -> Webhook:
    """Change name, url, events or enabled; switched on again it begins with what happens from then on.

    `seen` is the fingerprint that the editor saw: edits.Stale if it is another by now.
    """
    _require_maintainer(by)
    row = edits.locked(webhook)
    checks: dict[str, Callable[[Any], Any]] = {"name": checked_name, "url": checked_url, "events": checked_events}
    changed = edits.write(
        row, {field: checks.get(field, bool)(value) for field, value in changes.items()}, by=by, seen=seen
    )
    if "enabled" in changed and row.enabled:
        row.read_until, row.failing_since, row.switched_off_because = timezone.now(), None, ""
        again = {"read_until": row.read_until, "failing_since": None, "switched_off_because": ""}
        Webhook.objects.filter(pk=row.pk).update(**again)
    return row


@transaction.atomic
def remove(webhook: Webhook, *, by: User) -> None:
    """End it, with what was told to it."""
    _require_maintainer(by)
    history.delete(webhook, by=by)


@transaction.atomic
def send_again(deliveries: Iterable[Delivery], *, by: User) -> int:
    """Let those that failed be tried afresh, at once and with the same number; how many there were."""
    _require_maintainer(by)
    failed = Delivery.objects.filter(pk__in=[each.pk for each in deliveries], state=Delivery.State.FAILED)
    return failed.update(state=Delivery.State.WAITING, due_at=timezone.now(), tries=0)


@transaction.atomic
def send_test(webhook: Webhook, *, by: User) -> Delivery:
    """Queue a delivery that is about nothing, to see whether it arrives."""
    _require_maintainer(by)
    now = timezone.now()
    return _queued(webhook, Event(TEST, f"test {now.isoformat()}", now, {"hello": "from the federation's portal"}))


def queue() -> int:
    """Write a delivery for each event and webhook that has none yet; how many. Safe to run twice, and by several."""
    return sum(_queue_for(pk) for pk in Webhook.objects.filter(enabled=True).values_list("pk", flat=True))


def forget() -> None:
    """Let old deliveries go."""
    Delivery.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


@transaction.atomic
def _queue_for(pk: int) -> int:
    webhook = Webhook.objects.select_for_update().filter(pk=pk, enabled=True).first()
    if webhook is None:
        return 0
    now = timezone.now()
    since = max(webhook.read_until - OVERLAP, webhook.created_at, now - OLDEST)
    events = [each for each in webhook_events.between(since, now) if each.kind in webhook.events]
    known = set(
        webhook.deliveries.filter(occasion__in=[each.occasion for each in events]).values_list("occasion", flat=True)
    )
    new = [each for each in events if each.occasion not in known]
    for each in new:
        _queued(webhook, each)
    Webhook.objects.filter(pk=pk).update(read_until=now)
    return len(new)


def _queued(webhook: Webhook, event: Event) -> Delivery:
    delivery = Delivery(webhook=webhook, event=event.kind, occasion=event.occasion)
    told = {"id": str(delivery.uid), "event": event.kind, "at": event.at, "data": event.data}
    delivery.body = json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    delivery.save(force_insert=True)
    return delivery


def checked_name(name: str) -> str:
    """A name that says something; WebhooksError for one that does not."""
    name = texts.line(name)
    if not name or len(name) > 100:
        raise WebhooksError("Give it a name of at most 100 characters.")
    return name


def checked_url(url: str) -> str:
    """An address that we may send to."""
    url = url.strip()
    wrong = why_refused(url, allow_private=settings.ALLOW_PRIVATE_HUBS)
    if wrong or len(url) > 500:
        raise WebhooksError(f"This address {wrong or 'is too long'}.")
    return url


def checked_events(events: Iterable[str]) -> list[str]:
    """Events that there are, at least one."""
    chosen = sorted(set(events))
    if not chosen or not set(chosen) <= set(EVENTS):
        raise WebhooksError(f"Choose some of: {', '.join(EVENTS)}.")
    return chosen


def _require_maintainer(by: User) -> None:
    if not access.is_maintainer(by):
        raise NotAllowed("Only maintainers set up webhooks.")

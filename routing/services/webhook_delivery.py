"""Deliveries: send what is queued for webhooks. Signed as in Standard Webhooks, tried again for days, never lost."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from foundation.outgoing import Client
from foundation.outgoing_errors import OutgoingError
from members.services import notices, recipients
from routing.models import Delivery, Webhook

logger = structlog.get_logger(__name__)

# After each try that failed it waits this many minutes; after the last one we give up.
BACK_OFF: Final = (1, 5, 15, 60, 240, 480, 960)
TRIES: Final = len(BACK_OFF) + 1
# A claim that is older belongs to a process that was killed.
CLAIM: Final = timedelta(minutes=5)
# A webhook where nothing arrived for so long is switched off.
PATIENCE: Final = timedelta(days=5)
AT_ONCE: Final = 20
TIMEOUT_SECONDS: Final = 10.0
GONE: Final = 410


@dataclass(frozen=True)
class Outcome:
    """How it went: the status of the answer, or why there is none."""

    status: int | None
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the other side took it."""
        return self.status is not None and 200 <= self.status < 300


def drain(limit: int = 200, *, now: datetime | None = None) -> int:
    """Send what is due; how many were taken. Any number of processes may do this at once."""
    moment = now or timezone.now()
    stuck = Delivery.objects.filter(state=Delivery.State.SENDING, claimed_at__lt=moment - CLAIM)
    stuck.update(state=Delivery.State.WAITING, error="The process that was sending it was killed.")
    due = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=moment, webhook__enabled=True)
    claimed = [
        row for pk in due.order_by("due_at", "id").values_list("pk", flat=True)[:limit] if (row := _claim(pk, moment))
    ]
    if not claimed:
        return 0
    outcomes = asyncio.run(_send_all(claimed))
    return sum(_settle(row, outcome, moment) for row, outcome in zip(claimed, outcomes, strict=True))


def signature(secret: str, uid: str, timestamp: int, body: bytes) -> str:
    """Of Standard Webhooks: whoever knows the secret can tell that it comes from us, whole and now."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{uid}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _claim(pk: int, now: datetime) -> Delivery | None:
    mine = Delivery.objects.filter(pk=pk, state=Delivery.State.WAITING)
    if not mine.update(state=Delivery.State.SENDING, claimed_at=now, tries=F("tries") + 1):
        return None
    return Delivery.objects.select_related("webhook").get(pk=pk)


async def _send_all(rows: list[Delivery]) -> list[Outcome]:
    turns = asyncio.Semaphore(AT_ONCE)
    async with Client(allow_private=settings.ALLOW_PRIVATE_HUBS, timeout=TIMEOUT_SECONDS, max_bytes=65_536) as client:
        return await asyncio.gather(*(_send(client, row, turns) for row in rows))


async def _send(client: Client, row: Delivery, turns: asyncio.Semaphore) -> Outcome:
    body, timestamp = row.body.encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(row.uid),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(row.webhook.secret, str(row.uid), timestamp, body),
    }
    async with turns:
        try:
            answer = await client.fetch(row.webhook.url, method="POST", headers=headers, body=body)
        except OutgoingError as error:
            return Outcome(None, error.reason)
    return Outcome(answer.status, "" if answer.status < 300 else f"It answered {answer.status}.")


def _settle(row: Delivery, outcome: Outcome, now: datetime) -> bool:
    """Write what became of our claim, unless it was taken back meanwhile."""
    ours = Delivery.objects.filter(pk=row.pk, state=Delivery.State.SENDING, claimed_at=row.claimed_at)
    found = {"status": outcome.status, "error": outcome.error[:300]}
    webhook = Webhook.objects.filter(pk=row.webhook_id)
    if outcome.taken:
        ours.update(state=Delivery.State.SENT, sent_at=now, **found)
        webhook.exclude(failing_since=None).update(failing_since=None)
        return True
    logger.warning("webhook_not_delivered", webhook=row.webhook_id, delivery=row.pk, reason=outcome.error)
    if row.tries >= TRIES or outcome.status == GONE:
        ours.update(state=Delivery.State.FAILED, **found)
    else:
        pause = timedelta(minutes=BACK_OFF[row.tries - 1])
        ours.update(state=Delivery.State.WAITING, due_at=now + pause, **found)
    webhook.filter(failing_since=None).update(failing_since=now)
    if outcome.status == GONE:
        _switch_off(row.webhook, "it answered 410: gone for good", now)
    elif webhook.filter(failing_since__lt=now - PATIENCE).exists():
        _switch_off(row.webhook, f"nothing arrived there for {PATIENCE.days} days: {outcome.error}", now)
    return False


def _switch_off(webhook: Webhook, why: str, now: datetime) -> None:
    """Stop, and tell the maintainers once."""
    if not Webhook.objects.filter(pk=webhook.pk, enabled=True).update(enabled=False, switched_off_because=why[:300]):
        return
    notices.tell(
        recipients.maintainers(),
        kind="webhook-off",
        occasion=f"webhook {webhook.pk} {now:%Y-%m-%d %H:%M}",
        subject=f"The webhook “{webhook.name}” was switched off",
        body=f"The portal tells “{webhook.name}” nothing any more: {why}.\n\nSwitch it on again when it is back.",
    )

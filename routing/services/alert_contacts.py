"""What a hub's own contacts are told when it is in trouble: a letter for each hub, and up the escalation as it lasts.

The first to call is told at once, each reminder goes one step further, and who was told hears when it is over.
Maintainers are told by `alerts`; who is both hears it there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from members.models import Notice
from members.services import notices, recipients
from members.services.recipients import Recipient
from routing.models import Alert
from routing.services import alert_letters
from routing.services.alert_letters import Letter

# What is older is no news any more.
NEWS: Final = timedelta(days=2)


def tell(alert: Alert, letter: Letter, now: datetime) -> None:
    """Tell those who are called by now and have not heard of it."""
    for each in _called(alert):
        _queue([each], f"alert-{alert.kind}", _occasion(alert), _to_its_own(alert, letter), now)


def remind(alerts: Iterable[Alert], now: datetime) -> None:
    """Say again that it lasts to those who have heard, and tell the next in the escalation."""
    for alert in alerts:
        letter = alert_letters.reminder([alert], now)
        heard = _heard(alert)
        tell(alert, letter, now)
        _queue(heard, f"alert-{alert.kind}-again", f"{_occasion(alert)}, reminder {alert.reminders}", letter, now)


def all_clear(alert: Alert, now: datetime) -> None:
    """Tell those who have heard that it is over."""
    letter = alert_letters.all_clear([alert], now)
    _queue(_heard(alert), f"alert-{alert.kind}-over", f"{_occasion(alert)}, over", letter, now)


def _to_its_own(alert: Alert, letter: Letter) -> Letter:
    hub = alert.hub
    page = f"{settings.PORTAL_URL}/my/{hub.member.slug}/maintenance/" if hub else ""
    return Letter(
        letter.subject, f"{letter.body}\n\nYou are asked because it is yours. Planned work goes here:\n{page}"
    )


def _called(alert: Alert) -> list[Recipient]:
    if alert.hub is None:
        return []
    told_as_maintainers = {each.address for each in recipients.maintainers()}
    called = recipients.contacts(alert.hub.member_id, steps=1 + alert.reminders)
    return [each for each in called if each.address not in told_as_maintainers]


def _heard(alert: Alert) -> list[Recipient]:
    unheard = (Notice.State.DROPPED, Notice.State.FAILED)
    letters = Notice.objects.filter(kind=f"alert-{alert.kind}", occasion=_occasion(alert)).exclude(state__in=unheard)
    return [Recipient(each.recipient, each.why, None, each.standing) for each in letters.order_by("pk")]


def _queue(whom: Iterable[Recipient], kind: str, occasion: str, letter: Letter, now: datetime) -> None:
    notices.tell(
        whom,
        kind=kind,
        occasion=occasion,
        subject=letter.subject,
        body=letter.body,
        due_at=now,
        useful_until=now + NEWS,
    )


def _occasion(alert: Alert) -> str:
    """Apart from the maintainers' letter, which may be about several hubs."""
    return f"alert {alert.pk}, to its contacts"

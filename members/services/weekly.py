"""The weekly letter: what was held for those who chose to get it together, in one letter every Monday."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from members.models import Notice
from members.services import notices, obstacles, wishes

KIND: Final = "weekly"
# Monday morning in the federation's own zone.
DAY: Final = 0
HOUR: Final = 7
# So that one sees where the next message begins, also in plain text.
BETWEEN: Final = "\n\n* * *\n\n"


def next_one(now: datetime) -> datetime:
    """When the next weekly letter is due."""
    here = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    day = here.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    day += timedelta(days=(DAY - day.weekday()) % 7)
    return day if day > here else day + timedelta(days=7)


def write(now: datetime | None = None) -> int:
    """Put what was held into one letter for each reader; how many letters. Safe to run twice, or late."""
    now = now or timezone.now()
    week = next_one(now) - timedelta(days=7)
    held = Notice.objects.filter(state=Notice.State.HELD, created_at__lte=week)
    addresses = list(held.order_by("recipient").values_list("recipient", flat=True).distinct())
    return sum(_write(address, week, now) for address in addresses)


@transaction.atomic
def _write(address: str, week: datetime, now: datetime) -> bool:
    rows = list(wishes.held_for(address).select_for_update().filter(created_at__lte=week).order_by("created_at", "pk"))
    ahead = obstacles.before(rows)
    rows, lost = [each for each in rows if not ahead.lost(each)], [each for each in rows if ahead.lost(each)]
    for each in lost:
        each.state, each.error = Notice.State.DROPPED, ahead.lost(each)
        each.save(update_fields=["state", "error"])
    useful = [each for each in rows if each.useful_until is None or each.useful_until > now]
    if useful:
        notices.queue(
            kind=KIND,
            recipient=address,
            occasion=_occasion(address, week),
            subject=f"The federation this week: {_counted(useful)}",
            body=BETWEEN.join(_item(each) for each in useful),
            why="you chose to get these together, once a week",
        )
    of_use = Notice.objects.filter(pk__in=[each.pk for each in useful])
    of_use.update(state=Notice.State.SENT, sent_at=now, error=f"In the weekly letter of {week:%d %b %Y}.")
    late = Notice.objects.filter(pk__in=[each.pk for each in rows], state=Notice.State.HELD)
    late.update(state=Notice.State.DROPPED, error="Of no use any more when the weekly letter was written.")
    return bool(useful)


def _occasion(address: str, week: datetime) -> str:
    """What was held only after the letter of the week was written goes into one more: no row is told by the first."""
    first = f"week of {week:%Y-%m-%d}"
    written = Notice.objects.filter(kind=KIND, recipient=address, occasion__startswith=first).count()
    return f"{first}, {written + 1}" if written else first


def _counted(rows: list[Notice]) -> str:
    return rows[0].subject if len(rows) == 1 else f"{len(rows)} messages"


def _item(notice: Notice) -> str:
    link = f"\n\n{notice.link_text}:\n{notice.link}" if notice.link else ""
    return f"{notice.subject}\n({notice.created_at:%a %d %b, %H:%M} UTC)\n\n{notice.body}{link}"

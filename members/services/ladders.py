"""Ladders: reminders on set days around a date, each sent once, however often or seldom anybody looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# The last rung is of use for so long; each other one until the next.
LAST: Final = timedelta(days=7)


@dataclass(frozen=True)
class Rung:
    """One reminder: so many days after the date (before it, if negative), and until when it is of use."""

    day: int
    useful_until: datetime
    last: bool


def rung(date: datetime, days: Sequence[int], now: datetime, *, last: timedelta = LAST) -> Rung | None:
    """The rung of the ladder that `now` stands on: the newest whose day has come and which is still of use.

    Who comes late skips what is past: after two days without a beat there is one letter, not two.
    """
    reached = [day for day in days if date + timedelta(days=day) <= now]
    if not reached:
        return None
    number = len(reached) - 1
    is_last = number == len(days) - 1
    until = date + (timedelta(days=days[number]) + last if is_last else timedelta(days=days[number + 1]))
    return Rung(days[number], until, is_last) if now < until else None

"""Calendar months, in UTC: how addresses name them, and which one comes next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

SHAPE: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


class NoSuchMonth(LookupError):
    """Nothing is known of that month, or it has not begun."""


@dataclass(frozen=True)
class Month:
    """A calendar month, in UTC."""

    first: date

    @property
    def end(self) -> date:
        """The first day after it."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def before(self) -> Month:
        """The month before it."""
        return Month((self.first - timedelta(days=1)).replace(day=1))

    @property
    def after(self) -> Month:
        """The month after it."""
        return Month(self.end)

    @property
    def begins_at(self) -> datetime:
        """Its first moment."""
        return midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return midnight(self.end)

    @property
    def words(self) -> str:
        """As people say it, such as October 2026."""
        return f"{self.first:%B %Y}"

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def month_of(text: str) -> Month:
    """The month that is written like 2026-11; NoSuchMonth for anything else."""
    if not SHAPE.fullmatch(text):
        raise NoSuchMonth(text)
    return Month(date(int(text[:4]), int(text[5:]), 1))


def midnight(day: date) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)

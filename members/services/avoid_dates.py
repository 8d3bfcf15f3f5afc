"""Days on which it is better not to meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from foundation import months
from members.models import AvoidDate, Meeting
from members.services import access, edits, history

if TYPE_CHECKING:
    from members.models import User


@transaction.atomic
def add(values: Mapping[str, Any], *, by: User | None) -> AvoidDate:
    """Keep some days."""
    _require_maintainer(by)
    row = AvoidDate()
    for name, value in edits.different(row, values).items():
        setattr(row, name, value)
    edits.check(row, AvoidDate.RECORD)
    history.save(row, by=by)
    return row


@transaction.atomic
def edit(row: AvoidDate, values: Mapping[str, Any], *, by: User | None, seen: str | None = None) -> AvoidDate:
    """Change them."""
    _require_maintainer(by)
    held = edits.locked(row)
    edits.write(held, values, by=by, seen=seen)
    return held


@transaction.atomic
def remove(row: AvoidDate, *, by: User | None) -> None:
    """Meet then after all."""
    _require_maintainer(by)
    history.delete(edits.locked(row), by=by)


def met_on(row: AvoidDate, now: datetime) -> list[Meeting]:
    """The meetings to come that are planned on these days, by the calendar where each was planned."""
    around = timedelta(days=1)
    first, last = months.midnight(row.starts_on) - around, months.midnight(row.ends_on) + 2 * around
    near = Meeting.objects.coming(now).filter(starts_at__gte=first, starts_at__lt=last)
    return [each for each in near if row.starts_on <= each.local_start.date() <= row.ends_on]


def _require_maintainer(by: User | None) -> None:
    if by is not None and not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers keep the days to avoid.")

"""Days on which it is better not to meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction

from members.models import AvoidDate
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


def _require_maintainer(by: User | None) -> None:
    if by is not None and not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers keep the days to avoid.")

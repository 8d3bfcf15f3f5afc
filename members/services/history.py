"""History: every save of what people edit leaves a row that says who, when and what. Services name the person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from simple_history.models import HistoricalRecords

if TYPE_CHECKING:
    from members.models import User


def save(row: models.Model, *, by: User | None, reason: str = "", fields: Iterable[str] | None = None) -> None:
    """Save the row, or just these fields of it, as done by this person."""
    sign(row, by=by, reason=reason)
    row.save(update_fields=None if fields is None else list(fields))


def delete(row: models.Model, *, by: User | None, reason: str = "") -> None:
    """Delete the row, as done by this person."""
    sign(row, by=by, reason=reason)
    row.delete()


def note(rows: Iterable[models.Model], *, by: User | None, reason: str = "", created: bool = False) -> None:
    """Keep how these rows are now: after a conditional update or a bulk insert, which leave no history themselves."""
    for model, found in _by_model(rows).items():
        manager: Any = model.history  # type: ignore[attr-defined]
        for row in found:
            sign(row, by=by, reason=reason)
        for kept, row in zip(manager.bulk_history_create(found, update=not created), found, strict=True):
            HistoricalRecords().create_historical_record_m2ms(kept, row)


def sign(row: Any, *, by: User | None, reason: str = "") -> None:  # noqa: ANN401
    """Say who changes this row and why; the next save keeps it."""
    row._history_user = by
    row._change_reason = reason


def _by_model(rows: Iterable[models.Model]) -> dict[type[models.Model], list[models.Model]]:
    found: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        found.setdefault(type(row), []).append(row)
    return found

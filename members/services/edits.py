"""Editing a record: what was typed is tidied and checked, a stale edit is refused, and history says who did it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from foundation import texts, weblinks, zones
from members.models import Editable
from members.services import history

if TYPE_CHECKING:
    from members.models import User

Row = TypeVar("Row", bound=Editable)

# So many edits of others, made while a form was open, are told apart.
LOOKED_BACK: Final = 20
LONGEST_LIST: Final = 50
YEARS: Final = range(1980, 2101)


class EditError(ValueError):
    """Nothing was changed; the text says why."""


class Stale(EditError):
    """Somebody changed the record since the editor opened it: `changes` names the fields that are other now.

    `row` is the record as it is, `before` as the editor saw it, where history still has that.
    """

    def __init__(self, row: Editable, by: str, changes: Sequence[str], before: Editable | None = None) -> None:
        what = f": {'; '.join(row.label(name) for name in changes)}" if changes else ""
        super().__init__(
            f"{by} changed this since you opened it{what}. Nothing was saved yet. What you typed is still below: "
            "look at it again, then save."
        )
        self.row, self.by, self.before = row, by, before
        self.changes = tuple(changes)


def locked(row: Row) -> Row:
    """The row as it is now, held until the transaction ends; those who edit it at once follow each other."""
    model = type(row)
    try:
        return model._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    except model.DoesNotExist:
        raise EditError("Somebody removed it since you opened the page.") from None


def write(
    row: Row, changes: Mapping[str, Any], *, by: User | None, seen: str | None = None, reason: str = ""
) -> tuple[str, ...]:
    """Change fields of a locked row's record; the names of those that are other now.

    `seen` is the fingerprint that the editor saw: Stale if it is another by now and the edit would undo something.
    ValidationError for what the record can't say.
    """
    changed = apply(row, changes, seen=seen)
    if changed:
        history.save(row, by=by, reason=reason, fields=changed)
    return changed


def apply(row: Editable, changes: Mapping[str, Any], *, seen: str | None = None) -> tuple[str, ...]:
    """As `write`, but the caller saves."""
    changed = different(row, changes)
    if not changed:
        return ()
    if seen is not None and row.fingerprint != seen:
        raise _stale(row, seen)
    for name, value in changed.items():
        setattr(row, name, value)
    check(row, changed)
    return tuple(changed)


def different(row: Editable, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the changes that change something, tidied."""
    unknown = set(changes) - set(row.RECORD)
    if unknown:
        raise EditError(f"{', '.join(sorted(unknown))} can't be edited here.")
    tidied = {name: tidy(row, name, value) for name, value in changes.items()}
    return {name: value for name, value in tidied.items() if getattr(row, name) != value}


def tidy(row: Editable, name: str, value: Any) -> Any:  # noqa: ANN401
    """A value as it is kept: no hidden characters, one line where there is one, links that lead where they say."""
    if isinstance(value, (list, tuple)):
        return list(dict.fromkeys(filter(None, (texts.line(each) for each in value))))
    if not isinstance(value, str):
        return value
    field = row._meta.get_field(name)
    if isinstance(field, models.TextField):
        return texts.clean(value)
    value = texts.line(value)
    if name == "time_zone" and value not in {"", *zones.names(), getattr(row, name)}:
        raise ValidationError({name: f"There is no time zone “{value[:40]}”: write one like Europe/Berlin."})
    if isinstance(field, models.URLField) and value:
        try:
            return weblinks.plain(value)
        except weblinks.BadLink as error:
            raise ValidationError({name: str(error)}) from None
    return value


def check(row: Editable, names: Iterable[str]) -> None:
    """Validate these fields and what holds between fields: what was kept before and not touched blocks nothing."""
    known = set(names)
    row.clean_fields(exclude={field.name for field in row._meta.fields} - known)
    _check_lengths(row, known)
    _check_sizes(row, known)
    row.validate_unique()
    row.validate_constraints()


def _check_lengths(row: Editable, names: Iterable[str]) -> None:
    """A text field's longest length, which a model leaves to forms."""
    for name in names:
        field, value = row._meta.get_field(name), getattr(row, name)
        longest = getattr(field, "max_length", None)
        if isinstance(field, models.TextField) and longest and len(value) > longest:
            raise ValidationError({name: f"Make it shorter: {len(value):,} characters, at most {longest:,}."})


def _check_sizes(row: Editable, names: Iterable[str]) -> None:
    """Lists that one reads at a glance, days of our time."""
    for name in names:
        value = getattr(row, name)
        if isinstance(value, list) and len(value) > LONGEST_LIST:
            raise ValidationError({name: f"These are {len(value):,}, and {LONGEST_LIST} are the most."})
        if isinstance(value, date) and value.year not in YEARS:
            raise ValidationError({name: f"Is {value.year} the year you mean?"})


def _stale(row: Editable, seen: str) -> Stale:
    """Who changed what, from its history: since the editor saw it or, if that was too long ago, last."""
    kept = type(row).history.filter(id=row.pk).select_related("history_user")  # type: ignore[attr-defined]
    rows = list(kept[:LOOKED_BACK])
    by = str(rows[0].history_user or "Somebody") if rows else "Somebody"
    before = next((each.instance for each in rows if each.instance.fingerprint == seen), None)
    base = before or (rows[1].instance if len(rows) > 1 else None)
    if base is None:
        return Stale(row, by, ())
    return Stale(row, by, [name for name in row.RECORD if _kept(base, name) != _kept(row, name)], before)


def _kept(row: Editable, name: str) -> object:
    """A field as it is kept; of a foreign key just the number."""
    return getattr(row, getattr(row._meta.get_field(name), "attname", name))

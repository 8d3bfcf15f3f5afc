"""What happened to a member's record, contacts, offers, people and reports, newest first, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from foundation.months import Month
from members.models import Access, ComputeOffer, Contact, Editable, Member, Report
from members.services import visibility
from members.services.visibility import Kind

PAGE: Final = 50
LONGEST: Final = 80


@dataclass(frozen=True)
class Difference:
    """One field, before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did; `who` is empty for the portal itself and for people who left."""

    at: datetime
    who: str
    verb: str
    thing: str
    then: str = ""
    why: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def sentence(self) -> str:
        """What was done, to be read after who did it; all of it where nobody is named."""
        if self.who:
            return f"{self.verb} {self.thing}{self.then}"
        return f"{self.thing[:1].upper()}{self.thing[1:]} was {self.verb}{self.then}"


@dataclass(frozen=True)
class Page:
    """Some entries, and where older ones begin; None if there are none."""

    entries: tuple[Entry, ...]
    older: datetime | None


def page(member: Member, kind: Kind, before: datetime | None = None) -> Page:
    """The newest entries before a moment, as this kind of viewer may read them: six queries."""
    found = [*_steps(member, before)]
    for model, rows in (
        (Member, Member.history.filter(id=member.pk)),
        (Contact, Contact.history.filter(member=member.pk)),
        (ComputeOffer, ComputeOffer.history.filter(member=member.pk)),
        (Access, Access.history.filter(member=member.pk).select_related("user")),
        (Report, Report.history.filter(member=member.pk)),
    ):
        earlier = rows.filter(history_date__lt=before) if before else rows
        newest = list(earlier.select_related("history_user").order_by("-history_date", "-history_id")[: PAGE + 1])
        found += _entries(model, newest, frozenset(visibility.fields(model, kind)))
    found.sort(key=lambda each: each.at, reverse=True)
    return Page(tuple(found[:PAGE]), found[PAGE - 1].at if len(found) > PAGE else None)


def _steps(member: Member, before: datetime | None) -> Iterator[Entry]:
    changes = member.changes.select_related("by")
    for each in (changes.filter(at__lt=before) if before else changes)[: PAGE + 1]:
        yield Entry(each.at, str(each.by or ""), "made", "it", f" {each.get_to_state_display()}", each.reason)


def _entries(model: type[Any], rows: list[Any], fields: frozenset[str]) -> Iterator[Entry]:
    """Each row against the one before it of the same thing; the oldest that were read have none to compare with."""
    older: dict[int, Any] = {}
    said: list[Entry] = []
    for row in reversed(rows):
        entry = _entry(model, row, older.get(row.id), fields)
        older[row.id] = row
        if entry is not None:
            said.append(entry)
    yield from said


def _entry(model: type[Any], row: Any, before: Any, fields: frozenset[str]) -> Entry | None:  # noqa: ANN401
    at, who, thing, why = (
        row.history_date,
        str(row.history_user or ""),
        _name(model, row),
        row.history_change_reason or "",
    )
    if row.history_type != "~":
        return Entry(at, who, "added" if row.history_type == "+" else "removed", thing, why=why)
    differences = tuple(_differences(model, before, row, fields)) if before else ()
    # A state of a member has an entry of its own, with its reason.
    if before and not differences and (model is Member or not why):
        return None
    verb = "changed" if differences or not before else "looked at"
    return Entry(at, who, verb, thing, why=why, differences=differences)


def _name(model: type[Any], row: Any) -> str:  # noqa: ANN401
    if model is Member:
        return "the record"
    if model is Access:
        return f"{row.user} as {row.role}" if row.user_id and row.user else f"somebody who left as {row.role}"
    if model is Report:
        return f"the report of {Month(row.month).words}"
    return f"the contact {row.name}" if model is Contact else f"the offer {row.title}"


def _differences(model: type[Any], before: Any, row: Any, fields: frozenset[str]) -> Iterator[Difference]:  # noqa: ANN401
    record = model.RECORD if issubclass(model, Editable) else ("role",)
    for name in (*record, *(["state"] if model in {ComputeOffer, Report} else [])):
        old, new = (_text(each, name) for each in (before, row))
        if name in fields and old != new:
            yield Difference(str(model._meta.get_field(name).verbose_name), old, new)


def _text(row: Any, name: str) -> str:  # noqa: ANN401
    value = getattr(row, row._meta.get_field(name).attname)
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

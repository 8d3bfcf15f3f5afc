"""A member's record: what the public page says of it. Its editors change it, and it shows at once.

But for facts that maintainers chose to look at first: a change of these waits for one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation import reasons
from members.models import Member, ProposedChange, ReviewedField, Role
from members.services import access, edits, history, lifecycle

if TYPE_CHECKING:
    from members.models import User

# When it joined and left, and what it is thanked for, is for maintainers to say.
FOR_MAINTAINERS: Final = frozenset(["since", "until", "thanks"])
# What a member's own people may edit, and maintainers may want to look at first.
OWN: Final = tuple(name for name in Member.RECORD if name not in FOR_MAINTAINERS)


class Decided(edits.EditError):
    """Somebody else accepted or declined it first, or it was withdrawn."""


@dataclass(frozen=True)
class Outcome:
    """What became of an edit: the fields that were changed, and those that wait for a maintainer."""

    changed: tuple[str, ...]
    waiting: tuple[str, ...]


@transaction.atomic
def add(member: Member, *, by: User) -> Member:
    """Take in an organisation that a maintainer entered by hand, as it stands."""
    _require_maintainer(by)
    for name, value in edits.different(Member(), {name: getattr(member, name) for name in Member.RECORD}).items():
        setattr(member, name, value)
    member.full_clean()
    history.save(member, by=by)
    lifecycle.begin(member, reason="entered in the office", by=by)
    return member


@transaction.atomic
def edit(member: Member, changes: Mapping[str, Any], *, by: User, seen: str | None = None) -> Outcome:
    """Change fields of the record. `seen` is the fingerprint the editor saw: edits.Stale if it is another by now."""
    access.require(by, Role.EDITOR, member)
    trusted = access.is_maintainer(by)
    if not trusted and FOR_MAINTAINERS & set(changes):
        raise access.NotAllowed("When a member joined or left, and the thanks, only maintainers can say.")
    row = edits.locked(member)
    reviewed = set() if trusted else set(ReviewedField.objects.values_list("field", flat=True))
    at_once = {name: value for name, value in changes.items() if name not in reviewed}
    waiting = _propose(row, {name: value for name, value in changes.items() if name in reviewed}, by)
    return Outcome(edits.write(row, at_once, by=by, seen=seen), waiting)


@transaction.atomic
def accept(change: ProposedChange, *, by: User) -> Member:
    """Publish what the member proposed. Of two who decide at once one gets Decided."""
    row = _decide(change, ProposedChange.State.ACCEPTED, by)
    edits.write(row, {change.field: _value(row, change)}, by=by, reason=f"proposed by {change.by or 'somebody'}")
    return row


@transaction.atomic
def decline(change: ProposedChange, *, reason: str, by: User) -> None:
    """Leave the record as it is, and say why."""
    reason = reasons.checked(reason)
    _decide(change, ProposedChange.State.DECLINED, by, reason)


@transaction.atomic
def withdraw(change: ProposedChange, *, by: User) -> None:
    """Take it back."""
    access.require(by, Role.EDITOR, change.member)
    _settle(change, ProposedChange.State.WITHDRAWN, by)


@transaction.atomic
def review(fields: Iterable[str], *, by: User) -> None:
    """Let just these facts wait for a maintainer when members edit them."""
    _require_maintainer(by)
    wanted = set(fields)
    if not wanted <= set(OWN):
        raise edits.EditError(f"{', '.join(sorted(wanted - set(OWN)))}: no such fact of a member.")
    for row in ReviewedField.objects.exclude(field__in=wanted):
        history.delete(row, by=by)
    for name in wanted - set(ReviewedField.objects.values_list("field", flat=True)):
        history.save(ReviewedField(field=name), by=by)


def _propose(row: Member, changes: Mapping[str, Any], by: User) -> tuple[str, ...]:
    """Let these wait; what says the same as the record takes back what waited before."""
    different = edits.different(row, changes)
    open_ones = ProposedChange.objects.filter(member=row, field__in=changes, state=ProposedChange.State.WAITING)
    new = {name: _text(value) for name, value in different.items()}
    known = dict(open_ones.values_list("field", "value"))
    _check(row, different)
    stays = [name for name, value in new.items() if known.get(name) == value]
    moment = timezone.now()
    open_ones.exclude(field__in=stays).update(
        state=ProposedChange.State.WITHDRAWN, decided_by=by, decided_at=moment, reason="another took its place"
    )
    ProposedChange.objects.bulk_create(
        ProposedChange(member=row, field=name, value=value, by=by) for name, value in new.items() if name not in stays
    )
    return tuple(new)


def _check(row: Member, changes: Mapping[str, Any]) -> None:
    """Refuse what could never be accepted."""
    trial = Member.objects.get(pk=row.pk)
    for name, value in changes.items():
        setattr(trial, name, value)
    edits.check(trial, changes)


def _text(value: Any) -> str:  # noqa: ANN401
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _value(row: Member, change: ProposedChange) -> Any:  # noqa: ANN401
    try:
        return row._meta.get_field(change.field).clean(change.value, row)  # type: ignore[union-attr]
    except ValidationError as error:
        raise edits.EditError(" ".join(error.messages)) from error


def _decide(change: ProposedChange, state: str, by: User, reason: str = "") -> Member:
    _require_maintainer(by)
    row = edits.locked(change.member)
    _settle(change, state, by, reason)
    return row


def _settle(change: ProposedChange, state: str, by: User, reason: str = "") -> None:
    waiting = ProposedChange.objects.filter(pk=change.pk, state=ProposedChange.State.WAITING)
    if not waiting.update(state=state, decided_by=by, decided_at=timezone.now(), reason=reason):
        raise Decided("Somebody decided on this already.")


def _require_maintainer(by: User) -> None:
    if not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers may do that.")

"""Who leads a meeting and who takes its notes: in turn, among those who are willing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from members.models import Meeting, RotaPerson, User
from members.services import edits, history, meetings
from members.services.guests import TAKING_PART
from members.services.recipients import MAINTAINERS

if TYPE_CHECKING:
    from django.db.models import QuerySet

Duty = Literal["facilitator", "note_taker"]
DUTIES: Final[tuple[Duty, ...]] = ("facilitator", "note_taker")
WORDS: Final[dict[Duty, str]] = {"facilitator": "leads it", "note_taker": "takes notes"}
WILLING: Final[dict[Duty, str]] = {"facilitator": "facilitates", "note_taker": "takes_notes"}
# So many of the next meetings have somebody.
AHEAD: Final = 3


class RotaError(edits.EditError):
    """Nothing was changed; the text says why."""


def willing(duty: Duty) -> QuerySet[User]:
    """Those who do it in turn and may: whoever left the federation is out by that."""
    taking_part = Q(access__member__state__in=TAKING_PART) | Q(groups__name=MAINTAINERS)
    found = User.objects.filter(taking_part, is_active=True, service=False, **{f"rota__{WILLING[duty]}": True})
    return found.distinct().order_by("username")


@transaction.atomic
def volunteer(user: User, *, facilitates: bool, takes_notes: bool) -> RotaPerson:
    """Say what one is willing to do in turn. Turns to come that one does no more go to somebody else."""
    meetings.require_to_take_part(user)
    row = RotaPerson.objects.select_for_update().filter(user=user).first() or RotaPerson(user=user)
    row.facilitates, row.takes_notes = facilitates, takes_notes
    history.save(row, by=user)
    now = timezone.now()
    for duty in DUTIES:
        if not getattr(row, WILLING[duty]):
            for meeting in Meeting.objects.coming(now).filter(starts_at__gt=now, **{duty: user}):
                _give(meeting, duty, None, by=user, reason="who did it does it no more")
    assign(now)
    return row


@transaction.atomic
def assign(now: datetime | None = None) -> int:
    """Give the next meetings somebody for each duty, whose turn is longest ago; how many were given one.

    Who was chosen stays. Nobody does both where there are two.
    """
    moment, given = now or timezone.now(), 0
    coming = list(Meeting.objects.select_for_update(of=("self",)).coming(moment)[:AHEAD])
    for duty in DUTIES:
        order = _order(duty)
        for meeting in coming:
            _leave_out_who_left(meeting, duty, order)
            if getattr(meeting, f"{duty}_id") is None and order:
                person = _next(order, meeting, duty)
                _give(meeting, duty, person, by=None, reason="by the rota")
                given += 1
            chosen = next((each for each in order if each.pk == getattr(meeting, f"{duty}_id")), None)
            if chosen is not None:
                order.remove(chosen)
                order.append(chosen)
    return given


@transaction.atomic
def hand_over(meeting: Meeting, duty: Duty, to: User | None, *, by: User | None) -> Meeting:
    """Let somebody else do it. Who has a turn of their own later gives that one in exchange; None: nobody yet.

    By those who run the meeting, and by anybody who takes what nobody has.
    """
    if duty not in DUTIES:
        raise RotaError(f"A meeting has {' and '.join(DUTIES)}; no {duty!r}.")
    row = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    if to is None or to != by or getattr(row, duty) is not None:
        meetings.require_to_run(by, row)
    if row.phase(timezone.now()) in {"over", "cancelled"}:
        raise RotaError("It is over, or does not take place.")
    if to is not None and not (to.is_active and not to.service and meetings.takes_part(to)):
        raise RotaError(f"{to} is not of the federation.")
    before: User | None = getattr(row, duty)
    later = Meeting.objects.coming(row.starts_at).filter(starts_at__gt=row.starts_at, **{duty: to}).first()
    if to is not None and before is not None and later is not None and before != to:
        _give(later, duty, before, by=by, reason="in exchange")
    _give(row, duty, to, by=by, reason="handed over")
    return row


def candidates() -> QuerySet[User]:
    """Whom one may hand it over to: everybody of the federation with an account."""
    taking_part = Q(access__member__state__in=TAKING_PART) | Q(groups__name=MAINTAINERS)
    return User.objects.filter(taking_part, is_active=True, service=False).distinct().order_by("username")


def duty(name: str) -> Duty | None:
    """The duty of this name, if there is one."""
    return next((each for each in DUTIES if each == name), None)


def turns(now: datetime | None = None) -> list[Meeting]:
    """The meetings to come, with whose turn it is."""
    coming = Meeting.objects.coming(now or timezone.now()).select_related("facilitator", "note_taker")
    return list(coming[: 2 * AHEAD])


def all_willing() -> list[tuple[Duty, list[User]]]:
    """For each duty those who do it in turn, whose turn is longest ago first."""
    return [(each, _order(each)) for each in DUTIES]


def _order(duty: Duty) -> list[User]:
    """The willing, whose last turn is longest ago first; who never had one before all others."""
    related = {"facilitator": "facilitates", "note_taker": "takes_notes"}[duty]
    held = Q(**{f"{related}__cancelled_at": None})
    last = {
        row.pk: row.last
        for row in User.objects.filter(pk__in=willing(duty)).annotate(last=Max(f"{related}__starts_at", filter=held))
    }
    people = list(willing(duty))
    return sorted(people, key=lambda each: (last[each.pk] is not None, last[each.pk], each.pk))


def _next(order: list[User], meeting: Meeting, duty: Duty) -> User:
    other = meeting.note_taker_id if duty == "facilitator" else meeting.facilitator_id
    return next((each for each in order if each.pk != other), order[0])


def _leave_out_who_left(meeting: Meeting, duty: Duty, order: list[User]) -> None:
    """Somebody whose account ended does nothing any more; who was asked by hand needs not be on the rota."""
    person: User | None = getattr(meeting, duty)
    if person is not None and person not in order and not (person.is_active and meetings.takes_part(person)):
        _give(meeting, duty, None, by=None, reason="who did it left")


def _give(meeting: Meeting, duty: Duty, person: User | None, *, by: User | None, reason: str) -> None:
    setattr(meeting, duty, person)
    # Who is in the row itself; a name in words would stay when that person is erased.
    who = "somebody" if person else "nobody"
    history.save(meeting, by=by, reason=f"{who} {WORDS[duty]}: {reason}", fields=[duty])

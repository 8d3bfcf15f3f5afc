"""Incidents: tell visitors what is wrong, keep telling, say when it is over. Drafts of the portal wait for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from foundation import texts
from members.services import history
from routing.models import Hub, Incident, IncidentUpdate
from routing.models.incidents import TEXT_LENGTH, TITLE_LENGTH

if TYPE_CHECKING:
    from members.models import User

Phase = IncidentUpdate.Phase


class IncidentsError(ValueError):
    """Nothing was changed; the text says why."""


class Settled(IncidentsError):
    """Somebody else resolved, reopened, accepted or discarded it first."""


@transaction.atomic
def open_incident(
    title: str, hubs: Iterable[Hub], text: str, *, by: User | None, phase: str = Phase.INVESTIGATING
) -> Incident:
    """Tell the public that something is wrong: a title, the hubs it touches (none is fine), and what is known."""
    incident = Incident(title=_title(title), by=by)
    history.save(incident, by=by)
    incident.hubs.set(hubs)
    _say(incident, _phase(phase, but=Phase.RESOLVED), text, by)
    return incident


@transaction.atomic
def update(incident: Incident, phase: str, text: str, *, by: User | None) -> IncidentUpdate:
    """Say how far we are. The phase `resolved` ends it; of two who end it at once one gets Settled."""
    if _phase(phase) == Phase.RESOLVED:
        return resolve(incident, text, by=by)
    locked = _locked(incident)
    _refuse_draft(locked)
    if locked.resolved_at is not None:
        raise Settled("It was resolved already. Reopen it to say more.")
    return _say(locked, phase, text, by)


@transaction.atomic
def resolve(incident: Incident, text: str, *, by: User | None) -> IncidentUpdate:
    """Say that it is over."""
    now = timezone.now()
    if not Incident.objects.public().open().filter(pk=incident.pk).update(resolved_at=now):
        _refuse_draft(_locked(incident))
        raise Settled("Somebody resolved it already.")
    incident.resolved_at = now
    history.note([incident], by=by, reason="resolved")
    return _say(incident, Phase.RESOLVED, text, by)


@transaction.atomic
def reopen(incident: Incident, text: str, *, by: User | None) -> IncidentUpdate:
    """Say that it is not over after all."""
    resolved = Incident.objects.public().filter(pk=incident.pk).exclude(resolved_at=None)
    if not resolved.update(resolved_at=None):
        raise Settled("It is open already.")
    incident.resolved_at = None
    history.note([incident], by=by, reason="reopened")
    return _say(incident, Phase.INVESTIGATING, text, by)


@transaction.atomic
def accept(draft: Incident, *, by: User | None, title: str = "") -> Incident:
    """Publish what the portal drafted, under this title. Of two who decide at once one gets Settled."""
    changes = {"draft": False, "by": by, "title": _title(title or draft.title), "published_at": timezone.now()}
    if not Incident.objects.drafts().filter(pk=draft.pk).update(**changes):
        raise Settled("Somebody accepted or discarded this draft already.")
    draft.refresh_from_db()
    history.note([draft], by=by, reason="accepted")
    return draft


@transaction.atomic
def discard(draft: Incident, *, by: User | None) -> None:
    """Leave it unpublished. The row stays, so that the same outage is not drafted again."""
    if not Incident.objects.drafts().filter(pk=draft.pk).update(resolved_at=timezone.now(), by=by):
        raise Settled("Somebody accepted or discarded this draft already.")
    draft.refresh_from_db()
    history.note([draft], by=by, reason="discarded")


def _locked(incident: Incident) -> Incident:
    return Incident.objects.select_for_update().get(pk=incident.pk)


def _refuse_draft(incident: Incident) -> None:
    if incident.draft:
        raise IncidentsError("It is a draft: accept it first.")


def _say(incident: Incident, phase: str, text: str, by: User | None) -> IncidentUpdate:
    text = texts.clean(text)
    if not text:
        raise IncidentsError("Say something: an update without a text tells nobody anything.")
    if len(text) > TEXT_LENGTH:
        raise IncidentsError(f"Make the text shorter: {len(text)} characters, at most {TEXT_LENGTH}.")
    return IncidentUpdate.objects.create(incident=incident, phase=phase, text=text, by=by)


def _title(title: str) -> str:
    title = texts.line(title)
    if not title:
        raise IncidentsError("Give it a title that says what visitors notice.")
    if len(title) > TITLE_LENGTH:
        raise IncidentsError(f"Make the title shorter: {len(title)} characters, at most {TITLE_LENGTH}.")
    return title


def _phase(phase: str, *, but: str = "") -> str:
    if phase not in Phase.values or phase == but:
        raise IncidentsError(f"An incident can't be {phase!r} here.")
    return phase

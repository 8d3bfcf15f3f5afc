"""Applications: begun, saved, confirmed, sent, talked about, decided. Each step is taken once, whoever tries twice."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation import texts
from members.models import Application, ApplicationMessage, Evidence, Responsibility
from members.services import application_letters as letters
from members.services import history

if TYPE_CHECKING:
    from members.models import User

UNCONFIRMED_KEPT: Final = timedelta(days=7)
DRAFTS_KEPT: Final = timedelta(days=90)
# A stranger's hub is asked no more often than this.
EVIDENCE_PAUSE: Final = timedelta(minutes=10)
DRAFT, SUBMITTED, REVIEW, APPROVED, DECLINED, WITHDRAWN = Application.State


class ApplicationsError(ValueError):
    """Nothing was changed; the text says why."""


class NoDraft(ApplicationsError):
    """It was sent already: what it says stays as it is."""


class AlreadyDecided(ApplicationsError):
    """Nothing is open about it any more."""


class Incomplete(ApplicationsError):
    """Something is missing: `missing` names the step and what, in order."""

    def __init__(self, missing: list[tuple[str, str]]) -> None:
        super().__init__("Something is still missing.")
        self.missing = missing


@transaction.atomic
def begin(values: Mapping[str, Any], *, once: uuid.UUID) -> Application:
    """A new draft, whose link goes to its address. The same form sent twice makes one."""
    application, new = Application.objects.get_or_create(once=once, defaults=dict(values))
    if new:
        application.full_clean()
        letters.link(application)
    return application


@transaction.atomic
def save(application: Application, values: Mapping[str, Any]) -> Application:
    """Keep what was typed in one step of a draft. With another address it gets another link, and must be confirmed."""
    draft = _locked(application)
    if draft.state != DRAFT:
        raise NoDraft("This application was sent already. If something changed, write it below.")
    moved = "email" in values and values["email"].lower() != draft.email.lower()
    for name, value in values.items():
        setattr(draft, name, value)
    draft.edited_at = timezone.now()
    if moved:
        draft.email_confirmed_at = None
    draft.full_clean()
    draft.save()
    if moved:
        letters.link(draft)
    return draft


@transaction.atomic
def confirm(application: Application) -> Application:
    """Its link was used: the address is theirs. What was sent already arrives now."""
    found = _locked(application)
    if found.state not in [DRAFT, *Application.OPEN]:
        raise AlreadyDecided(_where_it_is(found))
    if found.email_confirmed_at is None:
        found.email_confirmed_at = timezone.now()
        found.save(update_fields=["email_confirmed_at"])
        if found.state == SUBMITTED:
            _arrive(found)
    return found


@transaction.atomic
def submit(application: Application) -> Application:
    """Send a complete draft. It arrives now, or when its address is confirmed. Sending it twice changes nothing."""
    found = _locked(application)
    if found.state in Application.OPEN:
        return found
    if found.state != DRAFT:
        raise AlreadyDecided("This application is closed.")
    missing = list(what_is_missing(found))
    if missing:
        raise Incomplete(missing)
    found.state, found.submitted_at = SUBMITTED, timezone.now()
    found.save(update_fields=["state", "submitted_at"])
    if found.email_confirmed_at:
        _arrive(found)
    return found


def what_is_missing(application: Application) -> Iterator[tuple[str, str]]:
    """What a draft needs before it can be sent: the step, and a few words."""
    if not application.summary:
        yield "organisation", "who you are, in one sentence"
    if not application.mode:
        yield "offer", "who would operate what you give"
    if not (application.cpu_cores or application.memory_gib or application.concurrent_users):
        yield "offer", "how much you offer: cores, memory or users"
    if application.hours_per_month is None:
        yield "people", "how many hours a month your people have for it"
    if not application.time_zone:
        yield "people", "the time zone of your people"
    if set(application.accepted) != set(Responsibility.values):
        yield "promises", "your yes to each of the responsibilities"


@transaction.atomic
def take_up(application: Application, *, by: User) -> None:
    """Say that somebody looks at it. Who comes second is told who was first."""
    waiting = Application.objects.confirmed().filter(pk=application.pk, state=SUBMITTED)
    if not waiting.update(state=REVIEW, reviewer=by):
        raise AlreadyDecided(_where_it_is(application))
    _note(application, by=by, reason="taken up")


@transaction.atomic
def say(application: Application, text: str, *, once: uuid.UUID, by: User | None) -> ApplicationMessage:
    """Add to the thread, and write to the other side. `by` is the maintainer, None for the applicant.

    A maintainer who asks takes it up. The same form sent twice says it once.
    """
    found, text = _locked(application), texts.clean(text)
    if not found.is_open:
        raise AlreadyDecided(_where_it_is(found))
    if not text:
        raise ApplicationsError("Write something first.")
    message, new = ApplicationMessage.objects.get_or_create(
        application=found, once=once, defaults={"text": text, "by": by, "from_applicant": by is None}
    )
    if new:
        if by is not None and found.state == SUBMITTED:
            take_up(found, by=by)
        if found.email_confirmed_at:
            letters.said(message)
    return message


@transaction.atomic
def decline(application: Application, *, reason: str, by: User) -> None:
    """Say no, and why. Exactly one decision is made; the others get AlreadyDecided."""
    _decide(application, DECLINED, by=by, decision=texts.clean(reason))
    letters.declined(application)


@transaction.atomic
def withdraw(application: Application) -> None:
    """The applicant takes it back."""
    open_ones = Application.objects.filter(pk=application.pk, state__in=[DRAFT, *Application.OPEN])
    if not open_ones.update(state=WITHDRAWN, decided_at=timezone.now()):
        raise AlreadyDecided(_where_it_is(application))
    _note(application, by=None, reason="withdrawn")
    if application.submitted_at and application.email_confirmed_at:
        letters.withdrawn(application)


@transaction.atomic
def approve(application: Application, *, by: User) -> None:
    """Say yes: the first half of an admission, whose other half is `routing.services.admissions.admit`."""
    _decide(application, APPROVED, by=by, decision="")


@transaction.atomic
def ask_for_evidence(application: Application, *, by: User | None, test_spec: str = "") -> Evidence:
    """Have the portal look at the applicant's hub, with a test launch if one is named."""
    found = _locked(application)
    if not found.is_open or found.email_confirmed_at is None:
        raise AlreadyDecided(_where_it_is(found))
    if not found.hub_url:
        raise ApplicationsError("They named no hub that could be looked at.")
    last = found.evidence.first()
    if last is not None and last.finished_at is None:
        raise ApplicationsError("It is being looked at already.")
    if last is not None and timezone.now() - last.asked_at < EVIDENCE_PAUSE:
        raise ApplicationsError("It was looked at a few minutes ago. It is a stranger's hub: give it ten minutes.")
    return Evidence.objects.create(application=found, asked_by=by, test_spec=test_spec)


def send_link_again(email: str) -> None:
    """Send the link of the newest application with this address, if there is one that we may write about now."""
    found = Application.objects.filter(email__iexact=email.strip()).first()
    if found is not None:
        with contextlib.suppress(letters.TooManyLetters):
            letters.link(found, again=True)


def forget(now: datetime | None = None) -> int:
    """Delete what nobody confirmed, sent or needs any more; how many. The members that came of some stay."""
    now = now or timezone.now()
    unconfirmed = Q(email_confirmed_at=None, edited_at__lt=now - UNCONFIRMED_KEPT)
    left_lying = Q(state=DRAFT, edited_at__lt=now - DRAFTS_KEPT)
    closed = Q(state__in=[DECLINED, WITHDRAWN], decided_at__lt=now - timedelta(days=settings.APPLICATIONS_KEPT_DAYS))
    gone = Application.objects.filter(unconfirmed | left_lying | closed)
    count = gone.count()
    gone.delete()
    return count


def _arrive(application: Application) -> None:
    letters.arrived(application)
    if application.hub_url:
        Evidence.objects.create(application=application)


def _decide(application: Application, state: Application.State, *, by: User, decision: str) -> None:
    open_ones = Application.objects.confirmed().filter(pk=application.pk, state__in=Application.OPEN)
    if not open_ones.update(state=state, decided_at=timezone.now(), decided_by=by, decision=decision):
        raise AlreadyDecided(_where_it_is(application))
    _note(application, by=by, reason=str(state.label))


def _note(application: Application, *, by: User | None, reason: str) -> None:
    """A conditional update leaves no history by itself."""
    application.refresh_from_db()
    history.note([application], by=by, reason=reason)


def _where_it_is(application: Application) -> str:
    found = Application.objects.select_related("reviewer", "decided_by").get(pk=application.pk)
    who = found.decided_by or found.reviewer
    return f"It is {found.get_state_display()}{f', by {who}' if who else ''}. Nothing was changed."


def _locked(application: Application) -> Application:
    return Application.objects.select_for_update(of=("self",)).get(pk=application.pk)

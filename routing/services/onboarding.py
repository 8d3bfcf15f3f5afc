"""Onboarding: a checklist for each new hub. What can be checked ticks itself, the rest is ticked by people.

A maintainer may tick every step, or skip it with a reason; the member's managers say yes to its responsibilities.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from foundation import reasons, texts
from members.models import Application, Member, Role
from members.services import access, lifecycle
from routing.models import Hub, Onboarding, OnboardingStep
from routing.services import hubs, onboarding_checks, ramps, weights

if TYPE_CHECKING:
    from members.models import User

OPEN, DONE, SKIPPED = OnboardingStep.State
Step = OnboardingStep.Name
# What a member's own managers may tick; all else is for maintainers.
THEIRS: Final = frozenset([Step.RESPONSIBILITIES])
# What has to be done, or skipped on purpose, before visitors come.
BEFORE_TRAFFIC: Final = frozenset([Step.SUBDOMAIN, Step.CHECKS, Step.ON_CALL, Step.RESPONSIBILITIES])
# What a hub that comes back goes through once more.
ONCE_MORE: Final = frozenset([Step.SUBDOMAIN, Step.CHECKS, Step.ON_CALL, Step.TRAFFIC, Step.LISTED])


class OnboardingError(ValueError):
    """Nothing was changed; the text says why."""


@transaction.atomic
def begin(hub: Hub, application: Application | None = None) -> Onboarding:
    """The checklist of a hub. There is one for each; a second call changes nothing."""
    found, new = Onboarding.objects.get_or_create(hub=hub, defaults={"application": application})
    if new:
        OnboardingStep.objects.bulk_create(OnboardingStep(onboarding=found, name=name) for name in Step.values)
    return found


@transaction.atomic
def begin_again(hub: Hub) -> Onboarding:
    """Let a hub that was paused go through the admission checks once more, from now on."""
    found = begin(hub)
    found.steps.filter(name__in=ONCE_MORE).update(state=OPEN, at=None, by=None, note="", found="")
    found.begun_at, found.finished_at = timezone.now(), None
    found.save(update_fields=["begun_at", "finished_at"])
    return found


@transaction.atomic
def tick(step: OnboardingStep, *, by: User, note: str = "") -> None:
    """It is done. Ticking what somebody else ticked changes nothing."""
    member = step.onboarding.hub.member
    if step.name not in THEIRS:
        _require_maintainer(by)
    else:
        access.require(by, Role.MANAGER, member)
    _close(step, DONE, by=by, note=texts.line(note)[:500])


@transaction.atomic
def skip(step: OnboardingStep, *, reason: str, by: User) -> None:
    """It is not needed here, and why."""
    _require_maintainer(by)
    _close(step, SKIPPED, by=by, note=reasons.checked(reason))


@transaction.atomic
def reopen(step: OnboardingStep, *, by: User) -> None:
    """It is to be done after all."""
    _require_maintainer(by)
    OnboardingStep.objects.filter(pk=step.pk).update(state=OPEN, at=None, by=None, note="")
    Onboarding.objects.filter(pk=step.onboarding_id).update(finished_at=None)


@transaction.atomic
def start(hub: Hub, weight: Decimal, *, reason: str, by: User) -> None:
    """Let visitors come: the hub comes up to its first weight by a ramp, its member takes part from now on."""
    _require_maintainer(by)
    found = Onboarding.objects.select_for_update().filter(hub=hub).first()
    waits = found.steps.filter(name__in=BEFORE_TRAFFIC, state=OPEN) if found else OnboardingStep.objects.none()
    if waits.exists():
        names = "; ".join(step.get_name_display() for step in waits)
        raise OnboardingError(f"Not yet done: {names}. Finish that, or skip it with a reason.")
    if not weight:
        raise OnboardingError("With weight 0 no visitor would come.")
    weights.change({hub.pk: weight}, reason=reason, by=by)
    hubs.change_state(hub, Hub.State.ACTIVE, reason=reason, by=by, steps=ramps.DEFAULT)
    if hub.member.state == Member.State.ONBOARDING:
        lifecycle.move(hub.member, Member.State.ACTIVE, reason=f"{hub.name} takes launches", by=by)


def look(now: datetime | None = None) -> int:
    """See which open steps are done by now, of all hubs; how many were ticked. Safe to run at any time, twice too."""
    now = now or timezone.now()
    unfinished = Onboarding.objects.filter(finished_at=None).exclude(hub__state=Hub.State.RETIRED)
    ticked = 0
    for each in unfinished.select_related("hub__member", "hub__health", "application"):
        ticked += look_at(each, now)
    return ticked


def look_at(onboarding: Onboarding, now: datetime) -> int:
    """The same for one hub. The looking is done outside of any transaction: it asks DNS and Redis."""
    ticked = 0
    for step in onboarding.steps.filter(state=OPEN, name__in=onboarding_checks.CHECKS):
        found = onboarding_checks.CHECKS[Step(step.name)](onboarding, now)
        still_open = OnboardingStep.objects.filter(pk=step.pk, state=OPEN)
        if found.done:
            ticked += still_open.update(state=DONE, at=now, found=found.said[:500], looked_at=now)
        else:
            still_open.update(found=found.said[:500], looked_at=now)
    if ticked:
        _finish(onboarding)
    return ticked


def _require_maintainer(by: User) -> None:
    if not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers may do that.")


def _close(step: OnboardingStep, state: str, *, by: User, note: str) -> None:
    still_open = OnboardingStep.objects.filter(pk=step.pk, state=OPEN)
    if still_open.update(state=state, at=timezone.now(), by=by, note=note):
        _finish(step.onboarding)


def _finish(onboarding: Onboarding) -> None:
    """Note the end, once nothing is open any more."""
    if not onboarding.steps.filter(state=OPEN).exists():
        Onboarding.objects.filter(pk=onboarding.pk, finished_at=None).update(finished_at=timezone.now())

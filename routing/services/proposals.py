"""Proposals: members ask for another weight, or for not more than so many users. What only lowers needs no yes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation import reasons
from members.models import Role
from members.services import access, notices, recipients
from routing.models import Hub, HubProposal
from routing.services import hubs, ramps, weights

if TYPE_CHECKING:
    from members.models import User

State, What = HubProposal.State, HubProposal.What


class ProposalsError(ValueError):
    """Nothing was changed; the text says why."""


class Decided(ProposalsError):
    """Somebody else decided on it first, or it was withdrawn."""


@transaction.atomic
def propose_weight(hub: Hub, weight: Decimal, *, reason: str, by: User) -> HubProposal:
    """Ask for a weight. Less than now applies at once."""
    return _propose(HubProposal(hub=hub, what=What.WEIGHT, weight=weight, reason=reason, by=by))


@transaction.atomic
def propose_limit(hub: Hub, users: int | None, *, reason: str, by: User) -> HubProposal:
    """Ask for not more than so many users at the same time, None for no limit. Fewer than now applies at once."""
    return _propose(HubProposal(hub=hub, what=What.USERS, users=users, reason=reason, by=by))


@transaction.atomic
def accept(proposal: HubProposal, *, by: User, ramp: bool = False) -> HubProposal:
    """Do what the member asks, more weight also step by step. Of two who decide at once one gets Decided."""
    _require_maintainer(by)
    _settle(proposal, State.ACCEPTED, by)
    if ramp and proposal.what == What.WEIGHT and proposal.weight is not None:
        ramps.start(proposal.hub, proposal.weight, reason=proposal.reason, by=by)
        steps = ramps.said_steps(ramps.DEFAULT)
        _tell_who_asked(proposal, f"The federation's maintainers said yes. Your hub comes up to it in steps: {steps}.")
        return proposal
    _apply(proposal, by)
    _tell_who_asked(proposal, "The federation's maintainers said yes: it is so from now on.")
    return proposal


@transaction.atomic
def decline(proposal: HubProposal, *, reason: str, by: User) -> HubProposal:
    """Leave it as it is, and say why."""
    _require_maintainer(by)
    _settle(proposal, State.DECLINED, by, reasons.checked(reason))
    _tell_who_asked(proposal, f"The federation's maintainers said no: {proposal.answer}")
    return proposal


@transaction.atomic
def withdraw(proposal: HubProposal, *, by: User) -> HubProposal:
    """Take it back."""
    access.require(by, Role.EDITOR, proposal.hub.member)
    _settle(proposal, State.WITHDRAWN, by)
    return proposal


def _propose(wish: HubProposal) -> HubProposal:
    hub = Hub.objects.select_for_update(of=("self",)).select_related("member").get(pk=wish.hub_id)
    by = wish.by
    assert by is not None
    access.require(by, Role.EDITOR, hub.member)
    wish.hub, wish.reason = hub, reasons.checked(wish.reason)
    _check(wish)
    open_ones = HubProposal.objects.filter(hub=hub, what=wish.what, state=State.WAITING)
    open_ones.update(state=State.WITHDRAWN, decided_by=by, decided_at=timezone.now(), answer="another took its place")
    if _only_lowers(wish) or access.is_maintainer(by):
        wish.state, wish.decided_at = State.APPLIED, timezone.now()
    wish.save(force_insert=True)
    if wish.state == State.APPLIED:
        _apply(wish, by)
    _tell_maintainers(wish)
    return wish


def _check(wish: HubProposal) -> None:
    hub = wish.hub
    if hub.state == Hub.State.RETIRED:
        raise ProposalsError(f"{hub} has left the federation.")
    try:
        wish.clean_fields(exclude={"hub", "by", "decided_by"})
    except ValidationError as error:
        raise ProposalsError(" ".join(error.messages)) from error
    now = hub.weight if wish.what == What.WEIGHT else hub.user_limit
    if (wish.weight if wish.what == What.WEIGHT else wish.users) == now:
        raise ProposalsError("That is how it is already.")


def _only_lowers(wish: HubProposal) -> bool:
    if wish.what == What.WEIGHT:
        return wish.weight is not None and wish.weight < wish.hub.weight
    limit = wish.hub.user_limit
    return wish.users is not None and (limit is None or wish.users < limit)


def _apply(wish: HubProposal, by: User) -> None:
    if wish.what == What.USERS:
        hubs.edit(wish.hub, {"user_limit": wish.users}, reason=wish.reason, by=by)
    elif wish.weight is not None:
        weights.change({wish.hub_id: wish.weight}, reason=wish.reason, by=by)


def _settle(proposal: HubProposal, state: str, by: User, answer: str = "") -> None:
    waiting = HubProposal.objects.filter(pk=proposal.pk, state=State.WAITING)
    if not waiting.update(state=state, decided_by=by, decided_at=timezone.now(), answer=answer):
        raise Decided("Somebody decided on this already.")
    proposal.refresh_from_db()


def _require_maintainer(by: User) -> None:
    if not access.is_maintainer(by):
        raise access.NotAllowed("Only maintainers decide on proposals.")


def _tell_maintainers(wish: HubProposal) -> None:
    done = wish.state == State.APPLIED
    notices.tell(
        recipients.maintainers(),
        kind="hub-proposal",
        occasion=f"proposal {wish.pk}",
        subject=f"{wish.hub} {'has' if done else 'would like'} {wish.wish}",
        body=f"{wish.by} of {wish.hub.member}: {wish.reason}\n\n"
        + ("It only lowers, so it applies already." if done else "It waits for one of you to decide.")
        + f"\n{settings.PORTAL_URL}/my/{wish.hub.member.slug}/hubs/{wish.hub.key}/",
    )


def _tell_who_asked(proposal: HubProposal, answer: str) -> None:
    if proposal.by is not None and proposal.by.email:
        notices.queue(
            kind="hub-proposal",
            recipient=proposal.by.email.lower(),
            occasion=f"proposal {proposal.pk}, {proposal.state}",
            subject=f"{proposal.hub}: {proposal.wish}, {proposal.get_state_display()}",
            body=f"You asked for this: {proposal.reason}\n\n{answer}",
            why=f"you asked for it in the name of {proposal.hub.member}",
        )

"""What a member's states mean for its hubs: a break drains them, coming back brings them back, leaving retires them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from members.models import Member, MemberChange
from members.services import lifecycle, offers
from routing.models import Hub
from routing.services import hubs, onboarding

if TYPE_CHECKING:
    from members.models import User


PUBLICLY: Final = {
    Member.State.APPLICANT: "its member applies",
    Member.State.ONBOARDING: "its member comes back through the admission checks",
    Member.State.ACTIVE: "its member takes part again",
    Member.State.PAUSED: "its member takes a break",
    Member.State.PAST: "its member left the federation",
}


@transaction.atomic
def move(member: Member, to: str, *, reason: str, by: User | None, seen: str | None = None) -> MemberChange:
    """Let the member be in another state, and its hubs with it: all of it or nothing. As members.services.lifecycle.

    Why is for the member's own people and for maintainers. What changes of a hub is public: it says only what happened.
    """
    change = lifecycle.move(member, to, reason=reason, by=by, seen=seen)
    reason = PUBLICLY[Member.State(to)]
    own = Hub.objects.filter(member=member)
    match to:
        case Member.State.PAUSED:
            for hub in own.filter(state=Hub.State.ACTIVE):
                hubs.change_state(hub, Hub.State.DRAINED, reason=reason, by=by, with_member=True)
        case Member.State.ACTIVE | Member.State.ONBOARDING:
            # Whom maintainers paused is onboarding first, and so are its hubs: they come back through their checks.
            for hub in own.filter(rests_with_member=True):
                hubs.change_state(hub, to, reason=reason, by=by)
                if to == Member.State.ONBOARDING:
                    onboarding.begin_again(hub)
        case Member.State.PAST:
            for hub in own.published():
                hubs.change_state(hub, Hub.State.RETIRED, reason=reason, by=by)
            offers.end_all(member, by=by, reason="the member left")
    return change

"""Members, with what a member's states mean for its hubs."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation import reasons
from members.api import members
from members.api.callers import writer
from members.api.members import MemberRecord
from members.api.problems import refused
from members.models import Member
from members.services import access
from members.services import lifecycle as states
from routing.api.hub_fields import Reasoned
from routing.services import hubs, lifecycle, weights


class NewMemberState(Reasoned):
    """Where the member is to stand. `seen` is where it stood: 409 if it is elsewhere by now."""

    state = serializers.ChoiceField(Member.State.choices)
    seen = serializers.ChoiceField(Member.State.choices, required=False)


class Members(members.Members):
    """Who takes part in the federation, or did. Their own people also see a member that is only joining."""

    @extend_schema(request=NewMemberState, responses=MemberRecord)
    @action(detail=True, methods=["post"])
    def state(self, request: Request, slug: str) -> Response:
        """Let it take a break, come back or leave; its hubs go with it. For its managers, and maintainers."""
        row, wanted = self.get_object(), self.order(NewMemberState)
        with refused(
            (states.LifecycleError, hubs.HubsError, weights.WeightsError),
            conflict=states.Moved,
            forbidden=access.NotAllowed,
            field=reasons.NoReason,
        ):
            lifecycle.move(
                row, wanted["state"], reason=wanted["reason"], by=writer(request), seen=wanted.get("seen", row.state)
            )
        row.refresh_from_db()
        return self.shown(row)

"""What a member's states mean for its hubs."""

from decimal import Decimal

import pytest

from members.models import Member
from routing.models import Hub, WeightChange
from routing.services import hub_states, hubs, lifecycle
from tests.factories import make_hub, make_maintainer, make_member, make_person

pytestmark = pytest.mark.django_db


def states(member):
    return list(member.hubs.order_by("key").values_list("state", flat=True))


@pytest.fixture
def member():
    member = make_member("heron")
    make_hub("a", member=member, weight=3)
    make_hub("b", member=member, state="drained")
    return member


def test_a_break_drains_the_hubs_and_its_end_brings_just_those_back(member):
    manager = make_person(member)
    lifecycle.move(member, "paused", reason="moving house", by=manager)
    assert states(member) == ["drained", "drained"]
    assert hub_states.WITH_MEMBER.reason == "its member takes a break"
    lifecycle.move(member, "active", reason="moved", by=manager)
    assert states(member) == ["active", "drained"]
    assert Hub.objects.get(key="a").weight == 3


def test_a_hub_that_maintainers_moved_meanwhile_is_theirs_to_move(member):
    manager = make_person(member)
    lifecycle.move(member, "paused", reason="moving house", by=manager)
    hubs.change_state(Hub.objects.get(key="a"), "drained", reason="we keep it out", by=None)
    lifecycle.move(member, "active", reason="moved", by=manager)
    assert states(member) == ["drained", "drained"]


def test_who_was_paused_by_maintainers_comes_back_with_hubs_that_onboard(member):
    maintainer = make_maintainer()
    lifecycle.move(member, "paused", reason="silence", by=maintainer)
    lifecycle.move(member, "onboarding", reason="they answered", by=maintainer)
    assert states(member) == ["onboarding", "drained"]


def test_who_leaves_is_out_of_the_rotation_and_its_history_stays(member):
    lifecycle.move(member, "past", reason="the grant ended", by=make_person(member))
    assert states(member) == ["retired", "retired"]
    change = WeightChange.objects.get(hub__key="a")
    assert (change.to_weight, change.reason) == (Decimal(0), "its member left the federation")
    assert Hub.history.filter(key="a").first().history_change_reason == "its member left the federation"


def test_the_prime_cannot_leave_and_then_nothing_happens(member):
    Hub.objects.filter(key="b").update(prime=True)
    with pytest.raises(hubs.HubsError, match="prime"):
        lifecycle.move(member, "past", reason="the grant ended", by=make_person(member))
    assert Member.objects.get(slug="heron").state == "active"
    assert states(member) == ["active", "drained"]

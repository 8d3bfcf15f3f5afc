"""From applying to being thanked: which steps there are, who may take them, and what is kept of them."""

from datetime import date

import pytest

from foundation.reasons import NoReason
from members.models import Member, MemberChange, Role
from members.services import lifecycle
from members.services.access import NotAllowed
from tests.factories import make_maintainer, make_member, make_person

pytestmark = pytest.mark.django_db


def test_a_step_is_kept_with_who_when_and_why():
    member, maintainer = make_member(state="onboarding"), make_maintainer()
    lifecycle.move(member, "active", reason="all checks are green", by=maintainer)
    change = MemberChange.objects.get()
    assert (change.from_state, change.to_state, change.by, change.reason) == (
        "onboarding",
        "active",
        maintainer,
        "all checks are green",
    )
    assert member.state == "active"
    assert member.since is not None
    assert member.history.first().history_change_reason == "all checks are green"


def test_leaving_sets_the_day_and_coming_back_takes_it_away():
    member, maintainer = make_member(since=date(2024, 6, 1)), make_maintainer()
    lifecycle.move(member, "past", reason="the grant ended", by=maintainer)
    assert member.until is not None
    lifecycle.move(member, "onboarding", reason="a new grant", by=maintainer)
    assert member.until is None


def test_who_leaves_before_it_gave_anything_is_no_past_member_in_public():
    member = make_member(state="onboarding")
    lifecycle.move(member, "past", reason="no people after all", by=make_maintainer())
    assert (member.is_public, member.until) == (False, None)
    assert member not in Member.objects.past()


def test_managers_pause_themselves_and_come_back():
    member = make_member()
    manager = make_person(member)
    lifecycle.move(member, "paused", reason="moving house", by=manager)
    lifecycle.move(member, "active", reason="moved", by=manager)
    assert [change.by_maintainers for change in MemberChange.objects.all()] == [False, False]


def test_who_was_paused_by_maintainers_comes_back_through_the_checks_only():
    member, maintainer = make_member(), make_maintainer()
    manager = make_person(member)
    lifecycle.move(member, "paused", reason="three weeks of silence", by=maintainer)
    for person in (manager, maintainer, None):
        with pytest.raises(lifecycle.LifecycleError, match="admission checks"):
            lifecycle.move(member, "active", reason="again", by=person)
    with pytest.raises(NotAllowed):
        lifecycle.move(member, "onboarding", reason="again", by=manager)
    lifecycle.move(member, "onboarding", reason="they answered", by=maintainer)
    assert member.state == "onboarding"


def test_who_paused_by_itself_needs_no_checks():
    member = make_member()
    lifecycle.move(member, "paused", reason="holidays", by=make_person(member))
    with pytest.raises(lifecycle.LifecycleError, match="comes back as active"):
        lifecycle.move(member, "onboarding", reason="back", by=make_maintainer())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_others_than_managers_cannot(role):
    member = make_member()
    person = make_person(member, role)
    assert lifecycle.steps(member, person) == []
    with pytest.raises(NotAllowed):
        lifecycle.move(member, "paused", reason="why not", by=person)


@pytest.mark.parametrize(
    ("state", "own", "maintainers"),
    [
        ("applicant", [], ["onboarding", "active", "past"]),
        ("onboarding", ["past"], ["active", "past"]),
        ("active", ["paused", "past"], ["paused", "past"]),
        ("paused", ["active", "past"], ["active", "past"]),
        ("past", [], ["onboarding"]),
    ],
)
def test_the_steps_that_each_may_take(state, own, maintainers):
    member = make_member(state=state)
    assert lifecycle.steps(member, make_person(member)) == own
    assert lifecycle.steps(member, make_maintainer()) == maintainers


def test_the_second_of_two_is_told():
    member, maintainer = make_member(), make_maintainer()
    lifecycle.move(member, "paused", reason="first", by=maintainer, seen="active")
    with pytest.raises(lifecycle.Moved):
        lifecycle.move(member, "past", reason="second", by=maintainer, seen="active")


def test_no_step_without_a_reason():
    member = make_member()
    with pytest.raises(NoReason):
        lifecycle.move(member, "past", reason=" ", by=make_maintainer())
    assert Member.objects.get().state == "active"

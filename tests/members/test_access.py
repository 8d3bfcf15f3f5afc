"""Who may do what with a member: the one rule."""

import pytest
from django.contrib.auth.models import AnonymousUser

from members.models import Role
from members.services import access
from tests.factories import make_access, make_maintainer, make_member, make_user

pytestmark = pytest.mark.django_db
ROLES = (Role.VIEWER, Role.EDITOR, Role.MANAGER)


@pytest.mark.parametrize("number", range(3))
def test_each_role_may_what_those_below_may_and_no_more(number):
    given = make_access(role=ROLES[number])
    allowed = [role for role in ROLES if access.may(given.user, role, given.member)]
    assert allowed == list(ROLES[: number + 1])


def test_a_manager_is_nobody_at_another_member():
    given = make_access(role=Role.MANAGER)
    assert access.role(given.user, make_member()) is None
    assert not access.may(given.user, Role.VIEWER, make_member())


def test_maintainers_may_do_everything_with_every_member_and_have_no_role_there():
    person, member = make_maintainer(), make_member()
    assert access.may(person, Role.MANAGER, member)
    assert access.role(person, member) is None


@pytest.mark.parametrize("make", [AnonymousUser, make_user, lambda: make_user(is_staff=True)])
def test_strangers_may_nothing(make):
    assert not access.may(make(), Role.VIEWER, make_member())


def test_an_account_that_was_switched_off_may_nothing_whatever_it_was():
    given, maintainer = make_access(role=Role.MANAGER), make_maintainer()
    given.user.is_active = maintainer.is_active = False
    assert not access.may(given.user, Role.VIEWER, given.member)
    assert not access.is_maintainer(maintainer)


def test_a_refusal_says_who_may():
    given = make_access("ada", role=Role.VIEWER)
    with pytest.raises(access.NotAllowed, match="Only a manager"):
        access.require(given.user, Role.MANAGER, given.member)

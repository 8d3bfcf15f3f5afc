"""Invitations: sent by managers, taken once by whoever has the link."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Access, Invitation, Notice, Role, User
from members.services import access, accounts, invitations
from tests.factories import make_access, make_maintainer, make_member, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Access:
    return make_access("mary", role=Role.MANAGER)


def invite(manager: Access, email: str = "new@example.org", role: Role = Role.EDITOR) -> Invitation:
    return invitations.invite(manager.member, email, role, by=manager.user)


def secret_sent_to(email: str = "new@example.org") -> str:
    body = Notice.objects.filter(kind="invitation", recipient=email).latest("pk").body
    return re.search(r"/invitations/([^/]+)/", body)[1]


def test_a_newcomer_gets_an_account_with_that_address_and_the_role(manager):
    invite(manager, "New@Example.org")
    user = invitations.accept_as_newcomer(invitations.opened(secret_sent_to()), "Nia")
    assert (user.email, str(user), user.has_usable_password()) == ("new@example.org", "Nia", False)
    assert access.role(user, manager.member) == Role.EDITOR
    given = Access.objects.get(user=user)
    assert given.given_by == manager.user
    assert given.history.latest().history_user == user


def test_the_database_holds_no_secret_but_in_the_letter_and_the_outbox_does_not_show_it(manager, client):
    row = invite(manager)
    secret = secret_sent_to()
    assert secret not in str(Invitation.objects.filter(pk=row.pk).values().get())
    client.force_login(make_maintainer())
    page = client.get(f"/admin/members/notice/{Notice.objects.get().pk}/change/").content.decode()
    assert secret not in page
    assert "/invitations/…/" in page


def test_it_works_once(manager):
    invite(manager)
    row = invitations.opened(secret_sent_to())
    invitations.accept(row, by=make_user())
    with pytest.raises(invitations.BadLink):
        invitations.opened(secret_sent_to())
    with pytest.raises(invitations.BadLink):
        invitations.accept(row, by=make_user())
    assert manager.member.access.count() == 2


def test_the_inviter_hears_who_came(manager):
    invite(manager)
    invitations.accept_as_newcomer(invitations.opened(secret_sent_to()), "Nia")
    told = Notice.objects.get(kind="invitation-accepted")
    assert told.recipient == manager.user.email
    assert "Nia" in told.subject


def test_it_expires_and_a_new_letter_works_again(manager):
    row = invite(manager)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(invitations.OldLink):
        invitations.opened(secret_sent_to())
    with pytest.raises(invitations.BadLink):
        invitations.accept(row, by=make_user())
    invitations.send_again(row, by=manager.user)
    assert invitations.opened(secret_sent_to()) == row


def test_a_new_letter_ends_the_link_of_the_one_before(manager):
    row = invite(manager)
    old = secret_sent_to()
    invitations.send_again(row, by=manager.user)
    with pytest.raises(invitations.BadLink):
        invitations.opened(old)


def test_who_is_invited_twice_has_one_invitation_with_the_later_role(manager):
    invite(manager, role=Role.MANAGER)
    invite(manager, role=Role.VIEWER)
    assert Invitation.objects.get().role == Role.VIEWER


def test_what_is_taken_back_works_no_more(manager):
    invitations.take_back(invite(manager), by=manager.user)
    with pytest.raises(invitations.BadLink):
        invitations.opened(secret_sent_to())


@pytest.mark.parametrize("secret", ["", "x" * 43, "\0", "ü" * 300, "../../etc", "%00"])
def test_an_invented_link_leads_nowhere(manager, secret):
    invite(manager)
    with pytest.raises(invitations.BadLink):
        invitations.opened(secret)


def test_nobody_loses_a_role_by_an_invitation(manager):
    row = invite(manager, role=Role.VIEWER)
    invitations.accept(row, by=manager.user)
    assert access.role(manager.user, manager.member) == Role.MANAGER


def test_who_has_access_already_is_not_invited(manager):
    with pytest.raises(invitations.AlreadyIn):
        invite(manager, manager.user.email.upper())


def test_an_account_made_in_another_window_is_not_made_twice(manager):
    invite(manager)
    row = invitations.opened(secret_sent_to())
    accounts.create("new@example.org")
    with pytest.raises(accounts.AddressTaken):
        invitations.accept_as_newcomer(row, "Nia")
    assert User.objects.filter(email="new@example.org").count() == 1
    assert invitations.opened(secret_sent_to()) == row


@pytest.mark.parametrize("email", ["", "no address", "a@b", "a@example.org\nBcc: b@example.org"])
def test_only_an_address_can_be_invited(manager, email):
    with pytest.raises(invitations.InvitationsError):
        invite(manager, email)
    assert not Notice.objects.exists()


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR])
def test_only_managers_and_maintainers_invite_send_again_and_take_back(manager, role):
    row = invite(manager)
    by = make_access(role=role, member=manager.member).user if role else make_access(role=Role.MANAGER).user
    for act in (
        lambda: invitations.invite(manager.member, "other@example.org", Role.VIEWER, by=by),
        lambda: invitations.send_again(row, by=by),
        lambda: invitations.take_back(row, by=by),
    ):
        with pytest.raises(access.NotAllowed):
            act()
    invitations.take_back(row, by=make_maintainer())


def test_a_manager_can_not_have_a_stranger_flooded_with_letters(manager):
    row = invite(manager)
    for _ in range(invitations.MOST_TO_ONE - 1):
        invitations.send_again(row, by=manager.user)
    with pytest.raises(invitations.TooMany):
        invitations.send_again(row, by=manager.user)
    assert Notice.objects.count() == invitations.MOST_TO_ONE


def test_two_members_may_invite_the_same_person(manager):
    other = make_access(role=Role.MANAGER)
    invite(manager)
    invite(other)
    assert Invitation.objects.count() == 2
    assert make_member().invitations.count() == 0

"""The pages about the people of a member, and the page behind an invitation."""

import re

import pytest
from django.test import Client

from members.models import Access, Invitation, Notice, Role, User
from members.services import accounts
from tests.factories import make_access, make_invitation, make_maintainer, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client, redis_url) -> Access:
    given = make_access("mary", role=Role.MANAGER)
    client.force_login(given.user)
    return given


def home(given: Access) -> str:
    return f"/my/{given.member.slug}/people/"


def link() -> str:
    return re.search(r"http\S+(/invitations/\S+)", Notice.objects.filter(kind="invitation").latest("pk").body)[1]


def test_a_manager_invites_and_a_newcomer_is_in_with_two_clicks(client, manager):
    client.post(home(manager), {"email": "nia@example.org", "role": "editor"})
    browser = Client()
    page = browser.get(link()).content.decode()
    assert "mary" in page
    assert not User.objects.filter(email="nia@example.org").exists()  # To look takes nothing.
    answer = browser.post(link(), {"name": "Nia"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/my/{manager.member.slug}/"
    assert manager.member.access.get(user__email="nia@example.org").role == "editor"
    assert browser.get(link()).status_code == 410


def test_who_has_an_account_logs_in_first_and_no_link_logs_in_for_them(client, manager):
    accounts.create("ada@example.org")
    client.post(home(manager), {"email": "ada@example.org", "role": "viewer"})
    browser = Client()
    page = browser.post(link(), {"name": "Somebody else"}).content.decode()
    assert "Log in to accept" in page
    assert browser.get("/accounts/").status_code == 302
    browser.force_login(User.objects.get(email="ada@example.org"))
    browser.post(link())
    assert manager.member.access.filter(user__email="ada@example.org", role="viewer").exists()


def test_who_is_logged_in_with_another_address_is_asked_whether_it_is_them(client, manager):
    client.post(home(manager), {"email": "ada@example.org", "role": "viewer"})
    browser = Client()
    browser.force_login(make_user("bob"))
    assert "accept only if that is you" in browser.get(link()).content.decode()


def test_a_broken_link_says_what_to_do(client, redis_url):
    answer = client.get("/invitations/nothing-of-ours/")
    assert answer.status_code == 410
    assert "can send you a new link" in answer.content.decode()


def test_roles_change_and_people_go_by_the_page(client, manager):
    eddy = make_access("eddy", role="editor", member=manager.member)
    client.post(f"{home(manager)}{eddy.pk}/", {"role": "manager"})
    eddy.refresh_from_db()
    assert eddy.role == "manager"
    page = client.post(f"{home(manager)}{eddy.pk}/", {"remove": "yes"}, follow=True).content.decode()
    assert "eddy has no access" in page
    assert not Access.objects.filter(pk=eddy.pk).exists()


def test_the_only_manager_is_told_why_they_can_not_leave(client, manager):
    page = client.post(f"{home(manager)}{manager.pk}/", {"remove": "yes"}, follow=True).content.decode()
    assert "the only manager" in page


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_others_see_the_people_and_change_nobody_but_themselves(client, manager, role):
    person = make_access(role=role, member=manager.member)
    make_invitation(manager.member, "secret-guest@example.org")
    client.force_login(person.user)
    page = client.get(home(manager)).content.decode()
    assert "mary" in page
    assert "secret-guest" not in page
    assert client.post(home(manager), {"email": "x@example.org", "role": "manager"}).status_code == 403
    assert client.post(f"{home(manager)}{manager.pk}/", {"remove": "yes"}).status_code == 403
    assert client.post(f"{home(manager)}{person.pk}/", {"role": "manager"}).status_code == 403
    client.post(f"{home(manager)}{person.pk}/", {"remove": "yes"})
    assert not Access.objects.filter(pk=person.pk).exists()


def test_invitations_are_sent_again_and_taken_back_by_the_page(client, manager):
    row = make_invitation(manager.member, "nia@example.org")
    client.post(f"{home(manager)}invitations/{row.pk}/")
    assert Notice.objects.filter(recipient="nia@example.org").count() == 1
    client.post(f"{home(manager)}invitations/{row.pk}/", {"take-back": "yes"})
    assert not Invitation.objects.exists()
    assert client.post(f"{home(manager)}invitations/{row.pk}/").status_code == 404


@pytest.mark.parametrize("values", [{"email": "no", "role": "viewer"}, {"email": "a@example.org", "role": "owner"}])
def test_what_makes_no_sense_is_told_and_nothing_typed_is_lost(client, manager, values):
    page = client.post(home(manager), values).content.decode()
    assert 'class="wrong"' in page
    assert f'value="{values["email"]}"' in page
    assert not Invitation.objects.exists()


def test_a_maintainer_gives_a_member_its_first_manager(client, manager):
    client.force_login(make_maintainer())
    client.post(home(manager), {"email": "first@example.org", "role": "manager"})
    assert Invitation.objects.get().role == "manager"


def test_more_people_cost_no_more_queries(client, manager, django_assert_max_num_queries):
    for _ in range(12):
        make_access(member=manager.member)
        make_invitation(manager.member)
    with django_assert_max_num_queries(12):
        client.get(home(manager))

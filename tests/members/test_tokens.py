"""Tokens: shown once, kept as a digest, revoked at once; and the page where people make them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Access, Role, Token, User
from members.services import tokens
from tests.factories import make_maintainer, make_member, make_person, make_user

pytestmark = pytest.mark.django_db


def issue(by: User, **values) -> tokens.New:
    wanted = {"name": "export", "scopes": ["read"], "expires_at": timezone.now() + timedelta(days=1), **values}
    return tokens.issue(by=by, **wanted)


def test_the_database_does_not_know_the_secret():
    new = issue(make_user())
    row = Token.objects.values().get()
    assert new.secret.startswith(row["prefix"])
    assert not any(new.secret in str(value) for value in row.values())
    assert tokens.known(new.secret) == new.token


def test_its_use_is_noted_to_the_minute(django_assert_num_queries):
    new = issue(make_user())
    tokens.known(new.secret)
    new.token.refresh_from_db()
    assert timezone.now() - new.token.last_used_at < timedelta(minutes=1)
    with django_assert_num_queries(1):
        tokens.known(new.secret)


@pytest.mark.parametrize(
    "values",
    [
        {"scopes": []},
        {"scopes": ["read", "root"]},
        {"name": " \n "},
        {"name": "x" * 101},
        {"expires_at": timezone.now() - timedelta(days=1)},
        {"expires_at": timezone.now() + timedelta(days=1000)},
    ],
)
def test_what_makes_no_sense_makes_no_token(values):
    with pytest.raises(tokens.TokensError):
        issue(make_user(), **values)
    assert not Token.objects.exists()


def test_a_service_account_goes_on_when_its_maker_leaves():
    member = make_member("ovh")
    manager = make_person(member)
    values = {"name": "robot", "scopes": ["members"], "expires_at": timezone.now() + timedelta(days=1), "by": manager}
    new = tokens.issue_for_member(member, role=Role.EDITOR, **values)
    tokens.revoke_all(manager, by=None)
    manager.delete()
    account = tokens.known(new.secret).user
    assert account.service
    assert not account.has_usable_password()
    assert Access.objects.get(user=account).role == Role.EDITOR


def test_only_a_manager_makes_a_service_account_and_never_a_manager():
    member = make_member("ovh")
    values = {"name": "robot", "scopes": ["members"], "expires_at": timezone.now() + timedelta(days=1)}
    with pytest.raises(tokens.NotAllowed):
        tokens.issue_for_member(member, role=Role.VIEWER, by=make_person(member, Role.EDITOR), **values)
    with pytest.raises(tokens.TokensError):
        tokens.issue_for_member(member, role=Role.MANAGER, by=make_person(member), **values)


def test_a_revoked_service_account_is_no_account_any_more():
    member = make_member("ovh")
    manager = make_person(member)
    values = {"name": "robot", "scopes": ["members"], "expires_at": timezone.now() + timedelta(days=1), "by": manager}
    new = tokens.issue_for_member(member, role=Role.EDITOR, **values)
    tokens.revoke(new.token, by=manager)
    assert tokens.known(new.secret) is None
    assert not Access.objects.filter(user__service=True).exists()
    with pytest.raises(tokens.Revoked):
        tokens.revoke(new.token, by=manager)


def test_others_do_not_revoke_it_maintainers_do():
    new = issue(make_user())
    with pytest.raises(tokens.NotAllowed):
        tokens.revoke(new.token, by=make_user())
    tokens.revoke(new.token, by=make_maintainer())
    assert tokens.known(new.secret) is None


def test_a_person_makes_one_sees_it_once_and_revokes_it(client):
    person = make_user("ada")
    client.force_login(person)
    made = client.post(reverse("tokens"), {"name": "nightly", "scopes": ["read", "exports"], "days": 30})
    secret = made.context["new"].secret
    assert secret in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    token = Token.objects.get()
    assert (token.user, token.member, token.scopes) == (person, None, ["exports", "read"])
    assert secret not in client.get(reverse("tokens")).content.decode()
    assert "Reads are not kept" in client.get(reverse("token", args=[token.pk])).content.decode()
    client.post(reverse("token-revoke", args=[token.pk]))
    assert tokens.known(secret) is None


def test_a_manager_makes_one_for_the_member(client):
    member = make_member("ovh")
    client.force_login(make_person(member))
    body = {"name": "robot", "scopes": ["members"], "days": 90, "member": member.pk, "role": "editor"}
    client.post(reverse("tokens"), body)
    assert Token.objects.get().member == member


def test_nobody_makes_one_for_a_member_they_do_not_manage(client):
    member = make_member("ovh")
    client.force_login(make_person(member, Role.EDITOR))
    client.post(reverse("tokens"), {"name": "robot", "scopes": ["members"], "days": 90, "member": member.pk})
    assert not Token.objects.exclude(member=None).exists()


def test_what_is_wrong_is_said_and_nothing_is_lost(client):
    client.force_login(make_user())
    page = client.post(reverse("tokens"), {"name": "nightly", "days": 30}).content.decode()
    assert 'value="nightly"' in page
    assert not Token.objects.exists()


def test_a_token_of_somebody_else_is_not_found(client):
    other = issue(make_user()).token
    client.force_login(make_user())
    assert client.get(reverse("token", args=[other.pk])).status_code == 404
    assert client.post(reverse("token-revoke", args=[other.pk])).status_code == 404

"""Logging in with GitHub: for those who have an account with an address that GitHub has verified, and nobody else."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client

from members.adapters import SocialAdapter
from members.models import User
from members.services import accounts

pytestmark = pytest.mark.django_db


class GitHub:
    """What GitHub says of the person who comes back from it."""

    def __init__(self) -> None:
        self.emails: list[dict[str, Any]] = []

    def knows(self, email: str, *, verified: bool = True) -> None:
        self.emails.append({"email": email, "primary": not self.emails, "verified": verified})

    def __enter__(self) -> "GitHub":
        return self

    def __exit__(self, *_args: object) -> None:
        pass

    def get(self, url: str, headers: dict[str, str]) -> "Answer":
        profile = {"id": 7, "login": "ada", "name": "Ada", "email": "shown@example.org", "location": "London"}
        return Answer(self.emails if url.endswith("/emails") else profile)


class Answer:
    status_code = 200

    def __init__(self, data: Any) -> None:
        self.json = lambda: data

    def raise_for_status(self) -> None:
        pass


@pytest.fixture
def github(settings, monkeypatch, redis_url) -> GitHub:
    github = GitHub()
    settings.GITHUB_CLIENT_ID = "our-id"
    provider = {**settings.SOCIALACCOUNT_PROVIDERS["github"], "APPS": [{"client_id": "our-id", "secret": "s"}]}
    settings.SOCIALACCOUNT_PROVIDERS = {"github": provider}
    monkeypatch.setattr(OAuth2Client, "get_access_token", lambda *_args, **_kwargs: {"access_token": "token"})
    monkeypatch.setattr(SocialAdapter, "get_requests_session", lambda _self: github)
    return github


def come_back(client) -> Any:
    """There and back again."""
    there = urlsplit(client.post("/accounts/github/login/")["Location"])
    assert (there.hostname, there.path) == ("github.com", "/login/oauth/authorize")
    state = parse_qs(there.query)["state"][0]
    return client.get("/accounts/github/login/callback/", {"code": "code", "state": state}, follow=True)


def is_logged_in(client) -> bool:
    return client.get("/accounts/").status_code == 200


def test_the_login_offers_it(client, github):
    assert "Continue with GitHub" in client.get("/accounts/login/").content.decode()


def test_who_has_an_account_with_a_verified_address_is_in(client, github):
    accounts.create("ada@example.org")
    github.knows("other@example.org")
    github.knows("ada@example.org")
    come_back(client)
    assert is_logged_in(client)
    kept = SocialAccount.objects.get()
    assert kept.user.email == "ada@example.org"
    assert kept.extra_data == {"login": "ada"}


def test_later_it_goes_by_the_github_account_whatever_its_addresses(client, github):
    ada = accounts.create("ada@example.org")
    github.knows("ada@example.org")
    come_back(client)
    client.logout()
    github.emails.clear()
    come_back(client)
    assert client.get("/accounts/").wsgi_request.user == ada
    assert SocialAccount.objects.get().extra_data == {"login": "ada"}


@pytest.mark.parametrize("verified", [True, False])
def test_it_makes_no_account_and_believes_no_address_that_is_not_verified(client, github, verified):
    accounts.create("ada@example.org")
    github.knows("stranger@example.org" if verified else "ada@example.org", verified=verified)
    page = come_back(client).content.decode()
    assert "by invitation" in page
    assert not is_logged_in(client)
    assert User.objects.count() == 1


def test_an_answer_that_was_not_asked_for_lets_nobody_in(client, github):
    accounts.create("ada@example.org")
    github.knows("ada@example.org")
    client.get("/accounts/github/login/callback/", {"code": "code", "state": "invented"})
    assert not is_logged_in(client)

"""Callers of the API, each as a client that shows a token or is logged in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from federation.api import throttles
from members.models import Token, User
from members.services import tokens
from tests.factories import make_maintainer


@pytest.fixture(autouse=True)
def nobody_is_counted(request, settings):
    """Rates far beyond what a test asks; the tests of rates set their own."""
    settings.API_RATE_ANYBODY = settings.API_RATE_ACCOUNTS = settings.API_RATE_WRITES = "1000000/minute"
    throttles.forget_outage()


class Caller:
    """Asks the API as JSON."""

    def __init__(self, token: str = "", client: Client | None = None) -> None:
        self.client = client or Client()
        self.token = token

    def ask(self, method: str, path: str, data: Any = None, **headers: str):
        """The response; `headers` with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        kind = {} if data is None else {"content_type": "application/json", "data": data}
        return getattr(self.client, method)(f"/api/v1/{path}", headers=named, **kind)

    def get(self, path: str = "", **headers: str):
        return self.ask("get", path, **headers)

    def post(self, path: str, data: Any, **headers: str):
        return self.ask("post", path, data, **headers)

    def patch(self, path: str, data: Any, **headers: str):
        return self.ask("patch", path, data, **headers)

    def delete(self, path: str, **headers: str):
        return self.ask("delete", path, **headers)


def caller_for(user: User, *scopes: str) -> Caller:
    """A program with a token of this person, by default with all scopes."""
    new = tokens.issue(
        name="test", scopes=scopes or Token.Scope.values, expires_at=timezone.now() + timedelta(days=1), by=user
    )
    return Caller(new.secret)


@pytest.fixture
def anybody(db) -> Caller:
    """Without an account."""
    return Caller()


@pytest.fixture
def maintainer(db) -> Caller:
    """With a maintainer's token of all scopes."""
    return caller_for(make_maintainer("mara"))


def problem(response, status: int) -> dict[str, Any]:
    """The problem document of a refusal with this status."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return found

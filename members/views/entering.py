"""Letting somebody in who has proved by other ways than the login who they are."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse

from members.models import User


def enter(request: HttpRequest, user: User, *, by: str, target: str | None) -> HttpResponse:
    """Log them in, with a second factor if they have one, and lead them there; the session keeps how they came in."""
    record_authentication(request, user, method=by)
    response: HttpResponse = perform_login(request, Login(user=user, redirect_url=target))
    return response

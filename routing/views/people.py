"""Requests of people who are logged in."""

from __future__ import annotations

from django.http import HttpRequest

from members.models import User


class Request(HttpRequest):
    """Behind a login: `user` is a person."""

    user: User

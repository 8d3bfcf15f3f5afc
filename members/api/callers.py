"""Who calls, as far as the answer depends on it. What a person may do with which row is for the services to say."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import AnonymousUser
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from members.models import Token, User
from members.services import access

READ: Final = "read"


def token_of(request: Request) -> Token | None:
    """The token that was shown, if any."""
    return request.auth if isinstance(request.auth, Token) else None


def viewer(request: Request) -> User | AnonymousUser:
    """As whom the caller reads: a token without the scope `read` sees what everybody sees."""
    token = token_of(request)
    return AnonymousUser() if token is not None and READ not in token.scopes else request.user


def writer(request: Request) -> User:
    """Who writes: the permission let nobody else through."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def require_scope(request: Request, scope: str) -> None:
    """Refuse a token without this scope; a person in a browser has them all."""
    token = token_of(request)
    if token is not None and scope not in token.scopes:
        raise PermissionDenied(f"This token is not for that: it lacks the scope “{scope}”.")


class PeopleWrite(BasePermission):
    """Everybody reads. Writes need an account, and of a token the view's `scope`; the service decides on the row."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether to go on to the view."""
        if request.method in SAFE_METHODS:
            return True
        if not request.user.is_authenticated:
            return False
        require_scope(request, getattr(view, "scope", ""))
        return True


class MaintainersWrite(PeopleWrite):
    """Everybody reads, maintainers write."""

    message = "Only maintainers may do that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether to go on to the view."""
        if not super().has_permission(request, view):
            return False
        return request.method in SAFE_METHODS or access.is_maintainer(request.user)


class Maintainers(PeopleWrite):
    """Maintainers read and write."""

    message = "Only maintainers see that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether to go on to the view."""
        if not request.user.is_authenticated:
            return False
        require_scope(request, READ if request.method in SAFE_METHODS else getattr(view, "scope", ""))
        return access.is_maintainer(request.user)


class People(BasePermission):
    """Whoever has an account; a token needs the scope `read` to read, the view's to write."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether to go on to the view."""
        if not request.user.is_authenticated:
            return False
        require_scope(request, READ if request.method in SAFE_METHODS else getattr(view, "scope", ""))
        return True

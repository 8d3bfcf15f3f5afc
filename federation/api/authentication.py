"""Who calls: a program with a token, or a person whose browser is logged in."""

from __future__ import annotations

from typing import Final

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from members.models import Token, User
from members.services import tokens

LONGEST_HEADER: Final = 300


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer fed_…`. Sessions, REST framework's own, come second and need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """The account a token acts as; 401 for a token that is unknown, revoked or expired."""
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = tokens.known(secret.strip().decode("latin-1")) if len(secret) < LONGEST_HEADER else None
        if token is None:
            raise AuthenticationFailed("This token is unknown, revoked or expired. Make a new one at /my/tokens/.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says is missing."""
        return 'Bearer realm="federation"'

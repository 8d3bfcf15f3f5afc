"""How django-allauth is fitted in: who may have an account, where a login leads, how its letters go out."""

from __future__ import annotations

import smtplib
import time
from typing import Any, Final

import structlog
from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from members.models import User

logger = structlog.get_logger(__name__)

REAUTHENTICATION: Final = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use the app or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts of the portal."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": "This is not the code that we sent. Look at the newest letter.",
        "too_many_login_attempts": "That was tried too often. Wait a few minutes, then try again.",
        "email_password_mismatch": "No account has this name and this password.",
        "username_password_mismatch": "No account has this name and this password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: an account is made for those who were invited or whose application was approved."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Each to where their work is."""
        return reverse("admin:index" if request.user.is_staff else "my")

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:  # noqa: ANN401
        """Nobody logs in as an account that was switched off, or as one that only has tokens."""
        if user.service:
            return self.respond_user_inactive(request, user)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:  # noqa: ANN401
        """Not within minutes of a login: that was proof enough."""
        records = get_authentication_records(self.request, self.request.user)
        if any(time.time() - each["at"] < app_settings.REAUTHENTICATION_TIMEOUT for each in records):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """The quickest first: a passkey."""
        methods = super().get_reauthentication_methods(user)
        for each in methods:
            each["description"] = REAUTHENTICATION.get(each["id"], each["description"])
        return sorted(methods, key=lambda each: "webauthn" not in each["id"])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """At once and never by the outbox: what is in these letters opens an account, and nobody may read it there."""
        try:
            if settings.MAIL_SERVER_MISSING:
                raise ConnectionError("EMAIL_URL is not set")
            super().send_mail(template_prefix, email, context)
        except (smtplib.SMTPException, OSError) as error:
            # What the server said may hold the address.
            logger.warning("account_letter_not_sent", letter=template_prefix, reason=type(error).__name__)
            page = render(self.request, "account/no_mail.html", status=503)
            raise ImmediateHttpResponse(page) from error


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This is not the code that the app shows now.",
    }

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: ANN401
        """What a key is called until its owner names it."""
        return super().generate_authenticator_name(user, type).replace("Master key", "First key")


class SocialAdapter(DefaultSocialAccountAdapter):
    """Logging in by GitHub, for those who have an account with one of their verified addresses."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """It makes no account."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Of all that GitHub tells, keep the name one knows the account by."""
        sociallogin.account.extra_data = {"login": sociallogin.account.extra_data.get("login", "")}
        if sociallogin.account.pk:
            sociallogin.account.save(update_fields=["extra_data"])

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        """What GitHub knows us as; no page at all where it was not set up."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist:
            raise Http404 from None


@receiver(authenticator_added)
def proved(request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:  # noqa: ANN401
    """Who has just set up a second factor has just used it, and may see the recovery codes."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, method="mfa", type=authenticator.type, reauthenticated=True)

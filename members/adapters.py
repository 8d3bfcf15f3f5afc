"""How django-allauth is fitted in: who may have an account, where a login leads, how its letters go out."""

from __future__ import annotations

import smtplib
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from members.models import User
from members.services import mail

logger = structlog.get_logger(__name__)


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

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """At once and never by the outbox: what is in these letters opens an account, and nobody may read it there."""
        try:
            if settings.MAIL_SERVER_MISSING:
                raise ConnectionError("EMAIL_URL is not set")
            super().send_mail(template_prefix, email, context)
        except (smtplib.SMTPException, OSError) as error:
            logger.warning("account_letter_not_sent", letter=template_prefix, reason=mail.said(error))
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

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        """What GitHub knows us as; no page at all where it was not set up."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist:
            raise Http404 from None

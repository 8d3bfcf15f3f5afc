"""Whoever runs the federation proves it with two factors: without one they get no further than their account."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from members.services import accounts


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Send those who lack it to the page where they set it up. Stands behind the one that knows who asks."""
    account = reverse("account")

    def answer(request: HttpRequest) -> HttpResponseBase:
        if (
            settings.REQUIRE_SECOND_FACTOR
            and not request.path_info.startswith(account)
            and accounts.lacks_second_factor(request.user)
        ):
            messages.warning(request, "You run the federation, so set up a second factor first: a passkey or an app.")
            return redirect("mfa_index")
        return get_response(request)

    return answer

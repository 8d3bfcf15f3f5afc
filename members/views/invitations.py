"""The page behind the link of an invitation."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members.models import Invitation, User
from members.people_forms import NewcomerForm
from members.services import accounts, invitations
from members.views.entering import enter


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """What is offered, by whom, and how to take it: logged in, by logging in, or with a new account."""
    try:
        row = invitations.opened(secret)
        if request.user.is_authenticated:
            return _as_somebody(request, row)
        if (account := invitations.account_of(row)) is not None:
            return render(request, "invitations/log_in.html", {"invitation": row, "account": account})
        return _as_newcomer(request, row)
    except invitations.BadLink as error:
        return render(request, "invitations/gone.html", {"reason": str(error)}, status=410)


def _as_somebody(request: HttpRequest, row: Invitation) -> HttpResponse:
    if request.method != "POST":
        return render(request, "invitations/accept.html", {"invitation": row})
    invitations.accept(row, by=cast(User, request.user))
    messages.success(request, f"Welcome to {row.member}.")
    return redirect("my-member", row.member.slug)


def _as_newcomer(request: HttpRequest, row: Invitation) -> HttpResponse:
    form = NewcomerForm(request.POST or None)
    if not form.is_valid():
        return render(request, "invitations/newcomer.html", {"invitation": row, "form": form})
    try:
        user = invitations.accept_as_newcomer(row, form.cleaned_data["name"])
    except accounts.AddressTaken:  # By another window, a moment ago.
        return redirect(request.path)
    messages.success(request, f"Welcome to {row.member}.")
    return enter(request, user, by="invitation", target=reverse("my-member", args=[row.member.slug]))

"""One's own account; django-allauth has the pages on how to log in."""

from __future__ import annotations

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from members.account_forms import ZONES, AccountForm
from members.models import User
from members.services import accounts


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """What a person is called, their time zone, and for whom they may act."""
    person = get_object_or_404(User, pk=request.user.pk)
    form = AccountForm(request.POST or None, person=person)
    if form.is_valid():
        accounts.edit(person, name=form.cleaned_data["name"], time_zone=form.cleaned_data["time_zone"])
        messages.success(request, "Your account is changed.")
        return redirect("account")
    context = {
        "form": form,
        "zones": ZONES,
        "given": person.access.select_related("member"),
        "lacks_second_factor": accounts.lacks_second_factor(person),
    }
    return render(request, "account/account.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Log one of one's own sessions out."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    end_sessions(request, [session])
    messages.success(request, "That session is logged out.")
    return redirect("usersessions_list")

"""The applicant's page, behind the link that was mailed: how far it is, what was said, and the way to answer."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.application_forms import MessageForm, answers
from members.models import Application
from members.services import application_links, applications, rates
from members.views.applying import SESSION


@never_cache
@require_safe
def application(request: HttpRequest, secret: str) -> HttpResponse:
    """The page. A draft that is looked at here is the one this browser works on from now on."""
    try:
        found = application_links.opened(secret)
    except application_links.OldLink:
        return render(request, "applications/old_link.html", status=410)
    except application_links.BadLink:
        return render(request, "applications/bad_link.html", status=404)
    if found.state == Application.State.DRAFT:
        request.session[SESSION] = found.pk
    return _page(request, found, secret, MessageForm())


@require_POST
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """Yes, this is my address."""

    def do(found: Application) -> str:
        applications.confirm(found)
        if found.is_closed:
            return "This is your address. The application is closed all the same."
        return "Thank you: your address is confirmed."

    return _act(request, secret, do)


@require_POST
def withdraw(request: HttpRequest, secret: str) -> HttpResponse:
    """Take it back."""

    def do(found: Application) -> str:
        applications.withdraw(found)
        return "Your application is taken back. Thank you for thinking of it."

    return _act(request, secret, do)


@require_POST
def say(request: HttpRequest, secret: str) -> HttpResponse:
    """Answer, or add something."""
    found = _opened(secret)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _page(request, found, secret, form)
    if not rates.spend("application-message", str(found.pk), "20/hour"):
        form.add_error(None, "Those were many messages. Wait an hour, please; what you typed is still here.")
        return _page(request, found, secret, form, status=429)

    def do(found: Application) -> str:
        applications.say(found, form.cleaned_data["text"], once=form.cleaned_data["once"], by=None)
        return "Sent. The maintainers get it by e-mail too."

    return _act(request, secret, do)


def _act(request: HttpRequest, secret: str, do: Callable[[Application], str]) -> HttpResponse:
    try:
        messages.success(request, do(_opened(secret)))
    except applications.ApplicationsError as error:
        messages.error(request, str(error))
    return redirect("application", secret)


def _opened(secret: str) -> Application:
    try:
        return application_links.opened(secret)
    except application_links.BadLink:
        raise Http404 from None


def _page(request: HttpRequest, found: Application, secret: str, form: MessageForm, status: int = 200) -> HttpResponse:
    context = {
        "application": found,
        "secret": secret,
        "answers": answers(found),
        "thread": found.messages.all(),
        "evidence": found.evidence.exclude(finished_at=None).first(),
        "form": form,
    }
    return render(request, "applications/applicant.html", context, status=status)

"""The form in steps. What is typed is kept at every step, in a draft that this browser and the mailed link lead to."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.application_forms import STEPS, AgainForm, BeginForm, Step, StepForm, answers
from members.models import Application
from members.services import application_letters, applications, rates
from members.views import visitors

# Which application this browser works on.
SESSION: Final = "application"
TOO_OFTEN: Final = (
    "Those were many applications from your network in a short time. Wait an hour, please: nothing is lost."
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """The first step of a new application."""
    if _mine(request, [Application.State.DRAFT]):
        return redirect("apply-step", "organisation")
    form = BeginForm(request.POST or None)
    if not form.is_valid():
        return _page(request, STEPS[0], form)
    if not rates.spend("apply", visitors.network(request), "10/hour"):
        form.add_error(None, TOO_OFTEN)
        return _page(request, STEPS[0], form, status=429)
    try:
        application = applications.begin(form.values(), once=form.cleaned_data["once"])
    except application_letters.TooManyLetters as error:
        form.add_error(None, str(error))
        return _page(request, STEPS[0], form, status=429)
    request.session[SESSION] = application.pk
    messages.success(request, f"Saved. A letter to {application.email} has the link that leads back here at any time.")
    return redirect("apply-step", STEPS[1].name)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, name: str) -> HttpResponse:
    """One step of the draft."""
    found = next((each for each in STEPS if each.name == name), None)
    if found is None:
        raise Http404
    draft = _mine(request, [Application.State.DRAFT])
    if draft is None:
        return _nothing_here(request)
    form = found.form(request.POST or None, instance=draft)
    if request.method != "POST" or not form.is_valid():
        return _page(request, found, form, draft)
    try:
        applications.save(draft, form.values())
    except application_letters.TooManyLetters as error:
        form.add_error(None, str(error))
        return _page(request, found, form, draft, status=429)
    except applications.NoDraft as error:
        messages.error(request, str(error))
        return redirect("apply-sent")
    following = STEPS.index(found) + 1
    return redirect("apply-check") if following == len(STEPS) else redirect("apply-step", STEPS[following].name)


@never_cache
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """All of it once more, what is missing, and the button."""
    draft = _mine(request, [Application.State.DRAFT])
    if draft is None:
        return _nothing_here(request)
    titles = {each.name: each.title for each in STEPS}
    missing = [(name, titles[name], what) for name, what in applications.what_is_missing(draft)]
    context = {"application": draft, "answers": answers(draft), "missing": missing, "steps": STEPS}
    return render(request, "applications/check.html", context)


@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Send it; what is missing is shown where it can be filled in."""
    mine = _mine(request, Application.State.values)
    if mine is None:
        return _nothing_here(request)
    try:
        applications.submit(mine)
    except applications.Incomplete:
        return redirect("apply-check")
    except applications.AlreadyDecided as error:
        messages.error(request, str(error))
    return redirect("apply-sent")


@never_cache
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """What happens next."""
    mine = _mine(request, [state for state in Application.State.values if state != Application.State.DRAFT])
    if mine is None:
        return _nothing_here(request)
    return render(request, "applications/sent.html", {"application": mine})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest) -> HttpResponse:
    """Send a lost link once more. What is said does not tell whether there is an application with this address."""
    form = AgainForm(request.POST or None)
    if not form.is_valid():
        return render(request, "applications/again.html", {"form": form})
    if not rates.spend("application-link", visitors.network(request), "10/hour"):
        form.add_error(None, TOO_OFTEN)
        return render(request, "applications/again.html", {"form": form}, status=429)
    applications.send_link_again(form.cleaned_data["email"])
    messages.success(request, "If there is an application with this address, its link is on the way there.")
    return redirect("apply")


def _mine(request: HttpRequest, states: list[Any]) -> Application | None:
    """The application this browser works on, if it is in one of these states."""
    number = request.session.get(SESSION)
    return Application.objects.filter(pk=number, state__in=states).first() if number else None


def _nothing_here(request: HttpRequest) -> HttpResponse:
    messages.info(request, "This browser knows no draft of yours. Open the link in our letter, or begin here.")
    return redirect("apply")


def _page(
    request: HttpRequest,
    step: Step,
    form: StepForm,
    draft: Application | None = None,
    status: int = 200,
) -> HttpResponse:
    place = STEPS.index(step)
    context = {
        "form": form,
        "step": step,
        "steps": STEPS,
        "number": place + 1,
        "before": STEPS[place - 1] if place else None,
        "draft": draft,
    }
    return render(request, "applications/step.html", context, status=status)

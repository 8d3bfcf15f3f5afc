"""The maintainers' queue of applications, and one of them: their offer, what was seen and said, and what now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.application_forms import answers
from members.models import Application
from members.services import applications
from routing.application_forms import AdmitForm, DeclineForm, EvidenceForm, QuestionForm
from routing.services import admissions, hubs
from routing.views.people import Request

ON_A_PAGE: Final = 50
FILTERS: Final = {
    "waiting": ("Waiting", Q(state__in=Application.OPEN)),
    "approved": ("Approved", Q(state=Application.State.APPROVED)),
    "declined": ("Declined", Q(state=Application.State.DECLINED)),
    "withdrawn": ("Taken back", Q(state=Application.State.WITHDRAWN)),
    "all": ("All", Q()),
}

View = Callable[..., HttpResponse]


def _maintainers(permission: str) -> Callable[[View], View]:
    def guard(view: View) -> View:
        return login_required(permission_required(permission, raise_exception=True)(never_cache(view)))

    return guard


@_maintainers("members.view_application")
@require_safe
def applications_page(request: HttpRequest) -> HttpResponse:
    """The queue: who waits longest stands first."""
    chosen = request.GET.get("is", "waiting")
    chosen = chosen if chosen in FILTERS else "waiting"
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = Application.objects.sent().filter(FILTERS[chosen][1]).select_related("reviewer", "member")
    if words:
        found = found.filter(
            Q(organisation__icontains=words) | Q(contact_name__icontains=words) | Q(email__icontains=words)
        )
    if chosen == "waiting":
        found = found.order_by("submitted_at", "id")
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "filters": FILTERS, "chosen": chosen, "words": words}
    return render(request, "applications/queue.html", context)


@_maintainers("members.view_application")
@require_safe
def application(request: HttpRequest, pk: int) -> HttpResponse:
    """One application."""
    return _page(request, _found(pk))


@_maintainers("members.change_application")
@require_POST
def take_up(request: Request, pk: int) -> HttpResponse:
    """Say that somebody looks at it."""

    def do(found: Application) -> str:
        applications.take_up(found, by=request.user)
        return "It is yours. The applicant sees that somebody looks at it."

    return _act(request, _found(pk), do)


@_maintainers("members.change_application")
@require_POST
def ask(request: Request, pk: int) -> HttpResponse:
    """Ask or say something."""
    found, form = _found(pk), QuestionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, question=form)

    def do(found: Application) -> str:
        applications.say(found, form.cleaned_data["text"], once=form.cleaned_data["once"], by=request.user)
        return f"Sent to {found.email}."

    return _act(request, found, do)


@_maintainers("members.change_application")
@require_POST
def look(request: Request, pk: int) -> HttpResponse:
    """Have the portal look at their hub again."""
    form = EvidenceForm(request.POST)
    form.is_valid()

    def do(found: Application) -> str:
        applications.ask_for_evidence(found, by=request.user, test_spec=form.spec())
        return "The portal looks at it; what it sees appears here within a minute."

    return _act(request, _found(pk), do)


@_maintainers("members.change_application")
@require_POST
def decline(request: Request, pk: int) -> HttpResponse:
    """Say no."""
    found, form = _found(pk), DeclineForm(request.POST, prefix="decline")
    if not form.is_valid():
        return _page(request, found, no=form)

    def do(found: Application) -> str:
        applications.decline(found, reason=form.cleaned_data["reason"], by=request.user)
        return "Declined. They get your words by e-mail."

    return _act(request, found, do)


@_maintainers("members.change_application")
@require_POST
def admit(request: Request, pk: int) -> HttpResponse:
    """Say yes: member, contact, offer, invitation, hub and checklist at once."""
    found, form = _found(pk), AdmitForm(request.POST, prefix="admit")
    if not form.is_valid():
        return _page(request, found, yes=form)
    try:
        hub = admissions.admit(found, form.terms(), by=request.user)
    except applications.ApplicationsError as error:
        messages.error(request, str(error))
        return redirect("application-review", pk)
    except ValidationError as error:
        form.add_error(None, hubs.said(error))
        return _page(request, _found(pk), yes=form)  # Anew: that one was approved until it was rolled back.
    messages.success(request, f"{hub.member} is becoming a member. What is left to do stands here.")
    return redirect("onboarding", hub.member.slug)


def _act(request: HttpRequest, found: Application, do: Callable[[Application], str]) -> HttpResponse:
    try:
        messages.success(request, do(found))
    except applications.ApplicationsError as error:
        messages.error(request, str(error))
    return redirect("application-review", found.pk)


def _found(pk: int) -> Application:
    return get_object_or_404(Application.objects.sent().select_related("reviewer", "decided_by", "member"), pk=pk)


def _page(
    request: HttpRequest,
    found: Application,
    *,
    question: forms.Form | None = None,
    yes: forms.Form | None = None,
    no: forms.Form | None = None,
) -> HttpResponse:
    terms = vars(admissions.proposal(found)) if found.is_open and yes is None else None
    evidence = list(found.evidence.select_related("asked_by")[:2])
    context: dict[str, Any] = {
        "application": found,
        "answers": answers(found),
        "thread": found.messages.select_related("by"),
        "gathering": next((each for each in evidence if each.finished_at is None), None),
        "evidence": next((each for each in evidence if each.finished_at), None),
        "question": question or QuestionForm(),
        "look": EvidenceForm(),
        "yes": yes or AdmitForm(prefix="admit", initial=terms),
        "no": no or DeclineForm(prefix="decline"),
    }
    return render(request, "applications/review.html", context)

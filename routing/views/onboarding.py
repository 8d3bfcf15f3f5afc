"""How a member's new hubs come in: what is done, what is left, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.models import Member, Responsibility, Role
from members.services import access
from routing.application_forms import NamesForm, StartForm, StepForm
from routing.models import Hub, Onboarding, OnboardingStep
from routing.services import hubs, onboarding, onboarding_checks
from routing.views.people import Request

REASON = "Names for the onboarding"


@dataclass(frozen=True)
class Checklist:
    """One hub's steps, the records it needs in DNS, and what a maintainer may fill in."""

    onboarding: Onboarding
    hub: Hub
    steps: list[OnboardingStep]
    records: list[onboarding_checks.Record]
    names: NamesForm | None
    start: StartForm | None

    @property
    def left(self) -> int:
        """How many steps are open."""
        return sum(step.state == onboarding.OPEN for step in self.steps)


View = Callable[..., HttpResponse]


def _for(least: Role | None) -> Callable[[View], View]:
    """A view that gets the member, for people of at least this role there; without one, for maintainers only."""

    def guard(view: View) -> View:
        @login_required
        @never_cache
        @wraps(view)
        def guarded(request: Request, slug: str, **kwargs: str) -> HttpResponse:
            if not access.is_maintainer(request.user) and (
                least is None or not access.may(request.user, least, get_object_or_404(Member, slug=slug))
            ):
                raise PermissionDenied
            return view(request, get_object_or_404(Member, slug=slug), **kwargs)

        return guarded

    return guard


@_for(Role.VIEWER)
@require_safe
def page(request: Request, member: Member) -> HttpResponse:
    """The checklists of a member's hubs."""
    return _page(request, member)


@_for(Role.VIEWER)
@require_POST
def step(request: Request, member: Member, key: str, name: str) -> HttpResponse:
    """Tick a step, skip it, or open it again."""
    found = get_object_or_404(
        OnboardingStep.objects.select_related("onboarding__hub__member"),
        onboarding__hub__key=key,
        onboarding__hub__member=member,
        name=name,
    )
    form = StepForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That was not understood. Nothing was changed.")
        return redirect("onboarding", member.slug)
    note, by = form.cleaned_data["note"], request.user
    verbs: dict[str, Callable[[], None]] = {
        "done": lambda: onboarding.tick(found, by=by, note=note),
        "skip": lambda: onboarding.skip(found, reason=note, by=by),
        "reopen": lambda: onboarding.reopen(found, by=by),
    }
    return _act(request, member, verbs[form.cleaned_data["verb"]], f"“{found.get_name_display()}” is noted.")


@_for(None)
@require_POST
def record(request: Request, member: Member, key: str) -> HttpResponse:
    """A hub's names elsewhere, and its address in DNS."""
    hub = get_object_or_404(Hub, key=key, member=member)
    form = NamesForm(request.POST, instance=Hub.objects.get(pk=hub.pk), prefix=key)
    if not form.is_valid():
        return _page(request, member, {key: form})
    seen = form.cleaned_data["seen"] or None

    def do() -> None:
        hubs.edit(hub, form.changes(), reason=REASON, by=request.user, seen=seen)

    return _act(request, member, do, "Saved.")


@_for(None)
@require_POST
def start(request: Request, member: Member, key: str) -> HttpResponse:
    """Let visitors come."""
    hub = get_object_or_404(Hub.objects.select_related("member"), key=key, member=member)
    form = StartForm(request.POST, prefix=f"start-{key}")
    if not form.is_valid():
        return _page(request, member, {f"start-{key}": form})

    def do() -> None:
        weight, reason = form.cleaned_data["weight"], form.cleaned_data["reason"]
        onboarding.start(hub, weight, reason=reason, by=request.user)

    return _act(request, member, do, f"{hub} takes launches from now on.")


def _act(request: HttpRequest, member: Member, do: Callable[[], object], said: str) -> HttpResponse:
    try:
        do()
    except access.NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    except (ValueError, ValidationError) as error:
        messages.error(request, hubs.said(error))
    else:
        messages.success(request, said)
    return redirect("onboarding", member.slug)


def _page(request: Request, member: Member, bound: dict[str, forms.BaseForm] | None = None) -> HttpResponse:
    maintainer = access.is_maintainer(request.user)
    found = Onboarding.objects.filter(hub__member=member).exclude(hub__state=Hub.State.RETIRED)
    found = found.select_related("hub", "application").prefetch_related("steps__by").order_by("hub__name")
    context = {
        "member": member,
        "lists": [_checklist(each, maintainer, bound or {}) for each in found],
        "maintainer": maintainer,
        "theirs": onboarding.THEIRS,
        "may_acknowledge": access.may(request.user, Role.MANAGER, member),
        "responsibilities": Responsibility.labels,
    }
    return render(request, "onboarding/onboarding.html", context)


def _checklist(each: Onboarding, maintainer: bool, bound: dict[str, Any]) -> Checklist:
    hub = each.hub
    waits = hub.state == Hub.State.ONBOARDING
    return Checklist(
        onboarding=each,
        hub=hub,
        steps=list(each.steps.all()),
        records=onboarding_checks.records(hub),
        names=(bound.get(hub.key) or NamesForm(instance=hub, prefix=hub.key)) if maintainer else None,
        start=(bound.get(f"start-{hub.key}") or StartForm(prefix=f"start-{hub.key}")) if maintainer and waits else None,
    )

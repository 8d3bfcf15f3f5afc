"""What the office's own pages share: the theme's frame, permissions, and the page that asks whether one is sure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from members.models import User
from routing.models import Hub
from routing.services import weights, wording
from routing.services.hub_states import State

SHAPES = {Hub.State.ACTIVE: "●", Hub.State.ONBOARDING: "◐", Hub.State.DRAINED: "○", Hub.State.RETIRED: "✕"}


def require(request: HttpRequest, *permissions: str) -> None:
    """Raise PermissionDenied unless the person has all of these permissions."""
    if not request.user.has_perms(permissions):
        raise PermissionDenied


def who(request: HttpRequest) -> User:
    """The person who does it: the office lets nobody else in."""
    return cast(User, request.user)


def page(
    admin: ModelAdmin[Any], request: HttpRequest, template: str, title: str, context: Mapping[str, Any]
) -> HttpResponse:
    """A page of our own in the theme's frame."""
    frame = admin.admin_site.each_context(request)
    return TemplateResponse(request, template, {**frame, "title": title, "model_admin": admin, **context})


@dataclass(frozen=True)
class Confirmation:
    """What a person confirms: what will happen, what to think twice about, weights before and after, why, and yes."""

    title: str
    form: forms.Form
    yes: str
    back: str
    sentences: Sequence[str] = ()
    warnings: Sequence[str] = ()
    rows: Sequence[weights.Preview] = ()
    hidden: Mapping[str, Any] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """Stands for the warnings: only who has seen just these has confirmed."""
        return hashlib.sha256("\n".join(self.warnings).encode()).hexdigest()[:16]

    def is_confirmed(self, request: HttpRequest) -> bool:
        """Whether there is nothing to think twice about, or the person has seen it and said yes."""
        return not self.warnings or request.POST.get("confirmed") == self.token

    def ask(self, admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
        """The page."""
        return page(admin, request, "admin/routing/confirm.html", self.title, {"ask": self})


def changelist(model: str) -> str:
    """The address of the list of a model of routing."""
    return reverse(f"admin:routing_{model}_changelist")


def state(hub: Hub) -> SafeString:
    """A hub's state as a shape and a word."""
    return format_html(
        '<span class="office-state office-{}"><span aria-hidden="true">{}</span> {}</span>',
        hub.state,
        SHAPES[Hub.State(hub.state)],
        hub.get_state_display(),
    )


def marked(shape: str, word: str, more: str = "") -> SafeString:
    """A shape, a word, and what more there is to say."""
    return format_html('<span class="office-state"><span aria-hidden="true">{}</span> {}</span>{}', shape, word, more)


def now(hub: Hub, state: State) -> SafeString:
    """How a hub is, linked to its public page."""
    return format_html(
        '<a class="office-link" href="{}" title="{}"><span aria-hidden="true">{}</span> {}</a>',
        reverse("hub", args=[hub.key]),
        wording.as_text(state.words, timezone.now().date()),
        state.shape,
        state.word,
    )


def share(part: float) -> SafeString:
    """A share as a bar and a number."""
    percent = f"{100 * part:.1f}"
    return format_html(
        '<span class="office-share"><span class="office-bar" aria-hidden="true"><span style="width: {}%"></span></span>'
        "{} %</span>",
        percent,
        percent,
    )


def moment(at: datetime) -> SafeString:
    """A point in time, in UTC, as people and programs read it."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{at:%d %b %Y, %H:%M} UTC")


def number(text: str) -> int:
    """The primary key in an address; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

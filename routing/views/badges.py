"""Badges: small pictures with a hub's or the federation's state, for read-me files and other people's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from routing.models import Hub
from routing.services import hub_states, overview
from routing.services.overview import Overview
from routing.views.documents import for_everybody

LONGEST: Final = 40
# White on each of them has a contrast of at least 4.5.
COLOURS: Final = {
    "serving": "#1f6b3a",
    "limited": "#855000",
    "resting": "#58616b",
    "unknown": "#58616b",
    "trouble": "#b3261e",
    "out": "#b3261e",
}

View = Callable[..., HttpResponse]


def _badge(view: View) -> View:
    """A picture that anybody may show, kept for a minute, and sent again only when it changed."""
    return wraps(view)(require_safe(cache_control(public=True, max_age=60)(conditional_page(for_everybody(view)))))


@_badge
def hub(request: HttpRequest, key: str) -> HttpResponse:
    """One hub's state."""
    found = overview.read().find(key)
    if found is not None:
        return _picture(found.hub.name, found.state.word, found.state.kind)
    gone = Hub.objects.filter(key=key).first()
    if gone is None:
        raise Http404
    state = hub_states.BY_STATE[Hub.State.RETIRED]
    return _picture(gone.name, state.word, state.kind)


@_badge
def federation(request: HttpRequest) -> HttpResponse:
    """How many of the hubs serve."""
    return _picture("BinderHub federation", *_summary(overview.read()))


def _summary(now: Overview) -> tuple[str, str]:
    hubs = now.taken_in
    serving = sum(each.serving for each in hubs)
    if not hubs:
        return "no hub yet", "unknown"
    if not serving:
        unchecked = any(each.state.kind == "unknown" for each in hubs)
        return ("unknown", "unknown") if unchecked else ("no hub serves", "out")
    return f"{serving} of {len(hubs)} hubs serve", "serving" if serving == len(hubs) else "limited"


def _picture(label: str, words: str, kind: str) -> HttpResponse:
    label = label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
    left, right = _width(label), _width(words)
    picture = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {words}">'
        "<title>{label}: {words}</title>"
        '<rect width="{width}" height="20" rx="3" fill="{colour}"/>'
        '<path d="M3 0H{left}V20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#3b4148"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        '<text x="{label_at}" y="14" textLength="{label_length}" lengthAdjust="spacingAndGlyphs">{label}</text>'
        '<text x="{words_at}" y="14" textLength="{words_length}" lengthAdjust="spacingAndGlyphs">{words}</text>'
        "</g></svg>\n",
        width=left + right,
        left=left,
        label=label,
        words=words,
        colour=COLOURS[kind],
        label_at=left / 2,
        words_at=left + right / 2,
        label_length=left - 12,
        words_length=right - 12,
    )
    return HttpResponse(picture, content_type="image/svg+xml; charset=utf-8")


def _width(text: str) -> int:
    """About as wide as the text is in Verdana 11, with room at both ends; textLength makes it exact."""
    return round(6.8 * sum(_em(each) for each in text)) + 12


def _em(letter: str) -> float:
    if letter in "ijlIt.,:;'|! ":
        return 0.6
    return 1.45 if letter in "mwMW@%" or ord(letter) > 0x2E80 else 1.0

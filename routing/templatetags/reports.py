"""How pages write the figures of reports, which are plain data."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from foundation.months import month_of
from routing.services import wording

register = template.Library()


@register.filter
def parsed(text: str | None) -> datetime | None:
    """The moment that a figure names."""
    return parse_datetime(text) if text else None


@register.filter
def in_words(month: str) -> str:
    """The month that a figure names, as people say it."""
    return month_of(month).words


@register.filter
def availability(share: float | None) -> str:
    """A share of time, never rounded up to all of it."""
    return wording.availability(share)


@register.filter
def duration(minutes: int) -> str:
    """So many minutes, in hours where those say more."""
    return f"{minutes}\N{NO-BREAK SPACE}min" if minutes < 120 else f"{minutes / 60:,.0f}\N{NO-BREAK SPACE}h"


@register.simple_tag
def worked(succeeded: float, tried: float) -> str:
    """The part of launches that ended well."""
    return wording.percent(succeeded / tried) if tried else "–"


@register.simple_tag
def share_bar(share: float | None, scale: float, kind: str) -> SafeString | str:
    """A share as a bar up to the scale's end, and as a number."""
    if share is None:
        return "unknown"
    return format_html(
        '<span class="bar-and-number"><svg class="bar" aria-hidden="true" focusable="false">'
        '<rect class="track" width="100%" height="100%" rx="2"/>'
        '<rect class="{}" width="{}%" height="100%" rx="2"/></svg> <span class="number">{}</span></span>',
        kind,
        f"{min(100.0, 100 * share / scale):.1f}",
        wording.percent(share),
    )

"""How pages write states, moments and sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from foundation.markdown import render_markdown
from routing.services import wording
from routing.services.wording import Words

register = template.Library()


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """A moment in UTC, which a script writes in the reader's zone."""
    if at is None:
        return ""
    at = at.astimezone(UTC)
    exact = at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return format_html('<time datetime="{}" data-local>{}</time>', exact, wording.moment(at, timezone.now().date()))


@register.filter
def words(said: Words) -> SafeString:
    """A sentence with its moments and names."""
    return mark_safe("".join(_word(each) for each in said))  # noqa: S308 Each word is escaped.


def _word(each: str | datetime) -> str:
    if isinstance(each, datetime):
        return str(moment(each))
    return format_html("<bdi>{}</bdi>", each) if isinstance(each, wording.Name) else conditional_escape(each)


@register.filter
def beginning(said: Words) -> Words:
    """The same words with a capital letter in front."""
    first = said[0] if said else ""
    return (f"{first[:1].upper()}{first[1:]}", *said[1:]) if isinstance(first, str) and first else said


@register.filter
def percent(share: float | None) -> str:
    """A share for people."""
    return "unknown" if share is None else wording.percent(share)


@register.filter
def share(value: float | None) -> str:
    """A share in a table, where a dash says that there is none."""
    return "–" if value is None else wording.percent(value)


@register.filter
def count(value: float) -> str:
    """How many, with commas."""
    return f"{value:,.0f}"


@register.filter
def number(value: float | None) -> str:
    """A number with as many digits as say something."""
    return "" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


@register.filter
def seconds(value: float | None) -> str:
    """A time that somebody waited."""
    if value is None:
        return "no answer"
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.1f} s"


@register.filter
def said(text: str) -> SafeString:
    """What a maintainer wrote, in markdown made safe. A page shows the same texts again and again."""
    return _rendered(text)


@lru_cache(maxsize=256)
def _rendered(text: str) -> SafeString:
    return mark_safe(render_markdown(text))  # noqa: S308 It is cleaned.

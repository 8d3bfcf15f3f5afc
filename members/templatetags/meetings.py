"""How pages write when a meeting is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def weekday(at: datetime) -> SafeString:
    """A moment with its weekday in UTC, which a script writes in the reader's zone."""
    at = at.astimezone(UTC)
    exact = at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return format_html('<time datetime="{}" data-local="weekday">{}</time>', exact, f"{at:%A %-d %B %Y, %H:%M} UTC")


@register.filter
def clock(at: datetime, zone: str) -> str:
    """What clocks in a zone show then."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %-d %b, %H:%M}"


@register.filter
def place(zone: str) -> str:
    """A zone as people call it: its city."""
    return zone.rpartition("/")[2].replace("_", " ")

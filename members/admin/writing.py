"""How the office writes days and moments."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString


def day(at: date) -> SafeString:
    """A day."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{at:%d %b %Y}")


def moment(at: datetime) -> SafeString:
    """A point in time, in UTC."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{at:%d %b %Y, %H:%M} UTC")


def number(text: str) -> int:
    """The primary key in an address; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

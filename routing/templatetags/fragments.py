"""Parts of pages that are made once, however often the page asks for itself again."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def once(name: str, each: Hashable) -> SafeString:
    """The template's text for `each`, on which alone it may depend, and on today: moments are said by it."""
    return _made(name, each, timezone.now().date())


@lru_cache(maxsize=1024)
def _made(name: str, each: Hashable, _today: date) -> SafeString:
    return render_to_string(name, {"each": each})

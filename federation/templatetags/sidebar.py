"""The way to a page of the office, in the words of its sidebar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from federation.office import UNFOLD

register = template.Library()


@register.filter
def as_in_sidebar(parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The theme's parts, from app to row, with group and list named as the sidebar names them."""
    for place, part in enumerate(parts):
        for group in UNFOLD["SIDEBAR"]["navigation"]:
            for item in group["items"]:
                if str(item["link"]) == str(part.get("link", "")):
                    return [{"title": group["title"]}, {**part, "title": item["title"]}, *parts[place + 1 :]]
    return list(parts)

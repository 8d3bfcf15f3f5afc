"""The warning on the office's pages when nothing happens by itself any more."""

from __future__ import annotations

from typing import Any

from django import template

from routing.services import operations

register = template.Library()


@register.simple_tag(takes_context=True)
def troubles(context: dict[str, Any]) -> list[operations.Sign]:
    """What of beat, worker and checks is not well, for those who may see it."""
    request = context.get("request")
    if request is None or not request.user.has_perm("routing.view_checkround"):
        return []
    return [sign for sign in operations.vital_signs() if sign.well is False]

"""How the office's pages write weights, shares, states and times."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django import template
from django.utils.safestring import SafeString

from routing.admin import pages
from routing.models import Hub
from routing.services import weights, wording

register = template.Library()


@register.filter
def weight(value: Decimal) -> str:
    """A weight as people write it."""
    return weights.shown(value)


@register.filter
def share(value: float) -> SafeString:
    """A share as a bar and a number."""
    return pages.share(value)


@register.filter
def count(value: int | None) -> str:
    """A number of things, in groups of three digits."""
    return "?" if value is None else f"{value:,}"


@register.filter
def part(value: float) -> str:
    """A part of something, as a percentage."""
    return wording.percent(value)


@register.filter
def state(hub: Hub) -> SafeString:
    """A hub's state as a shape and a word."""
    return pages.state(hub)


@register.filter
def moment(at: datetime) -> SafeString:
    """A point in time, in UTC."""
    return pages.moment(at)

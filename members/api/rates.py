"""What a caller is told about how often it may ask."""

from __future__ import annotations

from typing import NamedTuple


class Rate(NamedTuple):
    """How often this caller may ask in a minute, how often still, and seconds until it begins anew."""

    limit: int
    remaining: int
    reset: float

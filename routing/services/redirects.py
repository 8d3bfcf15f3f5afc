"""How many launches redirectors sent to each hub today; they count in Redis."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from routing.services import broker
from routing.snapshot import REDIS_REDIRECTS


def today() -> dict[str, int] | None:
    """Redirects since midnight UTC by hub key; None while Redis is away."""
    day = datetime.now(UTC).date().isoformat()
    try:
        counts = cast("dict[bytes, bytes]", broker.connection().hgetall(REDIS_REDIRECTS.format(day=day)))
    except broker.Away:
        return None
    return {key.decode(): int(count) for key, count in counts.items()}

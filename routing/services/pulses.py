"""Signs of life of beat and of the workers: each writes the time into Redis every few seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from routing.services import broker

BEAT: Final = "beat"
WORKER: Final = "worker"
KEY: Final = "federation:pulse:{name}"
# What is older than this was forgotten by Redis.
KEPT_SECONDS: Final = 7 * 24 * 3600


def show(name: str) -> None:
    """Say that this one lives. While Redis is away nobody hears it, and nothing else would work either."""
    try:
        broker.connection().set(KEY.format(name=name), time.time(), ex=KEPT_SECONDS)
    except broker.Away:
        return


def ages() -> Mapping[str, float | None]:
    """Seconds since each showed itself, None for one that never did; raises broker.Away's errors."""
    names, now = (BEAT, WORKER), time.time()
    values = broker.connection().mget([KEY.format(name=name) for name in names])
    return {
        name: None if value is None else max(0.0, now - float(value)) for name, value in zip(names, values, strict=True)
    }

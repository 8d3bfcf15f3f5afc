"""The portal's way to Redis: short time-outs, because a page waits for it and because Redis may be away."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS: Final = 1.0

# What a call raises while Redis is away, slow, full or still loading: the caller goes on without it.
Away: Final = (redis.RedisError, OSError)


def connection() -> redis.Redis:
    """The process's client. It tries twice, so that a connection that Redis closed by its restart costs nothing."""
    return _client(settings.REDIS_URL)


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
    )

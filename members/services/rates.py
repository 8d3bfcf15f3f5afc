"""Rates: how often a visitor may do what costs others something, such as having a letter sent."""

from __future__ import annotations

from functools import lru_cache

import redis
from django.conf import settings
from django.utils.crypto import salted_hmac
from limits import parse
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter


def spend(what: str, who: str, rate: str) -> bool:
    """Take one from an allowance such as "5/hour"; False if nothing is left of it.

    While Redis is away everybody may: what must have a bound even then is bounded by the rows it leaves.
    """
    whose = salted_hmac("members.rates", who).hexdigest()[:24]  # Nobody's network address is kept.
    try:
        return _limiter(settings.REDIS_URL).hit(parse(rate), what, whose)
    except (redis.RedisError, OSError):
        return True


@lru_cache(maxsize=4)
def _limiter(url: str) -> MovingWindowRateLimiter:
    seconds = 1.0
    storage = RedisStorage(url, key_prefix="federation:rates", socket_timeout=seconds, socket_connect_timeout=seconds)
    return MovingWindowRateLimiter(storage)

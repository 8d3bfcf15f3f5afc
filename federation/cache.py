"""The cache: Redis for all processes together, and while it is away a small one in each process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

# So long Redis is not asked again after it failed: a page must not wait for each of a dozen questions.
PAUSE_SECONDS: Final = 5.0


def _safely(name: str) -> Callable[..., Any]:
    asked = getattr(RedisCache, name)

    def call(self: Cache, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if time.monotonic() >= self.away_until:
            try:
                return asked(self, *args, **kwargs)
            except (redis.RedisError, OSError):
                self.away_until = time.monotonic() + PAUSE_SECONDS
        return getattr(self.own, name)(*args, **kwargs)

    return call


class Cache(RedisCache):
    """Never fails. Rate limits go on without Redis, only each process counts for itself."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.own = LocMemCache("while-redis-is-away", {**params, "OPTIONS": {"MAX_ENTRIES": 10_000}})
        self.away_until = 0.0

    add = _safely("add")
    get = _safely("get")
    set = _safely("set")
    touch = _safely("touch")
    delete = _safely("delete")
    get_many = _safely("get_many")
    has_key = _safely("has_key")
    incr = _safely("incr")
    set_many = _safely("set_many")
    delete_many = _safely("delete_many")
    clear = _safely("clear")

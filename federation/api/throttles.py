"""How often one caller may ask: counted in Redis, a minute at a time. Without Redis nobody is refused."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from members.api.rates import Rate

if TYPE_CHECKING:
    from rest_framework.views import APIView


# After a Redis that did not answer, so that it costs one request in a while its time-out, not each.
LOOK_AGAIN_SECONDS: Final = 5.0
_away_until = 0.0


class Throttle(BaseThrottle):
    """Callers without an account by address, others by account; writes are counted apart."""

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, _view: APIView) -> bool:
        """Whether there is room; what is left is told in the answer's headers."""
        global _away_until  # noqa: PLW0603
        if time.monotonic() < _away_until:
            return True
        item, who = _limit(request), self._who(request)
        limiter = _limiter(settings.REDIS_URL)
        try:
            allowed = limiter.hit(item, *who)
            reset, remaining = limiter.get_window_stats(item, *who)
        except (RedisError, OSError):
            _away_until = time.monotonic() + LOOK_AGAIN_SECONDS
            return True
        self._wait = max(reset - time.time(), 0.0)
        request._request.rate = Rate(item.amount, remaining, self._wait)  # type: ignore[attr-defined]
        return allowed

    def wait(self) -> float | None:
        """Seconds until it is worth asking again."""
        return self._wait

    def _who(self, request: Request) -> tuple[str, str]:
        kind = "read" if request.method in SAFE_METHODS else "write"
        if request.user.is_authenticated:
            return kind, f"user:{request.user.pk}"
        return kind, self.get_ident(request)


def forget_outage() -> None:
    """Ask Redis again at once."""
    global _away_until  # noqa: PLW0603
    _away_until = 0.0


def _limit(request: Request) -> RateLimitItem:
    if request.method not in SAFE_METHODS:
        return _parsed(settings.API_RATE_WRITES)
    return _parsed(settings.API_RATE_ACCOUNTS if request.user.is_authenticated else settings.API_RATE_ANYBODY)


@lru_cache(maxsize=16)
def _parsed(rate: str) -> RateLimitItem:
    return parse(rate)


@lru_cache(maxsize=4)
def _limiter(url: str) -> FixedWindowRateLimiter:
    storage = storage_from_string(
        url,
        socket_timeout=0.25,
        socket_connect_timeout=0.25,
        retry=Retry(NoBackoff(), 1),  # type: ignore[arg-type]
        key_prefix="federation:rate",
    )
    return FixedWindowRateLimiter(storage)

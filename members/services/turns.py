"""Turns: that one process at a time does a long job. A courtesy to the other tasks, never what correctness rests on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import redis
from django.conf import settings


@contextmanager
def turn(name: str, seconds: float) -> Iterator[bool]:
    """Whether it is our turn: nobody has been at it in the last `seconds`. Without Redis it always is."""
    lock = _client(settings.REDIS_URL).lock(f"federation:turn:{name}", timeout=seconds, blocking=False)
    try:
        mine = lock.acquire()
    except (redis.RedisError, OSError):
        yield True
        return
    try:
        yield mine
    finally:
        if mine:
            _give_back(lock)


def _give_back(lock: redis.lock.Lock) -> None:
    try:
        lock.release()
    except (redis.RedisError, OSError):
        return  # It ends by itself.


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)

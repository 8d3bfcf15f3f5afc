"""The cache: Redis for all, and each process for itself while Redis is away."""

import pytest

from federation.cache import Cache


@pytest.fixture
def cache(redis_url) -> Cache:
    return Cache(redis_url, {"KEY_PREFIX": "test"})


def test_all_processes_see_the_same(cache, redis_url):
    cache.set("name", ["value"], 60)
    assert Cache(redis_url, {"KEY_PREFIX": "test"}).get("name") == ["value"]


def test_while_redis_is_away_it_works_as_ever_and_redis_is_not_asked_each_time(valkey, monkeypatch):
    cache = Cache(valkey.url, {"OPTIONS": {"socket_timeout": 0.2}})
    valkey.stop()
    assert cache.add("lock", 1, 60)
    assert not cache.add("lock", 1, 60)
    cache.set_many({"a": 1, "b": 2}, 60)
    assert cache.get_many(["a", "b"]) == {"a": 1, "b": 2}
    assert cache.incr("a") == 2
    cache.delete("lock")
    assert cache.get("lock", "gone") == "gone"
    monkeypatch.setattr("federation.cache.PAUSE_SECONDS", 0.0)
    cache.away_until = 0.0
    valkey.start()
    cache.set("a", "from Redis", 60)
    assert Cache(valkey.url, {}).get("a") == "from Redis"

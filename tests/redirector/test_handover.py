"""The counts reach Redis: all of them, once."""

import asyncio
from datetime import UTC, datetime

import pytest
from redis import Redis

from routing.redirector import handover as module
from routing.redirector.handover import Ledger, hand_over
from routing.redirector.sources import connect_redis
from routing.snapshot import REDIS_REDIRECTS
from tests.redirector.waiting import running, until


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 0.05)


def counted(valkey):
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    with Redis.from_url(valkey.url) as redis:
        return {key.decode(): int(number) for key, number in redis.hgetall(REDIS_REDIRECTS.format(day=day)).items()}


async def test_counts_are_handed_over_as_they_grow(valkey):
    totals = {"a": 3, "b": 1}
    async with connect_redis(valkey.url) as redis, running(hand_over(redis, lambda: totals)):
        await until(lambda: counted(valkey) == {"a": 3, "b": 1})
        totals["a"] += 7
        await until(lambda: counted(valkey) == {"a": 10, "b": 1})


async def test_two_redirectors_add_up(valkey):
    async with (
        connect_redis(valkey.url) as one,
        connect_redis(valkey.url) as two,
        running(hand_over(one, lambda: {"a": 3})),
        running(hand_over(two, lambda: {"a": 4})),
    ):
        await until(lambda: counted(valkey) == {"a": 7})


async def test_the_hash_of_a_day_goes_away_by_itself(valkey):
    async with connect_redis(valkey.url) as redis, running(hand_over(redis, lambda: {"a": 3})):
        await until(lambda: counted(valkey))
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    with Redis.from_url(valkey.url) as redis:
        assert 7 * 86_400 < redis.ttl(REDIS_REDIRECTS.format(day=day)) <= 8 * 86_400


async def test_what_is_counted_while_redis_is_away_comes_later(valkey):
    totals, looks = {"a": 1}, []

    def read_totals():
        looks.append(1)
        return totals

    async with connect_redis(valkey.url) as redis, running(hand_over(redis, read_totals)):
        await until(lambda: counted(valkey) == {"a": 1})
        await asyncio.to_thread(valkey.stop)
        totals["a"] = 100
        vain = len(looks) + 3
        await until(lambda: len(looks) > vain)
        totals["a"] = 250
        await asyncio.to_thread(valkey.start)
        await until(lambda: counted(valkey) == {"a": 250})


async def test_a_batch_whose_answer_was_lost_is_not_counted_twice(valkey):
    class Forgetful:
        """Redis does the work, and the word of it is lost twice."""

        lost = 0

        def __init__(self, redis):
            self.redis = redis

        async def eval(self, *arguments):
            await self.redis.eval(*arguments)
            if self.lost < 2:
                self.lost += 1
                raise TimeoutError

    totals = {"a": 5}
    async with connect_redis(valkey.url) as redis, running(hand_over(Forgetful(redis), lambda: totals)):
        await until(lambda: counted(valkey) == {"a": 5})
        totals["a"] = 6
        await until(lambda: counted(valkey) == {"a": 6})


async def test_the_last_counts_are_handed_over_at_the_end(valkey, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 60.0)
    totals = {"a": 1}
    async with connect_redis(valkey.url) as redis:
        async with running(hand_over(redis, lambda: totals)):
            await until(lambda: counted(valkey) == {"a": 1})
            totals["a"] = 9
        assert counted(valkey) == {"a": 9}


def test_a_total_that_begins_anew_is_not_subtracted():
    ledger = Ledger()
    ledger.note({"a": 100}, "2026-11-23")
    ledger.note({"a": 4}, "2026-11-23")
    assert ledger.waiting == {"2026-11-23": {"a": 104}}


def test_each_day_has_its_own_counts_and_old_days_are_let_go():
    ledger = Ledger()
    for day in range(1, 21):
        ledger.note({"a": day}, f"2026-11-{day:02}")
    assert list(ledger.waiting) == [f"2026-11-{day:02}" for day in range(13, 21)]


def test_nothing_new_is_nothing_to_send():
    ledger = Ledger()
    ledger.note({"a": 0}, "2026-11-23")
    assert not ledger.next_batch()

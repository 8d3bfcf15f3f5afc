"""The counts reach Redis: all of them, once."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from redis import Redis

from routing.redirector import handover as module
from routing.redirector.counters import Counters, cell
from routing.redirector.handover import HandOver, Tally
from routing.redirector.ledger_file import LedgerFile
from routing.redirector.sightings import Sightings
from routing.redirector.sources import connect_redis
from routing.snapshot import REDIS_REDIRECTS
from routing.usage_batches import REDIS_USAGE, decode
from tests.redirector.waiting import running, until


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 0.05)
    monkeypatch.setattr(module, "USAGE_EVERY", 0.05)


def make_tally(file=None, **counts):
    tally = Tally(Counters(1), file)
    tally.counters.assign(["a", "b"])
    launch(tally, **counts)
    return tally


def launch(tally, **counts):
    for hub, number in counts.items():
        tally.counters.region(0)[cell(tally.counters.slots(), hub)] += number


def day():
    return datetime.now(UTC).strftime("%Y-%m-%d")


def counted(valkey):
    with Redis.from_url(valkey.url) as redis:
        return {key.decode(): int(number) for key, number in redis.hgetall(REDIS_REDIRECTS.format(day=day())).items()}


def batches(valkey):
    with Redis.from_url(valkey.url) as redis:
        return [decode(each) for each in redis.lrange(REDIS_USAGE, 0, -1)]


def usage(valkey):
    """What the portal would make of the batches: each once, by its number."""
    once = {(batch.redirector, batch.number): batch for batch in batches(valkey)}
    found = {}
    for batch in once.values():
        for _, hub, _, number in batch.launches:
            found[hub] = found.get(hub, 0) + number
    return found


async def test_counts_are_handed_over_as_they_grow(valkey):
    tally = make_tally(a=3, b=1)
    async with connect_redis(valkey.url) as redis, running(HandOver(redis, tally).run()):
        await until(lambda: counted(valkey) == usage(valkey) == {"a": 3, "b": 1})
        launch(tally, a=7)
        await until(lambda: counted(valkey) == usage(valkey) == {"a": 10, "b": 1})


async def test_two_redirectors_add_up(valkey):
    async with (
        connect_redis(valkey.url) as one,
        connect_redis(valkey.url) as two,
        running(HandOver(one, make_tally(a=3)).run()),
        running(HandOver(two, make_tally(a=4)).run()),
    ):
        await until(lambda: counted(valkey) == usage(valkey) == {"a": 7})


async def test_repositories_come_with_their_hub(valkey):
    tally = make_tally(a=2)
    sightings = Sightings(tally.seen[0])
    for target in (b"/build/gh/X/y/main", b"/build/gh/x/y/v1", b"/build/git/https%3A%2F%2Fme%3Asecret%40host%2Fa/main"):
        sightings.see((cell(tally.counters.slots(), "a"), target))
    sightings.count()
    sightings.pass_on()
    async with connect_redis(valkey.url) as redis, running(HandOver(redis, tally).run()):
        await until(lambda: batches(valkey))
    named = [each for batch in batches(valkey) for each in batch.repositories]
    assert [(hub, name, number) for _, hub, name, number in named] == [("a", "gh/x/y", 2)]
    assert tally.seen[0].taken == 1


async def test_the_hash_of_a_day_goes_away_by_itself(valkey):
    async with connect_redis(valkey.url) as redis, running(HandOver(redis, make_tally(a=3)).run()):
        await until(lambda: counted(valkey))
    with Redis.from_url(valkey.url) as redis:
        assert 7 * 86_400 < redis.ttl(REDIS_REDIRECTS.format(day=day())) <= 8 * 86_400


async def test_what_is_counted_while_redis_is_away_comes_later(valkey, monkeypatch):
    looks = []
    note = Tally.note
    monkeypatch.setattr(Tally, "note", lambda *given: (note(*given), looks.append(1)))
    tally = make_tally(a=1)
    async with connect_redis(valkey.url) as redis, running(HandOver(redis, tally).run()):
        await until(lambda: usage(valkey) == {"a": 1})
        await asyncio.to_thread(valkey.stop)
        launch(tally, a=99)
        vain = len(looks) + 3
        await until(lambda: len(looks) > vain)
        assert tally.counters.figures.waiting == 99
        launch(tally, a=150)
        await asyncio.to_thread(valkey.start)
        await until(lambda: usage(valkey).get("a") in (249, 250))
        await until(lambda: tally.counters.figures.waiting == 0)
    assert tally.counters.figures == (0, 0, 0)


class Forgetful:
    """Redis does the work, and the word of it is lost a few times."""

    def __init__(self, redis, times=2):
        self.redis = redis
        self.times = times

    async def eval(self, *arguments):
        answer = await self.redis.eval(*arguments)
        if self.times:
            self.times -= 1
            raise TimeoutError
        return answer


async def test_a_parcel_whose_answer_was_lost_is_not_counted_twice(valkey):
    tally = make_tally(a=5)
    async with connect_redis(valkey.url) as redis, running(HandOver(Forgetful(redis), tally).run()):
        await until(lambda: counted(valkey) == usage(valkey) == {"a": 5})
        launch(tally, a=1)
        await until(lambda: counted(valkey) == usage(valkey) == {"a": 6})


async def test_a_keeper_that_is_killed_between_sending_and_knowing_counts_nothing_twice(valkey):
    tally = make_tally(a=5)
    async with connect_redis(valkey.url) as redis:
        handover = HandOver(Forgetful(redis, times=1), tally)
        await handover._try()
        launch(tally, a=2)
        async with running(HandOver(redis, tally).run()):
            await until(lambda: counted(valkey) == usage(valkey) == {"a": 7})


async def test_a_redirector_that_is_killed_while_redis_is_away_leaves_its_counts_on_disk(valkey, tmp_path):
    file = LedgerFile(tmp_path / "cache.counts")
    tally = make_tally(file, a=5)
    async with connect_redis("redis://127.0.0.1:9/0") as nobody:
        await HandOver(nobody, tally)._try()
    launch(tally, a=1)  # of the last seconds: lost with the process, and known to be
    after = make_tally(file, a=3)
    async with connect_redis(valkey.url) as redis, running(HandOver(redis, after).run()):
        await until(lambda: counted(valkey) == usage(valkey) == {"a": 8})
    assert after.counters.figures == (0, 0, 1)


async def test_a_portal_that_takes_nothing_in_does_not_fill_redis(valkey, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    tally = make_tally(a=1)
    async with connect_redis(valkey.url) as redis, running(HandOver(redis, tally).run()):
        for number in range(2, 8):
            await until(lambda number=number: counted(valkey) == {"a": number - 1})
            launch(tally, a=1)
        await until(lambda: len(batches(valkey)) == 3)
        await until(lambda: counted(valkey) == {"a": 7})
        with Redis.from_url(valkey.url) as client:
            taken = sum(number for each in batches(valkey) for *_, number in each.launches)
            assert taken + tally.counters.figures.waiting == 7
            client.ltrim(REDIS_USAGE, 1, 0)
        await until(lambda: usage(valkey) == {"a": 7 - taken})


async def test_the_last_counts_are_handed_over_at_the_end_and_it_says_goodbye(valkey, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "EVERY", 60.0)
    tally = make_tally(LedgerFile(tmp_path / "cache.counts"), a=1)
    async with connect_redis(valkey.url) as redis:
        async with running(HandOver(redis, tally).run()):
            await until(lambda: usage(valkey) == {"a": 1})
            launch(tally, a=8)
        assert counted(valkey) == usage(valkey) == {"a": 9}
    assert [batch.last for batch in batches(valkey)] == [False, True]
    assert not (tmp_path / "cache.counts").exists()


async def test_a_sign_of_life_comes_without_launches(valkey):
    async with connect_redis(valkey.url) as redis, running(HandOver(redis, make_tally()).run()):
        await until(lambda: batches(valkey))
        assert batches(valkey)[0].launches == ()


async def test_a_clock_in_another_century_does_not_stop_it(valkey):
    handover = HandOver(connect_redis(valkey.url), make_tally(a=2), clock=lambda: time.time() + 3e9)
    async with running(handover.run()):
        await until(lambda: usage(valkey) == {"a": 2})
    await handover._redis.aclose()

"""The keeper: what it hands on, from which source, and who checks the hubs."""

import asyncio
import json
import time

import pytest
from redis import Redis

from routing import checker
from routing.damping import Evidence
from routing.probe import Verdict
from routing.redirector import cache, sources
from routing.redirector import keeper as module
from routing.redirector.cache import Remembered
from routing.redirector.keeper import Hopeless, Keeper
from routing.redirector.options import Options
from routing.snapshot import REDIS_HEARTBEAT, REDIS_NUDGE, REDIS_SNAPSHOT, Hub, Policy, Snapshot, encode
from tests.foundation.servers import reply, serving
from tests.redirector.waiting import running, until

HEALTH = reply(json.dumps({"checks": [{"service": "JupyterHub API", "ok": True}]}).encode())
SICK = Verdict(healthy=False, reason="JupyterHub API fails", checks={"JupyterHub API": False}, evidence=Evidence.HARD)
FAST = Policy(check_period=0.3, check_failed_period=0.3, check_retries=1, check_timeout=0.5)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(module, "MIND_EVERY", 0.05)
    monkeypatch.setattr(module, "SAVE_AT_MOST_EVERY", 0.01)
    monkeypatch.setattr(module, "CONFIRM_EVERY", 0.1)
    monkeypatch.setattr(sources, "POLL", 0.1)
    monkeypatch.setattr(sources, "FILE_POLL", 0.02)
    monkeypatch.setattr(checker, "FIRST_SPREAD", 0.01)


class Views(list):
    """What was handed on."""

    @property
    def last(self):
        return self[-1]

    @property
    def version(self):
        return self[-1].snapshot.version if self else None


@pytest.fixture
def views():
    return Views()


def snapshot(version=1, url="http://127.0.0.1:9", at=500.0, policy=FAST):
    return Snapshot(version, at, (Hub("a", url, f"{url}/health", f"{url}/versions", 1, prime=True),), policy)


def publish(valkey, *documents):
    with Redis.from_url(valkey.url) as redis:
        for document in documents:
            redis.set(REDIS_SNAPSHOT, document)
            redis.publish(REDIS_NUDGE, "new")


def beat(valkey, at=None):
    with Redis.from_url(valkey.url) as redis:
        redis.set(REDIS_HEARTBEAT, time.time() if at is None else at)


def keeper(views, **options):
    return Keeper(Options(allow_private_hubs=True, **options), views.append)


def config(path, url="http://127.0.0.1:9"):
    once = {"retries": 1, "timeout": 1}
    path.write_text(json.dumps({"hosts": {"c": {"prime": True, "url": url, "weight": 1}}, "check": once}))
    return str(path)


async def test_a_published_snapshot_is_handed_on_and_so_is_the_next(valkey, views):
    publish(valkey, encode(snapshot(1)))
    async with running(keeper(views, redis=valkey.url).run()):
        await until(lambda: views.version == 1)
        assert views.last.source == "redis"
        publish(valkey, encode(snapshot(2)))
        await until(lambda: views.version == 2)


async def test_a_nudge_is_enough_for_a_change_to_be_handed_on(valkey, views, monkeypatch):
    monkeypatch.setattr(sources, "POLL", 30.0)
    publish(valkey, encode(snapshot(1)))
    async with running(keeper(views, redis=valkey.url).run()):
        await until(lambda: views.version == 1)
        publish(valkey, encode(snapshot(2)))
        await until(lambda: views.version == 2)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        encode(snapshot(9))[:-9],
        encode(Snapshot(9, 900.0, ())),
        encode(snapshot(9)).replace(b'"schema":1', b'"schema":2'),
        encode(snapshot(1, at=1.0, url="http://127.0.0.1:8")),
        encode(snapshot(9)).replace(b"127.0.0.1:9", b"127.0.0.1:7"),
    ],
    ids=["nothing", "damaged", "empty", "newer schema", "older", "altered"],
)
async def test_a_bad_snapshot_never_replaces_a_good_one_and_is_told_once(valkey, views, caplog, bad):
    publish(valkey, encode(snapshot(5)))
    async with running(keeper(views, redis=valkey.url).run()):
        await until(lambda: views.version == 5)
        caplog.clear()
        publish(valkey, bad, bad)
        await until(lambda: "trouble" in caplog.text)
        confirmed, seen = views.last.confirmed_at, len(views)
        await until(lambda: asyncio.get_running_loop().time() and len(views) >= seen)
        publish(valkey, encode(snapshot(6)))
        await until(lambda: views.version == 6)
        assert views.last.confirmed_at > confirmed
    assert {view.snapshot.version for view in views} == {5, 6}
    assert sum("trouble" in str(record.msg) for record in caplog.records) == 1


async def test_a_source_that_is_quiet_still_confirms_the_age(valkey, views):
    publish(valkey, encode(snapshot(1)))
    beat(valkey)
    async with running(keeper(views, redis=valkey.url).run()):
        await until(lambda: len({view.confirmed_at for view in views}) > 3)


async def test_without_redis_the_cache_is_handed_on_with_its_age_and_its_verdicts(tmp_path, views):
    path = tmp_path / "cache.json"
    cache.write(path, Remembered(snapshot(5), "redis", 77.0, {"a": SICK}))
    async with running(keeper(views, redis="redis://127.0.0.1:1/0", cache=str(path)).run()):
        await until(lambda: views)
        assert (views[0].source, views[0].confirmed_at, views.version) == ("cache", 77.0, 5)
        assert views[0].verdicts["a"].reason == "JupyterHub API fails"


async def test_redis_confirms_what_the_cache_had(valkey, tmp_path, views):
    path = tmp_path / "cache.json"
    cache.write(path, Remembered(snapshot(5), "redis", 77.0))
    publish(valkey, encode(snapshot(5)))
    async with running(keeper(views, redis=valkey.url, cache=str(path)).run()):
        await until(lambda: views and views.last.source == "redis")
    assert views.version == 5


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 99}'])
async def test_a_cache_of_no_use_is_told_once_and_replaced(valkey, tmp_path, views, caplog, content):
    path = tmp_path / "cache.json"
    path.write_bytes(content)
    publish(valkey, encode(snapshot(1)))
    async with running(keeper(views, redis=valkey.url, cache=str(path)).run()):
        await until(lambda: views)
        await until(lambda: path.read_bytes() != content)
    assert sum("the cache is not used" in record.getMessage() for record in caplog.records) == 1
    assert cache.read(path).snapshot == snapshot(1)


async def test_the_config_file_helps_out_until_redis_has_something(valkey, tmp_path, views):
    where = config(tmp_path / "config.json")
    async with running(keeper(views, redis=valkey.url, config=where).run()):
        await until(lambda: views and views.last.source == "config")
        publish(valkey, encode(snapshot(1)))
        await until(lambda: views.last.source == "redis")
        seen = len(views)
        config(tmp_path / "config.json", "http://127.0.0.1:8")
        await until(lambda: len(views) > seen + 2)
    assert all(view.source == "redis" for view in views[seen:])


async def test_a_redirector_with_nothing_but_a_bad_config_file_does_not_start(tmp_path, views):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(Hopeless):
        await keeper(views, config=str(tmp_path / "config.json")).run()


async def test_a_bad_config_file_and_a_good_cache_of_it_is_a_start(tmp_path, views):
    (tmp_path / "config.json").write_text("{}")
    cache.write(tmp_path / "cache.json", Remembered(snapshot(0), "config", 77.0))
    where = {"config": str(tmp_path / "config.json"), "cache": str(tmp_path / "cache.json")}
    async with running(keeper(views, **where).run()):
        await until(lambda: views)
    assert views.last.source == "cache"


async def test_hubs_are_checked_while_nobody_else_does(tmp_path, views):
    async with serving(b"") as gone:
        pass
    where = config(tmp_path / "config.json", gone)
    async with running(keeper(views, config=where).run()):
        await until(lambda: views and views.last.verdicts, patience=15)
    assert views.last.watching
    assert views.last.verdicts["c"].reason == "refuses connections"


async def test_checks_stop_when_the_portal_shows_a_sign_of_life_and_begin_when_it_is_silent(valkey, views):
    async with serving(b"") as gone:
        pass
    publish(valkey, encode(snapshot(1, gone)))
    async with running(keeper(views, redis=valkey.url).run()):
        await until(lambda: views and views.last.verdicts)
        assert views.last.watching
        await asyncio.to_thread(beat, valkey)
        await until(lambda: not views.last.watching)
        assert not views.last.verdicts
        await until(lambda: views.last.watching)
        await until(lambda: views.last.verdicts)


async def test_private_hubs_are_left_out_in_production_and_told_once(valkey, views, caplog):
    good = Hub("good", "https://g.example.org", "https://g.example.org/health", "https://g.example.org/versions", 1)
    publish(valkey, encode(Snapshot(1, 500.0, (good, *snapshot().hubs), Policy())))
    beat(valkey)
    async with running(Keeper(Options(redis=valkey.url), views.append).run()):
        await until(lambda: len(views) > 2)
    assert [hub.key for hub in views.last.snapshot.hubs] == ["good"]
    assert sum("left out" in record.getMessage() for record in caplog.records) == 1


async def test_a_disk_that_is_full_is_told_once_and_stops_nothing(valkey, tmp_path, views, caplog, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("routing.redirector.cache.os.fsync", full)
    publish(valkey, encode(snapshot(1)))
    async with running(keeper(views, redis=valkey.url, cache=str(tmp_path / "cache.json")).run()):
        await until(lambda: "No space left" in caplog.text)
        publish(valkey, encode(snapshot(2)))
        await until(lambda: views.version == 2)
    assert sum("can't be written" in record.getMessage() for record in caplog.records) == 1


async def test_a_wall_clock_that_jumps_disturbs_nothing(valkey, views):
    now = [1_800_000_000.0]
    publish(valkey, encode(snapshot(1, at=now[0])))
    jumping = Keeper(Options(redis=valkey.url, allow_private_hubs=True), views.append, wall=lambda: now[0])
    async with running(jumping.run()):
        await until(lambda: views.version == 1)
        now[0] = 0.0
        publish(valkey, encode(snapshot(2, at=1_800_000_001.0)))
        await until(lambda: views.version == 2)
        now[0] = 4e9
        publish(valkey, encode(snapshot(3, at=1_800_000_002.0)))
        await until(lambda: views.version == 3)


async def test_a_fault_of_our_own_in_one_duty_ends_no_other(valkey, views, monkeypatch):
    monkeypatch.setattr(module, "AFTER_A_BUG", 0.01)
    bugs = iter([RuntimeError("a bug")])

    def publish_badly(view):
        for bug in bugs:
            raise bug
        views.append(view)

    publish(valkey, encode(snapshot(1)))
    async with running(Keeper(Options(redis=valkey.url, allow_private_hubs=True), publish_badly).run()):
        await until(lambda: views.version == 1)

"""Where snapshots come from, with real servers that come and go."""

import asyncio
import json
import os

import pytest
from redis import Redis

from routing.redirector import sources
from routing.redirector.sources import ConfigFile, HttpSource, RedisSource
from routing.snapshot import REDIS_HEARTBEAT, REDIS_NUDGE, REDIS_SNAPSHOT, SCHEMA, Hub, Snapshot, encode
from tests.foundation.servers import reply, serving
from tests.redirector.waiting import running, until

HUB = Hub("a", "https://a.example.org", "https://a.example.org/health", "https://a.example.org/versions", 1)


class Inbox:
    """Remembers all it was told."""

    def __init__(self):
        self.snapshots = []
        self.troubles = []
        self.beats = []

    def found(self, _, snapshot):
        self.snapshots.append(snapshot)

    def trouble(self, _, reason):
        self.troubles.append(reason)

    def heartbeat(self, at):
        self.beats.append(at)

    @property
    def version(self):
        return self.snapshots[-1].version if self.snapshots else None


def document(version=1):
    return encode(Snapshot(version, 500.0, (HUB,)))


def publish(valkey, content, nudge=True):
    with Redis.from_url(valkey.url) as redis:
        redis.set(REDIS_SNAPSHOT, content)
        if nudge:
            redis.publish(REDIS_NUDGE, "new")


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def slow_poll(monkeypatch):
    """So that only a nudge can be the reason."""
    monkeypatch.setattr(sources, "POLL", 30.0)


@pytest.fixture
def fast_poll(monkeypatch):
    monkeypatch.setattr(sources, "POLL", 0.1)
    monkeypatch.setattr(sources, "HTTP_POLL", 0.05)
    monkeypatch.setattr(sources, "FILE_POLL", 0.02)


async def test_redis_has_the_snapshot_at_once(valkey, inbox, slow_poll):
    publish(valkey, document(3))
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: inbox.version == 3)


async def test_a_nudge_brings_a_change_in_at_once(valkey, inbox, slow_poll):
    publish(valkey, document(1))
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: inbox.version == 1)
        await asyncio.to_thread(publish, valkey, document(2))
        await until(lambda: inbox.version == 2)


async def test_a_lost_nudge_only_delays_a_change(valkey, inbox, fast_poll):
    publish(valkey, document(1))
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: inbox.version == 1)
        await asyncio.to_thread(publish, valkey, document(2), nudge=False)
        await until(lambda: inbox.version == 2)


async def test_an_unchanged_document_is_decoded_once(valkey, inbox, fast_poll):
    publish(valkey, document(1))
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: len(inbox.snapshots) > 2)
    assert all(each is inbox.snapshots[0] for each in inbox.snapshots)


async def test_an_empty_redis_is_told(valkey, inbox, fast_poll):
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: inbox.troubles)
    assert "no snapshot" in inbox.troubles[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"{}", "not a snapshot"),
        (document().replace(b"a.example", b"b.example"), "damaged"),
        (document()[:-20], "not JSON"),
        (encode(Snapshot(2, 600.0, ())), "empty"),
        (document().replace(b'"schema":%d' % SCHEMA, b'"schema":%d' % (SCHEMA + 1)), "update the redirector"),
    ],
)
async def test_a_document_that_is_no_snapshot_is_told(valkey, inbox, fast_poll, content, reason):
    publish(valkey, content)
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: inbox.troubles)
    assert reason in inbox.troubles[0]
    assert not inbox.snapshots


async def test_a_wrong_kind_of_key_is_told(valkey, inbox, fast_poll):
    with Redis.from_url(valkey.url) as redis:
        redis.hset(REDIS_SNAPSHOT, "a", "b")
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: inbox.troubles)


async def test_heartbeats_are_passed_on(valkey, inbox, fast_poll):
    with Redis.from_url(valkey.url) as redis:
        redis.set(REDIS_HEARTBEAT, "1800000000.5")
        async with running(RedisSource(valkey.url).run(inbox)):
            await until(lambda: inbox.beats)
            redis.set(REDIS_HEARTBEAT, "soon")
            await until(lambda: None in inbox.beats)
    assert inbox.beats[0] == 1800000000.5


async def test_redis_that_is_killed_is_told_and_found_again(valkey, inbox, fast_poll):
    publish(valkey, document(1))
    async with running(RedisSource(valkey.url).run(inbox)):
        await until(lambda: inbox.version == 1)
        await asyncio.to_thread(valkey.kill)
        await until(lambda: inbox.troubles)
        await asyncio.to_thread(valkey.start)
        await asyncio.to_thread(publish, valkey, document(2))
        await until(lambda: inbox.version == 2)


async def test_a_redis_that_accepts_and_says_nothing_is_told(inbox, monkeypatch):
    monkeypatch.setattr(sources, "REDIS_TIMEOUT", 0.2)

    async def silent(reader, writer):
        await reader.read()

    async with serving(silent) as url, running(RedisSource(url.replace("http", "redis")).run(inbox)):
        await until(lambda: inbox.troubles)


async def test_something_that_is_not_redis_is_told(inbox, monkeypatch):
    monkeypatch.setattr(sources, "REDIS_TIMEOUT", 0.2)
    async with serving(reply(b"hello")) as url, running(RedisSource(url.replace("http", "redis")).run(inbox)):
        await until(lambda: inbox.troubles)


async def test_a_connection_that_died_unnoticed_is_found_out(valkey, inbox, monkeypatch, fast_poll):
    monkeypatch.setattr(sources, "REDIS_TIMEOUT", 0.3)
    publish(valkey, document(1))
    cut = asyncio.Event()
    connections = []

    async def relay(reader, writer):
        connections.append(writer)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", valkey.port)
        dead = len(connections) <= 2

        async def pump(source, sink):
            while data := await source.read(65536):
                if dead and cut.is_set():
                    continue  # As if the network swallowed it; nobody closes anything.
                sink.write(data)

        try:
            await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))
        finally:
            upstream_writer.close()

    async with serving(relay) as url, running(RedisSource(url.replace("http", "redis")).run(inbox)):
        await until(lambda: inbox.version == 1)
        cut.set()
        await until(lambda: inbox.troubles)
        await asyncio.to_thread(publish, valkey, document(2))
        await until(lambda: inbox.version == 2)


class Portal:
    """Serves one document with an ETag."""

    def __init__(self):
        self.content = document(1)
        self.status = 200
        self.asked = []

    async def __call__(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        tag = f'"{hash(self.content)}"'
        if self.status == 200 and f"If-None-Match: {tag}" in head:
            self.asked.append(304)
            writer.write(reply(status=304, ETag=tag))
            return
        self.asked.append(self.status)
        writer.write(reply(self.content if self.status == 200 else b"<h1>Sorry</h1>", self.status, ETag=tag))


async def test_the_portal_is_asked_with_the_tag_of_what_is_known(inbox, fast_poll):
    portal = Portal()
    async with serving(portal) as url, running(HttpSource(f"{url}/api/v1/snapshot/").run(inbox)):
        await until(lambda: 304 in portal.asked)
        assert portal.asked.count(200) == 1
        portal.content = document(2)
        await until(lambda: inbox.version == 2)
    assert portal.asked.count(200) == 2


@pytest.mark.parametrize("status", [503, 500, 404, 403])
async def test_a_portal_in_trouble_is_told_and_asked_again(inbox, fast_poll, status):
    portal = Portal()
    portal.status = status
    async with serving(portal) as url, running(HttpSource(url).run(inbox)):
        await until(lambda: inbox.troubles)
        assert str(status) in inbox.troubles[0]
        portal.status = 200
        await until(lambda: inbox.version == 1)


async def test_a_portal_that_is_gone_is_told(inbox):
    async with serving(b"") as url:
        pass
    async with running(HttpSource(url).run(inbox)):
        await until(lambda: inbox.troubles)


async def test_a_page_in_place_of_the_document_is_told(inbox):
    async with serving(reply(b"<!doctype html>")) as url, running(HttpSource(url).run(inbox)):
        await until(lambda: inbox.troubles)
    assert "not JSON" in inbox.troubles[0]


async def test_an_endless_document_is_told(inbox, monkeypatch):
    monkeypatch.setattr(sources, "MAX_DOCUMENT", 100_000)

    async def flood(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" " * 65536)
            await writer.drain()

    async with serving(flood) as url, running(HttpSource(url).run(inbox)):
        await until(lambda: inbox.troubles)
    assert "too large" in inbox.troubles[0]


def config(weight=1):
    return json.dumps({"hosts": {"a": {"prime": True, "url": "https://a.example.org", "weight": weight}}})


async def test_a_config_file_is_read_again_when_it_changes(tmp_path, inbox, fast_poll):
    path = tmp_path / "config.json"
    path.write_text(config(1))
    async with running(ConfigFile(str(path)).run(inbox)):
        await until(lambda: inbox.snapshots)
        path.write_text(config(25))
        await until(lambda: inbox.snapshots[-1].hubs[0].weight == 25)


async def test_a_damaged_edit_is_told_with_its_key_and_a_good_one_heals(tmp_path, inbox, fast_poll):
    path = tmp_path / "config.json"
    path.write_text(config(1))
    async with running(ConfigFile(str(path)).run(inbox)):
        await until(lambda: inbox.snapshots)
        path.write_text(config(-7))
        await until(lambda: inbox.troubles)
        path.write_text(config(3))
        await until(lambda: inbox.snapshots[-1].hubs[0].weight == 3)
    assert "hosts.a.weight" in inbox.troubles[0]


async def test_a_file_that_vanishes_is_told_and_found_again(tmp_path, inbox, fast_poll):
    path = tmp_path / "config.json"
    async with running(ConfigFile(str(path)).run(inbox)):
        await until(lambda: inbox.troubles)
        path.write_text(config(1))
        await until(lambda: inbox.snapshots)
        os.unlink(path)
        count = len(inbox.troubles)
        await until(lambda: len(inbox.troubles) > count)


async def test_a_mounted_file_whose_link_is_switched_is_read_again(tmp_path, inbox, fast_poll):
    """As Kubernetes does it: the file is a link into a directory that is replaced whole."""
    for name, weight in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(config(weight))
        os.utime(tmp_path / name / "config.json", (1000, 1000))
    (tmp_path / "data").symlink_to("one")
    async with running(ConfigFile(str(tmp_path / "data" / "config.json")).run(inbox)):
        await until(lambda: inbox.snapshots)
        (tmp_path / "new").symlink_to("two")
        os.replace(tmp_path / "new", tmp_path / "data")
        await until(lambda: inbox.snapshots[-1].hubs[0].weight == 2)

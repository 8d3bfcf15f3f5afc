"""Which snapshot may take the place of which."""

from dataclasses import replace

import pytest

from routing.redirector.cache import Remembered
from routing.redirector.standing import Standing
from routing.snapshot import Hub, Snapshot, SnapshotError

HUB = Hub("a", "https://a.example.org", "https://a.example.org/health", "https://a.example.org/versions", 1)


class Clocks:
    steady = 1000.0
    wall = 1_800_000_000.0


def standing(expects_live=True, allow_private=False, clocks=Clocks):
    return Standing(
        allow_private=allow_private,
        expects_live=expects_live,
        steady=lambda: clocks.steady,
        wall=lambda: clocks.wall,
    )


def snapshot(version=5, at=500.0, **how):
    return Snapshot(version=version, published_at=at, hubs=(replace(HUB, **how),))


def test_the_first_snapshot_is_taken():
    now = standing()
    assert now.offer("redis", snapshot())
    assert (now.snapshot, now.source, now.origin) == (snapshot(), "redis", "redis")


def test_the_same_snapshot_again_is_no_news_but_confirms():
    clocks = type("Moving", (Clocks,), {})
    now = standing(clocks=clocks)
    now.offer("redis", snapshot())
    clocks.wall += 7
    assert not now.offer("redis", snapshot())
    assert now.confirmed_at == Clocks.wall + 7


@pytest.mark.parametrize(
    ("version", "at", "taken"),
    [
        (6, 600.0, True),
        (6, 400.0, True),
        (4, 600.0, True),
        (5, 600.0, True),
        (4, 400.0, False),
        (4, 500.0, False),
        (5, 400.0, False),
    ],
)
def test_only_a_higher_version_or_a_later_time_replaces(version, at, taken):
    now = standing()
    now.offer("redis", snapshot())
    if taken:
        assert now.offer("redis", snapshot(version, at, weight=2))
    else:
        with pytest.raises(SnapshotError, match="older"):
            now.offer("redis", snapshot(version, at, weight=2))
        assert now.snapshot == snapshot()


def test_a_live_source_replaces_the_config_file_whatever_its_version():
    now = standing()
    now.offer("config", snapshot(version=0, at=9e9))
    assert now.offer("redis", snapshot(version=1, at=1.0))


def test_the_config_file_never_replaces_a_live_source():
    now = standing()
    now.offer("redis", snapshot())
    assert not now.offer("config", snapshot(weight=9))
    assert now.snapshot == snapshot()


def test_the_cache_of_a_live_source_stands_before_the_config_file():
    now = standing()
    now.restore(Remembered(snapshot(), "redis", 77.0))
    assert (now.source, now.confirmed_at) == ("cache", 77.0)
    assert not now.offer("config", snapshot(weight=9))
    assert now.snapshot == snapshot()


def test_the_cache_of_a_config_file_gives_way_to_the_file():
    now = standing(expects_live=False)
    now.restore(Remembered(snapshot(version=0), "config", 77.0))
    assert now.offer("config", snapshot(version=0, weight=9))


def test_who_turns_from_redis_to_a_config_file_gets_the_file():
    now = standing(expects_live=False)
    now.restore(Remembered(snapshot(), "redis", 77.0))
    assert now.offer("config", snapshot(version=0, weight=9))


def test_the_cache_is_not_a_way_around_the_refusal_of_old_snapshots():
    now = standing()
    now.restore(Remembered(snapshot(), "redis", 77.0))
    with pytest.raises(SnapshotError):
        now.offer("redis", snapshot(4, 400.0))
    assert now.offer("redis", snapshot())
    assert now.source == "redis"


def test_a_cache_from_the_future_is_not_confirmed_in_the_future():
    now = standing()
    now.restore(Remembered(snapshot(), "redis", 9e12))
    assert now.confirmed_at == Clocks.wall


def test_of_two_live_sources_that_agree_one_is_named_while_it_lasts():
    clocks = type("Moving", (Clocks,), {})
    now = standing(clocks=clocks)
    now.offer("redis", snapshot())
    assert not now.offer("http", snapshot())
    assert now.source == "redis"
    clocks.steady += 60
    assert now.offer("http", snapshot())
    assert now.source == "http"


@pytest.mark.parametrize(
    "how",
    [
        {"url": "http://a.example.org"},
        {"health": "https://127.0.0.1/health"},
        {"versions": "https://localhost/versions"},
    ],
)
def test_a_private_or_plain_http_hub_is_left_out_and_told(how):
    now = standing()
    both = replace(snapshot(), hubs=(replace(HUB, key="b", **how), HUB))
    now.offer("redis", both)
    assert [hub.key for hub in now.admitted.hubs] == ["a"]
    assert "b (" in now.left_out
    assert now.snapshot == both


def test_a_snapshot_whose_hubs_are_all_left_out_is_refused():
    now = standing()
    now.offer("redis", snapshot())
    with pytest.raises(SnapshotError, match="none of its hubs"):
        now.offer("redis", snapshot(6, 600.0, url="http://127.0.0.1:9"))
    assert now.admitted == snapshot()


def test_development_admits_private_hubs():
    now = standing(allow_private=True)
    assert now.offer("redis", snapshot(url="http://127.0.0.1:9001"))
    assert not now.left_out

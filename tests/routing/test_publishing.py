"""Publishing: only on change, numbers only up, never lost, with Redis or without."""

import contextlib
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.db import connection

from dev.servers import Valkey
from routing import snapshot, tasks
from routing.models import Hub, SnapshotVersion
from routing.services import publishing
from tests.factories import change_weights, make_hub


@pytest.fixture(autouse=True)
def _own_channel(monkeypatch):
    """Channels know no database numbers: without this the workers of pytest-xdist would hear each other."""
    monkeypatch.setattr(snapshot, "REDIS_NUDGE", f"{snapshot.REDIS_NUDGE}:{uuid.uuid4()}")


@pytest.fixture
def in_redis(redis_url):
    """What Redis holds, decoded."""
    with redis.Redis.from_url(redis_url) as client:
        yield lambda: snapshot.decode(client.get(snapshot.REDIS_SNAPSHOT))


@pytest.mark.django_db
def test_a_version_says_everything_a_redirector_needs():
    make_hub("a", name="Hub A", weight=3, prime=True, pod_headroom=7)
    version = publishing.publish("first")
    hub = snapshot.decode(version.document).hubs[0]
    assert hub == snapshot.Hub(
        key="a",
        url="https://a.example.org",
        health="https://a.example.org/health",
        versions="https://a.example.org/versions",
        weight=3.0,
        prime=True,
        name="Hub A",
        pod_headroom=7,
    )


@pytest.mark.django_db
def test_hubs_that_are_not_active_are_published_without_effect_and_retired_ones_not_at_all():
    make_hub("a", state=Hub.State.ONBOARDING)
    make_hub("b", state=Hub.State.DRAINED)
    make_hub("c", state=Hub.State.RETIRED, weight=0)
    published = publishing.publish("first").snapshot.hubs
    assert [(hub.key, hub.effective_weight, hub.factors[0].reason) for hub in published] == [
        ("a", 0, "onboarding"),
        ("b", 0, "drained"),
    ]


@pytest.mark.django_db
def test_nothing_is_published_when_nothing_changed():
    make_hub("a")
    assert publishing.publish("first").version == 1
    assert publishing.publish("again") is None


@pytest.mark.django_db
def test_an_empty_federation_is_never_published():
    assert publishing.publish("first") is None
    make_hub("a")
    publishing.publish("first")
    Hub.objects.update(state=Hub.State.RETIRED, weight=0)
    assert publishing.publish("all gone") is None


@pytest.mark.django_db
def test_numbers_only_go_up():
    hub = make_hub("a")
    for weight in (1, 2, 1):
        Hub.objects.filter(pk=hub.pk).update(weight=weight)
        publishing.publish("next")
    assert list(SnapshotVersion.objects.values_list("version", flat=True)) == [3, 2, 1]


@pytest.mark.django_db
def test_a_commit_brings_the_version_to_redis_with_a_nudge(in_redis, redis_url, django_capture_on_commit_callbacks):
    make_hub("a")
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as listener:
        listener.subscribe(snapshot.REDIS_NUDGE)
        listener.get_message(timeout=5)
        with django_capture_on_commit_callbacks(execute=True):
            change_weights(a=5)
        nudge = listener.get_message(timeout=5)
    assert in_redis().hubs[0].weight == 5
    assert int(nudge["data"]) == in_redis().version


@pytest.mark.django_db
def test_the_sweep_publishes_what_a_lost_commit_hook_left(in_redis, django_capture_on_commit_callbacks):
    make_hub("a")
    with django_capture_on_commit_callbacks(execute=True):
        tasks.publish()
    assert in_redis().version == 1


@pytest.mark.django_db
def test_the_sweep_mends_what_redis_lost_or_has_damaged(in_redis, redis_url):
    make_hub("a")
    publishing.publish("first")
    with redis.Redis.from_url(redis_url) as client:
        for damage in (None, b"{}", b"\xff\x00 not even text"):
            client.delete(snapshot.REDIS_SNAPSHOT) if damage is None else client.set(snapshot.REDIS_SNAPSHOT, damage)
            publishing.sweep()
            assert in_redis().version == 1


@pytest.mark.django_db
def test_the_sweep_leaves_redis_alone_when_all_is_well(in_redis, redis_url):
    make_hub("a")
    publishing.publish("first")
    publishing.sweep()
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as listener:
        listener.subscribe(snapshot.REDIS_NUDGE)
        listener.get_message(timeout=5)
        publishing.sweep()
        assert listener.get_message(timeout=0.1) is None


@pytest.mark.django_db
def test_a_database_from_a_backup_goes_beyond_the_numbers_redirectors_have(in_redis, redis_url):
    make_hub("a")
    publishing.publish("first")
    newer = snapshot.encode(snapshot.Snapshot(version=41, published_at=0, hubs=publishing.current(1).hubs))
    with redis.Redis.from_url(redis_url) as client:
        client.set(snapshot.REDIS_SNAPSHOT, newer)
    publishing.sweep()
    assert in_redis().version == publishing.newest().version == 42


@pytest.mark.django_db
def test_redis_away_costs_one_line_in_the_log_and_the_sweep_catches_up(
    tmp_path, settings, caplog, django_capture_on_commit_callbacks
):
    with Valkey(tmp_path) as valkey:
        settings.REDIS_URL = valkey.url
        valkey.stop()
        make_hub("a")
        with caplog.at_level("INFO"):
            for weight in (2, 3, 4):
                with django_capture_on_commit_callbacks(execute=True):
                    change_weights(a=weight)
            assert publishing.newest().snapshot.hubs[0].weight == 4
            assert sum("redis_is_away" in record.getMessage() for record in caplog.records) == 1
            valkey.start()
            publishing.sweep()
            assert sum("redis_is_back" in record.getMessage() for record in caplog.records) == 1
        with redis.Redis.from_url(valkey.url) as client:
            assert snapshot.decode(client.get(snapshot.REDIS_SNAPSHOT)).hubs[0].weight == 4


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_version_of_one_change(in_redis):
    make_hub("a")
    barrier = threading.Barrier(4)

    def publish(_):
        barrier.wait(timeout=10)
        with contextlib.closing(connection):
            return publishing.publish("at once")

    with ThreadPoolExecutor(4) as pool:
        made = [version for version in pool.map(publish, range(4)) if version]
    assert len(made) == 1
    assert in_redis().version == 1


@pytest.mark.django_db(transaction=True)
def test_edits_at_once_all_count_and_the_last_version_has_them_all(in_redis):
    keys = [make_hub(key).key for key in "abcd"]
    barrier = threading.Barrier(4)

    def edit(key):
        barrier.wait(timeout=10)
        with contextlib.closing(connection):
            change_weights(**{key: 9})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(edit, keys))
    assert {hub.weight for hub in in_redis().hubs} == {9.0}
    assert in_redis().version == publishing.newest().version

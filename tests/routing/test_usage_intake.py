"""What redirectors hand over is counted once, whatever happens on the way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from routing.models import UsageDay, UsageHour, UsageMinute, UsageRepository, UsageSource
from routing.services import usage_intake
from routing.usage_batches import REDIS_USAGE, encode
from tests.factories import make_batch, make_hub

pytestmark = pytest.mark.django_db

OTHER = "fedcba9876543210"


@pytest.fixture
def queue(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield client


def hand_over(queue, *batches):
    queue.rpush(REDIS_USAGE, *map(encode, batches))


def launches(table=UsageMinute):
    return sorted(table.objects.values_list("hub__key", "launches"))


def test_a_batch_is_counted_by_minute_hour_and_day(queue):
    make_hub("a")
    at = timezone.now() - timedelta(hours=5)
    hand_over(queue, make_batch(at=at, a=3))
    assert usage_intake.take_in() == 1
    at = at.replace(second=0, microsecond=0)
    assert UsageMinute.objects.get().at == at
    assert UsageHour.objects.get().at == at.replace(minute=0)
    assert UsageDay.objects.get().at == at.replace(hour=0, minute=0)
    assert [launches(table) for table in (UsageMinute, UsageHour, UsageDay)] == [[("a", 3)]] * 3
    assert queue.llen(REDIS_USAGE) == 0


def test_batches_and_redirectors_add_up(queue):
    make_hub("a"), make_hub("b")
    at = timezone.now()
    hand_over(queue, make_batch(at=at, a=1), make_batch(OTHER, at=at, a=10, b=5), make_batch(number=2, at=at, a=100))
    usage_intake.take_in()
    assert launches(UsageDay) == [("a", 111), ("b", 5)]


def test_reasons_are_kept_apart(queue):
    make_hub("a")
    batch = make_batch(a=1)
    ((minute, *_),) = batch.launches
    hand_over(queue, replace(batch, launches=((minute, "a", "home", 2), (minute, "a", "spill", 3))))
    usage_intake.take_in()
    assert sorted(UsageDay.objects.values_list("reason", "launches")) == [("home", 2), ("spill", 3)]


def test_a_batch_that_comes_twice_counts_once(queue):
    make_hub("a")
    hand_over(queue, make_batch(a=3), make_batch(a=3))
    usage_intake.take_in()
    hand_over(queue, make_batch(a=3))
    usage_intake.take_in()
    assert launches() == [("a", 3)]


def test_a_worker_that_dies_before_postgres_has_it_leaves_the_batch_in_redis(queue, monkeypatch):
    make_hub("a")
    hand_over(queue, make_batch(a=3))
    with monkeypatch.context() as patch:
        patch.setattr(usage_intake, "ADD_REPOSITORIES", "this is no SQL")
        patch.setattr(usage_intake, "ADD", "this is no SQL")
        with pytest.raises(DatabaseError):
            usage_intake.take_in()
    assert (launches(), queue.llen(REDIS_USAGE)) == ([], 1)
    usage_intake.take_in()
    assert (launches(), queue.llen(REDIS_USAGE)) == ([("a", 3)], 0)


def test_a_worker_that_dies_before_redis_let_go_of_it_counts_it_once(queue):
    make_hub("a")
    hand_over(queue, make_batch(a=3))
    usage_intake.keep(queue.lrange(REDIS_USAGE, 0, -1))
    usage_intake.take_in()
    assert (launches(), queue.llen(REDIS_USAGE)) == ([("a", 3)], 0)


@pytest.mark.django_db(transaction=True)
def test_two_takers_do_not_count_twice(queue):
    make_hub("a")
    hand_over(queue, make_batch(a=3))
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute(f"BEGIN; SELECT pg_advisory_xact_lock({usage_intake.LOCK})")
            assert usage_intake.take_in() == 0
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert usage_intake.take_in() == 1
    assert connection.in_atomic_block is False


def test_batches_that_never_came_are_noticed(queue):
    make_hub("a")
    hand_over(queue, make_batch(number=4, a=1), make_batch(number=7, a=1))
    usage_intake.take_in()
    source = UsageSource.objects.get()
    assert (source.number, source.missing, source.launches) == (7, 2, 2)


def test_what_a_redirector_lost_is_noted(queue):
    make_hub("a")
    hand_over(queue, replace(make_batch(a=1), lost=17, interruptions=2, last=True))
    usage_intake.take_in()
    source = UsageSource.objects.get()
    assert (source.lost, source.interruptions, source.ended) == (17, 2, True)


def test_launches_of_a_hub_that_nobody_knows_are_counted_as_that(queue):
    make_hub("a")
    hand_over(queue, make_batch(a=1, nobody=4))
    usage_intake.take_in()
    assert (launches(), UsageSource.objects.get().unknown) == ([("a", 1)], 4)


def test_damaged_batches_are_dropped_and_do_not_stop_the_others(queue):
    make_hub("a")
    queue.rpush(REDIS_USAGE, b"\xff\xfe", b"{}", b"[" * 100_000)
    hand_over(queue, make_batch(a=1))
    usage_intake.take_in()
    assert (launches(), queue.llen(REDIS_USAGE)) == ([("a", 1)], 0)


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_clock_that_is_far_wrong_counts_as_now(queue, at):
    make_hub("a")
    batch = replace(make_batch(at=at, a=2), repositories=((at.date(), "a", "gh/a/b", 2),))
    hand_over(queue, batch)
    usage_intake.take_in()
    assert timezone.now() - UsageMinute.objects.get().at < timedelta(minutes=2)
    assert UsageRepository.objects.get().day == timezone.now().date()


def test_without_redis_nothing_breaks(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert usage_intake.take_in() == 0


def test_repositories_add_up_by_day_and_hub(queue):
    make_hub("a"), make_hub("b")
    day = timezone.now().date()
    first = ((day, "a", "gh/x/y", 2), (day, "b", "gh/x/y", 1), (day, "nobody", "gh/x/y", 9))
    hand_over(queue, replace(make_batch(), repositories=first))
    hand_over(queue, replace(make_batch(number=2), repositories=((day, "a", "gh/x/y", 5),)))
    usage_intake.take_in()
    assert sorted(UsageRepository.objects.values_list("hub__key", "repository", "launches")) == [
        ("a", "gh/x/y", 7),
        ("b", "gh/x/y", 1),
    ]


def test_a_flood_of_repositories_stays_within_its_bound_and_the_busy_one_stays(queue, monkeypatch):
    monkeypatch.setattr(usage_intake, "REPOSITORIES_A_DAY", 20)
    make_hub("a")
    day = timezone.now().date()
    for number in range(1, 6):
        names = tuple((day, "a", f"gh/flood/{number}-{each}", 1) for each in range(30))
        hand_over(queue, replace(make_batch(number=number), repositories=(*names, (day, "a", "gh/busy/one", 10))))
        usage_intake.take_in()
    assert UsageRepository.objects.count() <= 40
    assert UsageRepository.objects.get(repository="gh/busy/one").launches == 50


def test_taking_in_asks_the_database_the_same_however_many_batches_wait(queue, django_assert_max_num_queries):
    make_hub("a")
    hand_over(queue, *(make_batch(number=number, a=1) for number in range(1, 41)))
    with django_assert_max_num_queries(12):
        usage_intake.take_in()

"""History stays small: samples become hours, and old ones go."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.models import HealthHour, HealthSample, LaunchMinute
from routing.services import retention
from tests.factories import make_hub

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)


def sample(hub, at, evidence="good", **more):
    return HealthSample.objects.create(hub=hub, at=at, evidence=evidence, **more)


def test_a_finished_hour_is_rolled_up_and_the_running_one_is_not():
    hub = make_hub("a")
    eleven = NOW.replace(hour=11, minute=0)
    sample(hub, eleven, answer_seconds=0.1, user_pods=10, build_pods=1, quota=100)
    sample(hub, eleven + timedelta(minutes=59), "unreachable")
    sample(hub, eleven + timedelta(minutes=30), answer_seconds=0.3, user_pods=20, build_pods=2, quota=90)
    sample(hub, NOW)
    assert retention.roll_up(NOW) == 1
    hour = HealthHour.objects.get()
    assert (hour.hour, hour.samples, hour.good, hour.pods_max, hour.quota_min) == (eleven, 3, 2, 22, 90)
    assert (hour.answer_seconds_mean, hour.answer_seconds_max) == (pytest.approx(0.2), 0.3)


def test_rolling_up_twice_and_late_samples_give_one_right_hour():
    hub = make_hub("a")
    sample(hub, NOW - timedelta(hours=2))
    retention.roll_up(NOW)
    sample(hub, NOW - timedelta(hours=2, minutes=-5))
    retention.roll_up(NOW)
    assert HealthHour.objects.get().samples == 2


def test_samples_go_after_a_week_and_their_hours_stay():
    hub = make_hub("a")
    sample(hub, NOW - timedelta(days=7, minutes=1))
    young = sample(hub, NOW - timedelta(days=6))
    HealthHour.objects.create(hub=hub, hour=NOW - timedelta(days=30), samples=240, good=240)
    LaunchMinute.objects.create(hub=hub, minute=NOW - timedelta(days=8))
    assert retention.forget(NOW) == 2
    assert list(HealthSample.objects.all()) == [young]
    assert HealthHour.objects.count() == 1


def test_an_hour_whose_samples_are_going_is_not_written_anew():
    hub = make_hub("a")
    edge = NOW.replace(minute=0) - timedelta(days=7)
    HealthHour.objects.create(hub=hub, hour=edge, samples=240, good=240)
    sample(hub, edge + timedelta(minutes=45))
    retention.roll_up(NOW, hours=24 * 30)
    assert HealthHour.objects.get(hour=edge).samples == 240

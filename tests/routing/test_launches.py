"""Launch success from the hubs' own counters, and launches of our own."""

from datetime import UTC, datetime, timedelta

import pytest

from demo.hubs import DemoHubs
from routing.launch_counts import LaunchCounts
from routing.models import Hub, HubHealth, LaunchMinute, LaunchTest
from routing.services import launches, policies, publishing
from tests.factories import make_hub

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_success_is_what_grew_over_five_minutes_and_an_hour():
    hub = make_hub("a")
    for minute, counts in enumerate([(100, 100), (110, 110), (110, 120), (115, 130)]):
        launches.keep(hub.pk, LaunchCounts(*counts), NOW + timedelta(minutes=4 * minute))
    health = HubHealth.objects.get()
    assert health.launch_success_5m == pytest.approx(5 / 20)
    assert health.launch_success_1h == pytest.approx(15 / 30)


@pytest.mark.django_db
def test_what_a_hub_counted_before_we_came_says_nothing():
    launches.keep(make_hub("a").pk, LaunchCounts(100, 200), NOW)
    assert HubHealth.objects.get().launch_success_1h is None
    assert not LaunchMinute.objects.exists()


@pytest.mark.django_db
def test_a_restart_of_the_hub_loses_nothing_and_invents_nothing():
    hub = make_hub("a")
    for minute, counts in enumerate([(100, 100), (3, 4)]):
        launches.keep(hub.pk, LaunchCounts(*counts), NOW + timedelta(minutes=minute))
    assert HubHealth.objects.get().launch_success_5m == pytest.approx(0.75)


@pytest.mark.django_db
def test_it_is_a_factor_only_when_the_maintainers_switch_it_on():
    hub = make_hub("a")
    HubHealth.objects.create(hub=hub, launch_success_5m=0.5)
    assert publishing.live(1).hubs[0].factors == ()
    policies.edit({"launch_success_counts": True}, reason="try it", by=None)
    (factor,) = publishing.live(1).hubs[0].factors
    assert (factor.name, factor.value) == ("launch success", 0.5)
    assert factor.reason == "50% of the launches of the last 5 minutes succeeded"


@pytest.fixture
def hubs(transactional_db):
    with DemoHubs(0) as running:
        for key, hub in running.hubs.items():
            make_hub(key, url=hub.url)
        yield running


def test_the_counters_of_all_hubs_are_read_and_a_dead_one_is_left_out(hubs):
    dead = next(iter(hubs.hubs))
    HubHealth.objects.create(hub_id=make_hub("idle").pk, launch_success_5m=1.0)
    hubs.switch(dead, "dead")
    launches.read_counters()
    known = HubHealth.objects.exclude(launches_tried=None).values_list("hub__key", flat=True)
    assert set(known) == hubs.hubs.keys() - {dead}
    assert HubHealth.objects.get(hub__key="idle").launch_success_5m is None


def test_a_test_launch_reads_the_stream_until_the_hub_is_ready(hubs):
    hub = Hub.objects.get(key=next(iter(hubs.hubs)))
    Hub.objects.filter(pk=hub.pk).update(test_spec="gh/binder-examples/requirements/HEAD")
    launches.test_hubs()
    test = LaunchTest.objects.get()
    assert (test.hub, test.ok, test.message) == (hub, True, "")
    assert test.seconds > 0


def test_a_hub_is_tested_once_in_fifteen_minutes_and_never_by_default(hubs):
    hub = make_hub("tested", url="http://127.0.0.1:9", test_spec="gh/a/b/HEAD")
    launches.test_hubs()
    launches.test_hubs()
    test = LaunchTest.objects.get()
    assert (test.hub, test.ok, test.message) == (hub, False, "refuses connections")
    LaunchTest.objects.update(at=test.at - timedelta(minutes=16))
    launches.test_hubs()
    assert LaunchTest.objects.count() == 2


def test_a_refusal_of_the_hub_is_kept_in_its_words(hubs):
    key = next(iter(hubs.hubs))
    hubs.switch(key, "over-quota")
    Hub.objects.filter(key=key).update(test_spec="gh/binder-examples/requirements/HEAD")
    launches.test_hubs()
    test = LaunchTest.objects.get()
    assert not test.ok
    assert test.message

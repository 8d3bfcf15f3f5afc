"""A round of checks: real hubs that break, a real database, a real Redis."""

import threading
import time

import pytest
from django.db import connection

from demo.hubs import DemoHubs
from routing import snapshot
from routing.models import Flip, Hub, HubHealth, LiveSnapshot
from routing.services import broker, checks, policies, publishing
from tests.factories import make_hub

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

QUICK = {
    "check_period": 0.5,
    "check_failed_period": 0.5,
    "settle_period": 0.2,
    "pulse_period": 0.2,
    "check_timeout": 0.5,
}


@pytest.fixture
def hubs():
    with DemoHubs(0) as running:
        for number, (key, hub) in enumerate(running.hubs.items()):
            make_hub(key, url=hub.url, prime=number == 0)
        policies.edit(QUICK, reason="quick", by=None)
        publishing.publish("start")
        yield running


def effective() -> dict[str, float]:
    return {hub.key: hub.effective_weight for hub in LiveSnapshot.objects.get().snapshot.hubs}


def test_all_hubs_are_checked_and_redirectors_get_a_sign_of_life(hubs):
    checks.run_round(1.5)
    assert set(HubHealth.objects.values_list("serving", "evidence")) == {(True, "good")}
    assert HubHealth.objects.count() == 3
    assert time.time() - float(broker.connection().get(snapshot.REDIS_HEARTBEAT)) < 5


def test_a_dead_hub_leaves_the_rotation_and_the_others_stay(hubs):
    checks.run_round(1.0)
    key = list(hubs.hubs)[1]
    hubs.switch(key, "dead")
    checks.run_round(3.0)
    assert [each for each, weight in effective().items() if weight == 0] == [key]
    assert Flip.objects.filter(to="out", hub__key=key).count() == 1


def test_a_hub_that_hangs_delays_nobody(hubs):
    hubs.switch(list(hubs.hubs)[1], "hanging")
    policies.edit({"check_timeout": 30.0}, reason="patient", by=None)
    checks.run_round(1.5)
    checked = set(HubHealth.objects.exclude(checked_at=None).values_list("hub__key", flat=True))
    assert checked == hubs.hubs.keys() - {list(hubs.hubs)[1]}


def test_what_was_begun_in_one_round_goes_on_in_the_next(hubs):
    key = list(hubs.hubs)[2]
    checks.run_round(1.0)
    hubs.switch(key, "unhealthy")
    checks.run_round(1.0)
    assert effective()[key] == 0
    hubs.switch(key, "healthy")
    checks.run_round(1.0)
    checks.run_round(1.0)
    assert HubHealth.objects.get(hub__key=key).serving
    assert 0 < effective()[key] < 1


def test_there_is_only_one_round_at_a_time(hubs, monkeypatch):
    monkeypatch.setattr(checks, "PATIENCE_MS", 100)
    began = threading.Event()
    original = checks._known

    def known():
        began.set()
        return original()

    monkeypatch.setattr(checks, "_known", known)

    def first():
        try:
            checks.run_round(2.0)
        finally:
            connection.close()

    other = threading.Thread(target=first)
    other.start()
    assert began.wait(10)
    assert checks.run_round(0.1) is False
    other.join()
    assert checks.run_round(0.1) is True


def test_without_hubs_a_round_is_quiet():
    assert checks.run_round(0.2)
    assert not Hub.objects.exists()

"""Rolling back to an earlier version: its facts come back, with a trace, as a new version."""

from decimal import Decimal

import pytest

from routing.models import Hub, Policy, SnapshotVersion, WeightChange
from routing.services import differences, hubs, policies, publishing, rollbacks
from tests.factories import change_weights, make_hub, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _redis(redis_url):
    """Every roll back publishes."""


@pytest.fixture
def roll_back(django_capture_on_commit_callbacks):
    def do(version: SnapshotVersion, by=None) -> SnapshotVersion:
        with django_capture_on_commit_callbacks(execute=True):
            rollbacks.roll_back(version, reason="it was better", by=by)
        return publishing.newest()

    return do


def test_everything_a_version_published_comes_back(roll_back):
    a = make_hub("a", weight=30, prime=True)
    b = make_hub("b", weight=10, state=Hub.State.DRAINED)
    old = publishing.publish("good")
    change_weights(a=0, b=99)
    hubs.make_prime(b, reason="try", by=None)
    hubs.edit(a, {"url": "https://elsewhere.example.org", "pod_headroom": 99, "name": "New"}, reason="try", by=None)
    hubs.change_state(b, Hub.State.ACTIVE, reason="try", by=None)
    policies.edit({"balancer": "random", "check_period": 77.0}, reason="try", by=None)
    publishing.publish("bad")

    newest = roll_back(old)

    assert newest.version == 3
    assert newest.digest == old.digest
    assert newest.reason == "roll back to version 1: it was better"
    assert Policy.objects.get().check_period == 15.0


def test_the_weights_that_come_back_are_in_the_history(roll_back):
    make_hub("a", weight=30)
    old = publishing.publish("good")
    change_weights(a=5)
    person = make_user()
    roll_back(old, by=person)
    change = WeightChange.objects.first()
    assert (change.from_weight, change.to_weight, change.by) == (5, 30, person)
    assert change.reason == "roll back to version 1: it was better"


def test_a_hub_that_came_later_stays_with_weight_zero_and_the_preview_says_so(roll_back):
    make_hub("a", weight=30)
    old = publishing.publish("good")
    later = make_hub("later", name="Later Hub", weight=50)
    publishing.publish("it came")
    preview = rollbacks.preview(old)
    assert preview.later_hubs == [later]
    assert "Later Hub: weight 50 → 0." in preview.sentences
    newest = roll_back(old)
    assert {hub.key: hub.weight for hub in newest.snapshot.hubs} == {"a": 30, "later": 0}


def test_a_hub_that_was_retired_since_comes_back(roll_back):
    make_hub("a", weight=30, prime=True)
    b = make_hub("b", weight=10)
    old = publishing.publish("good")
    hubs.change_state(b, Hub.State.RETIRED, reason="goodbye", by=None)
    publishing.publish("gone")
    assert roll_back(old).digest == old.digest
    b.refresh_from_db()
    assert (b.state, b.weight) == (Hub.State.ACTIVE, 10)


def test_a_version_without_a_prime_leaves_none(roll_back):
    a = make_hub("a")
    old = publishing.publish("good")
    hubs.make_prime(a, reason="try", by=None)
    publishing.publish("prime")
    assert roll_back(old).digest == old.digest
    assert not Hub.objects.filter(prime=True).exists()


def test_the_preview_is_what_happens(roll_back):
    make_hub("a", weight=30, prime=True)
    old = publishing.publish("good")
    change_weights(a=5)
    make_hub("later", weight=2)
    before = publishing.publish("bad").snapshot
    expected = rollbacks.preview(old).sentences
    after = roll_back(old).snapshot
    assert differences.between(before, after) == expected


def test_rolling_back_to_how_things_are_publishes_nothing(roll_back):
    make_hub("a")
    version = publishing.publish("good")
    assert rollbacks.preview(version).sentences == []
    assert roll_back(version) == version


def test_weights_with_decimals_come_back_exactly(roll_back):
    hub = make_hub("a", weight=Decimal("0.123"))
    old = publishing.publish("good")
    change_weights(a=5)
    roll_back(old)
    hub.refresh_from_db()
    assert hub.weight == Decimal("0.123")


def test_differences_are_told_in_words():
    make_hub("a", name="Alpha", weight=30, prime=True)
    b = make_hub("b", name="Beta", weight=10)
    old = publishing.publish("good").snapshot
    change_weights(a=45)
    hubs.make_prime(b, reason="try", by=None)
    hubs.change_state(b, Hub.State.DRAINED, reason="try", by=None)
    make_hub("c", name="Gamma", weight=3)
    policies.edit({"host_cookie_age_hours": 6.0}, reason="try", by=None)
    assert differences.between(old, publishing.publish("next").snapshot) == [
        "Beta becomes the prime (was Alpha).",
        "Alpha: weight 30 → 45.",
        "Beta becomes drained (was active).",
        "Gamma is added with weight 3, active.",
        "Policy: hours a visitor stays on a hub 4 → 6.",
    ]

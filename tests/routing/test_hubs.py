"""Taking hubs in, editing them, choosing the prime, draining and retiring."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from foundation import reasons
from routing.models import Hub, Policy, SnapshotVersion, WeightChange
from routing.services import hubs, policies
from tests.factories import hub_values, make_hub, make_user

pytestmark = pytest.mark.django_db


def test_a_new_hubs_first_weight_is_in_the_history():
    person = make_user()
    hub = hubs.add(Hub(**hub_values("a", weight=0)), weight=Decimal(7), reason="welcome", by=person)
    change = WeightChange.objects.get()
    assert (hub.weight, change.from_weight, change.to_weight, change.by, change.reason) == (7, 0, 7, person, "welcome")


def test_a_new_hub_that_is_prime_takes_over():
    make_hub("old", prime=True)
    hubs.add(Hub(**hub_values("new", prime=True)), weight=Decimal(1), reason="welcome", by=None)
    assert list(Hub.objects.filter(prime=True).values_list("key", flat=True)) == ["new"]


def test_a_new_hub_with_a_bad_address_is_refused(settings):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(ValidationError):
        hubs.add(Hub(**hub_values("a", url="http://127.0.0.1:1")), weight=Decimal(1), reason="try", by=None)
    assert not Hub.objects.exists()


def test_an_edit_that_saw_an_older_record_is_refused():
    hub = make_hub("a")
    seen = hub.fingerprint
    hubs.edit(hub, {"name": "First"}, reason="rename", by=None, seen=seen)
    with pytest.raises(hubs.StaleHub):
        hubs.edit(hub, {"name": "Second"}, reason="rename", by=None, seen=seen)
    assert Hub.objects.get().name == "First"


def test_a_weight_edit_does_not_make_the_record_stale():
    hub = make_hub("a")
    seen = hub.fingerprint
    Hub.objects.update(weight=9)
    hubs.edit(hub, {"name": "New"}, reason="rename", by=None, seen=seen)
    assert Hub.objects.get().name == "New"


@pytest.mark.parametrize("field", ["key", "weight", "prime", "state"])
def test_what_moves_traffic_has_its_own_verbs(field):
    with pytest.raises(hubs.HubsError):
        hubs.edit(make_hub("a"), {field: "x"}, reason="try", by=None)


def test_an_edit_in_production_can_not_bring_in_a_private_address(settings):
    settings.ALLOW_PRIVATE_HUBS = False
    with pytest.raises(ValidationError):
        hubs.edit(make_hub("a"), {"url": "https://192.168.0.1"}, reason="try", by=None)


def test_there_is_one_prime_after_another():
    make_hub("a", prime=True)
    b = make_hub("b")
    hubs.make_prime(b, reason="a is tired", by=None)
    assert list(Hub.objects.filter(prime=True)) == [b]


def test_a_retired_hub_does_not_become_the_prime():
    hub = make_hub("a", weight=0, state=Hub.State.RETIRED)
    with pytest.raises(hubs.HubsError):
        hubs.make_prime(hub, reason="try", by=None)


def test_retiring_takes_the_weight_with_a_trace():
    hub = make_hub("a", weight=10)
    hubs.change_state(hub, Hub.State.RETIRED, reason="goodbye", by=None)
    assert Hub.objects.get().weight == 0
    assert WeightChange.objects.get().reason == "goodbye"


def test_the_prime_is_not_retired():
    with pytest.raises(hubs.HubsError, match="Make another hub the prime"):
        hubs.change_state(make_hub("a", prime=True), Hub.State.RETIRED, reason="try", by=None)


def test_a_drained_hub_keeps_its_weight_for_later():
    hubs.change_state(make_hub("a", weight=10), Hub.State.DRAINED, reason="upgrade", by=None)
    hub = Hub.objects.get()
    assert (hub.state, hub.weight) == (Hub.State.DRAINED, 10)


def test_an_unknown_state_is_refused():
    with pytest.raises(hubs.HubsError):
        hubs.change_state(make_hub("a"), "asleep", reason="try", by=None)


@pytest.mark.parametrize(
    "verb",
    [
        lambda hub: hubs.edit(hub, {"name": "New"}, reason=" ", by=None),
        lambda hub: hubs.make_prime(hub, reason=" ", by=None),
        lambda hub: hubs.change_state(hub, Hub.State.DRAINED, reason=" ", by=None),
        lambda hub: policies.edit({"balancer": "random"}, reason=" ", by=None),
    ],
)
def test_every_verb_asks_why(verb):
    hub = make_hub("a")
    with pytest.raises(reasons.NoReason):
        verb(hub)


@pytest.mark.parametrize(
    "verb",
    [
        lambda hub: hubs.edit(hub, {"name": "New"}, reason="why", by=None),
        lambda hub: hubs.make_prime(hub, reason="why", by=None),
        lambda hub: hubs.change_state(hub, Hub.State.DRAINED, reason="why", by=None),
        lambda hub: policies.edit({"balancer": "random"}, reason="why", by=None),
    ],
)
def test_every_verb_publishes_what_it_did(verb, django_capture_on_commit_callbacks, redis_url):
    hub = make_hub("a")
    with django_capture_on_commit_callbacks(execute=True):
        verb(hub)
    assert SnapshotVersion.objects.get().reason == "why"


def test_the_policy_is_the_defaults_until_somebody_touches_it():
    assert Policy.objects.current().balancer == "balanced"
    assert not Policy.objects.exists()
    policies.edit({"balancer": "random"}, reason="as today", by=None)
    assert Policy.objects.current().balancer == "random"


def test_a_policy_beyond_its_limits_is_refused():
    with pytest.raises(ValidationError):
        policies.edit({"check_period": 0}, reason="try", by=None)

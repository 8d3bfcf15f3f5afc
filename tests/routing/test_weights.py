"""Changing weights: all or none, with a reason, never over somebody else's edit, and with a way back."""

from decimal import Decimal

import pytest

from foundation import reasons
from routing.models import Hub, SnapshotVersion, WeightChange
from routing.services import weights
from tests.factories import change_weights, make_hub, make_user

pytestmark = pytest.mark.django_db


def weights_now() -> dict[str, Decimal]:
    return dict(Hub.objects.values_list("key", "weight"))


def test_an_edit_of_several_weights_is_one_batch_with_who_and_why():
    a, b, person = make_hub("a", weight=10), make_hub("b", weight=20), make_user()
    batch = weights.change({a.pk: Decimal(30), b.pk: Decimal(0)}, reason="  more \n nodes ", by=person)
    assert weights_now() == {"a": 30, "b": 0}
    rows = WeightChange.objects.filter(batch=batch)
    assert {(row.hub.key, row.from_weight, row.to_weight, row.by, row.reason) for row in rows} == {
        ("a", 10, 30, person, "more nodes"),
        ("b", 20, 0, person, "more nodes"),
    }


def test_a_weight_that_stays_leaves_no_trace():
    make_hub("a", weight=10)
    make_hub("b", weight=20)
    change_weights(a=10, b=21)
    assert [row.hub.key for row in WeightChange.objects.all()] == ["b"]


def test_nothing_to_change_is_no_edit():
    make_hub("a", weight=10)
    assert change_weights(a=10) is None
    assert not WeightChange.objects.exists()


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 501])
def test_an_edit_without_a_reason_is_refused(reason):
    hub = make_hub("a")
    with pytest.raises(reasons.NoReason):
        weights.change({hub.pk: Decimal(2)}, reason=reason, by=None)


@pytest.mark.parametrize("weight", ["-1", "NaN", "Infinity", "1000000", "0.0001"])
def test_one_bad_weight_stops_the_whole_edit(weight):
    a, b = make_hub("a"), make_hub("b")
    with pytest.raises(weights.WeightsError):
        weights.change({a.pk: Decimal(5), b.pk: Decimal(weight)}, reason="try", by=None)
    assert weights_now() == {"a": 1, "b": 1}


def test_a_retired_hub_gets_no_weight():
    hub = make_hub("a", weight=0, state=Hub.State.RETIRED)
    with pytest.raises(weights.WeightsError, match="retired"):
        weights.change({hub.pk: Decimal(1)}, reason="try", by=None)


def test_a_hub_that_is_gone_stops_the_edit():
    with pytest.raises(weights.WeightsError):
        weights.change({12345: Decimal(1)}, reason="try", by=None)


def test_an_edit_made_on_old_numbers_is_refused_and_told_who_was_faster():
    a, ada = make_hub("a", name="Hub A", weight=10), make_user("ada")
    seen = {a.pk: Decimal(10)}
    change_weights(by=ada, reason="new nodes", a=20)
    with pytest.raises(weights.StaleEdit, match=r"ada set Hub A to 20 .*new nodes"):
        weights.change({a.pk: Decimal(5)}, reason="less", by=None, seen=seen)
    assert weights_now() == {"a": 20}


def test_an_edit_is_stale_too_when_another_hub_moved():
    a, b = make_hub("a"), make_hub("b")
    seen = {a.pk: a.weight, b.pk: b.weight}
    change_weights(b=7)
    with pytest.raises(weights.StaleEdit):
        weights.change({a.pk: Decimal(5)}, reason="less", by=None, seen=seen)


def test_rolling_back_an_edit_restores_its_hubs_and_is_itself_an_edit():
    make_hub("a", weight=10)
    make_hub("b", weight=20)
    batch = change_weights(a=1, b=2)
    undone = weights.undo(batch, reason="too much", by=None)
    assert weights_now() == {"a": 10, "b": 20}
    assert WeightChange.objects.filter(batch=undone, reason="too much").count() == 2


def test_rolling_back_twice_changes_nothing_the_second_time():
    make_hub("a", weight=10)
    batch = change_weights(a=1)
    weights.undo(batch, reason="back", by=None)
    assert weights.undo(batch, reason="back", by=None) is None


def test_rolling_back_leaves_a_hub_alone_that_was_retired_since():
    a = make_hub("a", weight=10)
    make_hub("b", weight=10)
    batch = change_weights(a=0, b=5)
    Hub.objects.filter(pk=a.pk).update(state=Hub.State.RETIRED)
    weights.undo(batch, reason="back", by=None)
    assert weights_now() == {"a": 0, "b": 10}


def test_shares_follow_the_weights_of_active_hubs():
    hubs = [
        make_hub("a", weight=30),
        make_hub("b", weight=10),
        make_hub("c", weight=60, state=Hub.State.DRAINED),
        make_hub("d", weight=0),
    ]
    assert weights.shares(hubs) == {"a": 0.75, "b": 0.25, "c": 0.0, "d": 0.0}


def test_without_any_weight_nobody_has_a_share():
    assert weights.shares([make_hub("a", weight=0)]) == {"a": 0.0}


def consequences(hubs: list[Hub], **new: int) -> list[str]:
    by_key = {hub.key: hub.pk for hub in hubs}
    return weights.consequences(weights.preview(hubs, {by_key[key]: Decimal(value) for key, value in new.items()}))


def test_an_everyday_edit_needs_no_second_thought():
    hubs = [make_hub("a", weight=50, prime=True), make_hub("b", weight=50)]
    assert consequences(hubs, a=60) == []


def test_the_last_weight_going_to_zero_says_who_gets_everybody():
    hubs = [make_hub("a", name="Prime Hub", weight=0, prime=True), make_hub("b", weight=5)]
    assert "all visitors would be sent to the prime, Prime Hub" in " ".join(consequences(hubs, b=0))


def test_the_last_weight_going_to_zero_without_a_prime_is_said_too():
    assert "there is no prime" in " ".join(consequences([make_hub("a")], a=0))


def test_taking_all_from_the_prime_is_said():
    hubs = [make_hub("a", name="Prime Hub", weight=5, prime=True), make_hub("b", weight=95)]
    assert "Prime Hub is the prime" in " ".join(consequences(hubs, a=0))


def test_moving_more_than_half_of_all_launches_is_said():
    hubs = [make_hub("a", weight=90), make_hub("b", weight=10)]
    assert "80% of all launches would move" in " ".join(consequences(hubs, a=10, b=90))


def test_draining_the_last_hub_is_said_too():
    hubs = [make_hub("a", weight=5), make_hub("b", weight=0)]
    rows = weights.preview(hubs, {}, {hubs[0].pk: Hub.State.DRAINED})
    assert "No hub is left" in " ".join(weights.consequences(rows))


def test_an_edit_is_published_with_its_reason(django_capture_on_commit_callbacks, redis_url):
    make_hub("a")
    person = make_user()
    with django_capture_on_commit_callbacks(execute=True):
        change_weights(by=person, reason="new nodes", a=9)
    version = SnapshotVersion.objects.get()
    assert (version.reason, version.by) == ("new nodes", person)
    assert version.snapshot.hubs[0].weight == 9

"""Weights for a time: they return by themselves, once, and a later word calls that off."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.models import Notice
from routing import tasks
from routing.models import Hub, TimedChange, WeightChange
from routing.services import hubs, ramps, timed_changes, weights
from tests.factories import change_weights, make_hub, make_maintainer, make_ramp, make_timed_change, make_user

pytestmark = pytest.mark.django_db


def change(hours: float = 2, reason: str = "a course", by=None, seen=None, **new) -> uuid.UUID | None:
    until = timezone.now() + timedelta(hours=hours)
    by_pk = {Hub.objects.get(key=key).pk: Decimal(weight) for key, weight in new.items()}
    return timed_changes.change(by_pk, until=until, reason=reason, by=by, seen=seen)


def let_pass(hours: float) -> None:
    for row in TimedChange.objects.all():
        row.began_at -= timedelta(hours=hours)
        row.until -= timedelta(hours=hours)
        row.save()


def weights_now() -> dict[str, Decimal]:
    return dict(Hub.objects.values_list("key", "weight"))


def test_hubs_that_were_changed_together_return_together_and_the_maintainers_hear(redis_url):
    make_maintainer("mara")
    make_hub("a", name="Alpha", weight=10)
    make_hub("b", name="Beta", weight=20)
    change(a=30, b=5, reason="Alpha has spare nodes")
    assert timed_changes.return_due() == 0
    assert weights_now() == {"a": 30, "b": 5}
    let_pass(2.1)
    tasks.move_weights()
    assert weights_now() == {"a": 10, "b": 20}
    newest = WeightChange.objects.filter(by=None)[:2]
    assert len({row.batch for row in newest}) == 1
    assert newest[0].reason == "the time is over: Alpha has spare nodes"
    [letter] = Notice.objects.all()
    assert letter.subject == "Back to the weight of before: Alpha and Beta"
    assert "Alpha: 30 → 10" in letter.body


def test_it_returns_once_however_often_one_looks():
    make_hub("a", weight=10)
    change(a=30)
    let_pass(3)
    assert [timed_changes.return_due(), timed_changes.return_due()] == [1, 0]
    assert WeightChange.objects.count() == 2


def test_a_later_edit_of_the_hub_calls_the_return_off_and_that_of_the_others_stays():
    make_hub("a", weight=10)
    make_hub("b", weight=20)
    change(a=30, b=5)
    change_weights(a=40)
    assert TimedChange.objects.get(hub__key="a").outcome == "superseded"
    let_pass(3)
    timed_changes.return_due()
    assert weights_now() == {"a": 40, "b": 20}


def test_a_hub_that_was_retired_meanwhile_gets_no_weight():
    hub = make_hub("a", weight=10)
    change(a=0)
    hubs.change_state(hub, Hub.State.RETIRED, reason="goodbye", by=None)
    let_pass(3)
    assert timed_changes.return_due() == 0
    assert weights_now() == {"a": 0}


@pytest.mark.parametrize(("hours", "said"), [(-1, "in the past"), (0.01, "five minutes"), (24 * 91, "90 days")])
def test_a_silly_end_is_refused(hours, said):
    make_hub("a", weight=10)
    with pytest.raises(timed_changes.TimedChangesError, match=said):
        change(a=30, hours=hours)
    assert weights_now() == {"a": 10}


def test_two_at_a_time_are_refused_and_so_is_one_on_top_of_a_ramp():
    make_timed_change(make_hub("a", name="Alpha"))
    make_ramp(make_hub("b", name="Beta"))
    with pytest.raises(timed_changes.TimedChangesError, match="Alpha already goes back to 1 on"):
        change(a=30)
    with pytest.raises(timed_changes.TimedChangesError, match="Beta is on a ramp to 100"):
        change(b=30)
    with pytest.raises(ramps.RampsError, match="Alpha goes back to 1 on"):
        ramps.start(Hub.objects.get(key="a"), Decimal(50), reason="try", by=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_timed_change(Hub.objects.get(key="a"))


def test_an_edit_on_old_numbers_is_stale_here_too():
    hub = make_hub("a", weight=10)
    change_weights(a=20)
    with pytest.raises(weights.StaleEdit):
        change(a=30, seen={hub.pk: Decimal(10)})
    assert not TimedChange.objects.exists()


def test_what_changes_nothing_leaves_nothing_behind():
    make_hub("a", weight=10)
    assert change(a=10) is None
    assert not TimedChange.objects.exists()


def test_a_person_lets_it_return_early_keep_it_or_last_longer():
    person = make_user("ada")
    make_hub("a", weight=10)
    batch = change(a=30)
    timed_changes.extend(batch, timezone.now() + timedelta(hours=9), by=person)
    let_pass(3)
    assert timed_changes.return_due() == 0
    timed_changes.return_early(batch, reason="done sooner", by=person)
    assert weights_now() == {"a": 10}
    assert WeightChange.objects.first().reason == "done sooner"
    with pytest.raises(timed_changes.Settled, match="ada ended it"):
        timed_changes.keep_for_good(batch, by=None)
    again = change(a=30)
    timed_changes.keep_for_good(again, by=person)
    let_pass(9)
    assert timed_changes.return_due() == 0
    assert weights_now() == {"a": 30}

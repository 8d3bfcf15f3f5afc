"""Ramps: a hub comes up step by step, waits, goes back, and is told what to do by a person."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members.models import Notice
from routing.models import Hub, HubHealth, LaunchMinute, LaunchTest, Ramp, RampEvent
from routing.services import hubs, publishing, ramps, weights
from tests.factories import (
    change_weights,
    make_checked_hub,
    make_downtime,
    make_health,
    make_hub,
    make_maintainer,
    make_ramp,
    make_user,
)

pytestmark = pytest.mark.django_db

STEPS = ((1.0, 10.0), (10.0, 10.0), (50.0, 10.0))


@pytest.fixture
def hub() -> Hub:
    """A hub that was checked just now, with weight 0."""
    make_checked_hub("other", weight=50)
    return make_checked_hub("a", name="Alpha", weight=0)


@pytest.fixture
def ramp(hub) -> Ramp:
    return ramps.start(hub, Decimal(20), reason="new nodes", by=None, steps=STEPS)


@pytest.fixture
def clock():
    """Look again and again, in steps of at most a minute, as the beat does; the hub is checked meanwhile."""
    now = timezone.now()

    def go(minutes: float = 0, *, every: float = 1.0, checked: bool = True) -> Ramp:
        nonlocal now
        end = now + timedelta(minutes=minutes)
        while now < end:
            now = min(end, now + timedelta(minutes=every))
            if checked:
                HubHealth.objects.update(checked_at=now)
            ramps.look_at_all(now)
        return Ramp.objects.get()

    return go


def factor(key: str = "a") -> tuple[float, str]:
    """What the ramp makes of the hub's weight in what redirectors are to obey."""
    [hub] = [hub for hub in publishing.live(1).hubs if hub.key == key]
    found = [factor for factor in hub.factors if factor.name == "ramp"]
    return (found[0].value, found[0].reason) if found else (1.0, "")


def what_happened() -> list[str]:
    return list(RampEvent.objects.order_by("id").values_list("what", flat=True))


def test_it_goes_up_by_itself_to_the_full_weight_and_tells_the_maintainers(ramp, clock, redis_url):
    make_maintainer()
    assert factor() == (0.01, "on its way up to 20 step by step: 1 % of it, step 1 of 3")
    assert Hub.objects.get(key="a").weight == 20
    clock(9)
    assert factor()[0] == 0.01
    clock(2)
    assert factor()[0] == 0.1
    clock(10)
    assert factor()[0] == 0.5
    assert clock(10).outcome == "done"
    assert factor() == (1.0, "")
    assert what_happened() == ["began", "up", "up", "done"]
    assert list(Notice.objects.order_by("id").values_list("subject", flat=True)) == [
        "Alpha goes up to 10 % (step 2 of 3 of its ramp)",
        "Alpha goes up to 50 % (step 3 of 3 of its ramp)",
        "Alpha's ramp is done",
    ]


def test_a_hub_that_has_weight_begins_at_that(clock):
    make_checked_hub("a", weight=10)
    ramps.start(Hub.objects.get(), Decimal(20), reason="more nodes", by=None, steps=STEPS)
    assert factor()[0] == pytest.approx(0.505)
    clock(11)
    assert factor()[0] == pytest.approx(0.55)


def test_time_in_which_nobody_looked_or_checked_is_no_good_time(ramp, clock):
    assert clock(600, every=600).place == 0
    clock(30, checked=False)
    assert Ramp.objects.get().held_reason == "nobody has checked the hub lately"
    assert factor()[0] == 0.01
    assert clock(15).place == 1


def test_two_looks_at_once_count_once(ramp):
    now = timezone.now() + timedelta(minutes=1)
    ramps.look_at_all(now)
    ramps.look_at_all(now)
    assert Ramp.objects.get().good_seconds <= 60


def test_a_hub_that_goes_out_goes_back_a_step_and_up_again_once_it_is_well(ramp, clock):
    make_maintainer()
    clock(11)
    HubHealth.objects.filter(hub=ramp.hub).update(serving=False, reason="refuses connections")
    assert clock(2).place == 0
    assert what_happened() == ["began", "up", "back"]
    assert "Because the hub is out: not answering." in Notice.objects.get(subject__contains="went back to 1 %").body
    HubHealth.objects.update(serving=True, reason="")
    found = clock(3)
    assert (found.held, found.place) == ("", 0)
    assert clock(10).place == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (
            lambda hub, now: LaunchMinute.objects.create(hub=hub, minute=now, succeeded=6, tried=10),
            "only 60% of its last 10 launches succeeded",
        ),
        (lambda hub, now: make_health(hub, total_pods=95, quota=100), "95 of its 90 usable pods are taken"),
        (
            lambda hub, now: LaunchTest.objects.create(hub=hub, at=now, spec="gh/a/b/HEAD", message="no image"),
            "the last test launch failed",
        ),
    ],
)
def test_what_guards_it_makes_it_wait_and_go_back_when_it_lasts(ramp, clock, trouble, said):
    clock(11)
    trouble(ramp.hub, timezone.now() + timedelta(minutes=12))
    found = clock(3)
    assert (found.place, found.held, found.held_reason) == (1, "guard", said)
    assert clock(11).place == 0


def test_few_launches_prove_nothing_and_maintenance_is_no_fault(ramp, clock):
    LaunchMinute.objects.create(hub=ramp.hub, minute=timezone.now() + timedelta(minutes=1), succeeded=0, tried=2)
    assert clock(11).place == 1
    make_downtime(ramp.hub)
    found = clock(40)
    assert (found.place, found.held_reason, found.setbacks) == (1, "the hub is in maintenance", 0)


def test_after_three_setbacks_it_waits_for_a_person(ramp, clock):
    make_maintainer()
    HubHealth.objects.update(serving=False, reason="refuses connections")
    found = clock(60)
    assert (found.held, found.setbacks, found.place) == ("person", 3, 0)
    assert Notice.objects.filter(subject="Alpha's ramp needs you: it waits at 1 %").count() == 1
    HubHealth.objects.update(serving=True, reason="")
    clock(60)
    assert Ramp.objects.get().place == 0
    ramps.resume(found, by=make_user())
    assert clock(12).place == 1


def test_a_person_holds_skips_and_lets_it_go_on(ramp, clock):
    person = make_user("ada")
    ramps.hold(ramp, reason="the weekend", by=person)
    assert clock(60).place == 0
    with pytest.raises(ramps.Settled, match="held already"):
        ramps.hold(ramp, reason="me too", by=None)
    ramps.skip(ramp, by=person, place=0)
    with pytest.raises(ramps.Settled, match="it is at 10 % now"):
        ramps.skip(ramp, by=None, place=0)
    ramps.skip(ramp, by=person)
    ramps.skip(ramp, by=person)
    assert Ramp.objects.get().outcome == "done"
    assert factor() == (1.0, "")
    with pytest.raises(ramps.Settled, match="over"):
        ramps.resume(ramp, by=None)
    assert not Notice.objects.exists()


@pytest.mark.parametrize(("stay", "weight"), [(False, 10), (True, 15)])
def test_a_ramp_that_is_stopped_leaves_the_hub_where_the_person_says(stay, weight):
    make_checked_hub("a", weight=10)
    ramp = ramps.start(Hub.objects.get(), Decimal(20), reason="more", by=None, steps=[(50, 10)])
    ramps.stop(ramp, reason="enough", by=None, stay=stay)
    assert Hub.objects.get().weight == weight
    assert Ramp.objects.get().outcome == "stopped"


def test_a_later_edit_calls_the_ramp_off(ramp):
    change_weights(a=5)
    assert Ramp.objects.get().outcome == "superseded"
    assert factor() == (1.0, "")


def test_two_ramps_of_a_hub_never_overlap(ramp):
    with pytest.raises(ramps.RampsError, match="on a ramp to 20 already"):
        ramps.start(ramp.hub, Decimal(30), reason="more", by=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_ramp(ramp.hub)


@pytest.mark.parametrize("weight", [0, 5, 10])
def test_a_ramp_leads_up(weight):
    hub = make_hub("a", weight=10)
    with pytest.raises(weights.WeightsError):
        ramps.start(hub, Decimal(weight), reason="less", by=None)
    assert not Ramp.objects.exists()


@pytest.mark.parametrize(
    "text", ["", "1 % for 1 h, 1 % for 1 h", "100 % for 1 h", "0 % for 1h", "1 %", "5 % for 8 d", "x", "9 % for 0 min"]
)
def test_steps_that_lead_nowhere_are_refused(text):
    with pytest.raises(ramps.RampsError):
        ramps.read_steps(text)


def test_steps_are_read_as_they_are_written():
    assert ramps.read_steps("1% 30min; 2.5 % for 2 hours, 50 % for 1 d") == ((1, 30), (2.5, 120), (50, 1440))
    assert ramps.read_steps(ramps.said_steps(ramps.DEFAULT)) == ramps.DEFAULT


def test_a_new_hub_comes_in_at_one_percent_and_one_that_was_drained_by_slow_start(redis_url):
    make_checked_hub("other", weight=50)
    hub = make_checked_hub("a", weight=20, state=Hub.State.ONBOARDING)
    publishing.publish("first")
    hubs.change_state(hub, Hub.State.ACTIVE, reason="welcome", by=None, steps=ramps.DEFAULT)
    assert factor()[0] == 0.01
    ramps.stop(Ramp.objects.get(), reason="try", by=None)
    change_weights(a=20)
    hubs.change_state(hub, Hub.State.DRAINED, reason="new disks", by=None)
    publishing.publish("drained")
    hubs.change_state(hub, Hub.State.ACTIVE, reason="back", by=None)
    publishing.publish("back")
    [back] = [each for each in publishing.live(1).hubs if each.key == "a"]
    assert [(factor.name, factor.value) for factor in back.factors] == [("slow start", pytest.approx(0.1, abs=0.02))]


def test_history_can_not_be_rewritten(ramp):
    with pytest.raises(Exception, match="rampevent"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE routing_rampevent SET percent = 3")

"""Planned maintenance and emergency drains: what they do to launches, and who wins when two change one."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from foundation import reasons
from routing import tasks
from routing.models import Downtime, Hub, HubHealth, LiveSnapshot, Policy
from routing.services import downtimes, publishing
from tests.factories import bring_back, make_downtime, make_hub, make_maintainer, make_user, put_out

pytestmark = pytest.mark.django_db

OUTAGE, AT_RISK = Downtime.Severity.OUTAGE, Downtime.Severity.AT_RISK


def plan(*hubs: Hub, starts: float | None = 24, ends: float = 26, severity: str = OUTAGE, text="new disks", by=None):
    """Plan it from `starts` to `ends`, in hours from now."""
    now = timezone.now()
    begins = None if starts is None else now + timedelta(hours=starts)
    return downtimes.plan(hubs, starts=begins, ends=now + timedelta(hours=ends), severity=severity, text=text, by=by)


def factors(key: str = "a") -> dict[str, float]:
    """What weighs on a hub at this moment."""
    [hub] = [hub for hub in publishing.live(1).hubs if hub.key == key]
    return {factor.name: factor.value for factor in hub.factors}


def why(key: str = "a") -> str:
    [hub] = [hub for hub in publishing.live(1).hubs if hub.key == key]
    return hub.factors[0].reason


def let_pass(hours: float) -> None:
    """Let the clock go on: everything that is stored moves back."""
    shift = timedelta(hours=hours)
    for row in Downtime.objects.all():
        row.starts_at -= shift
        row.ends_at = row.ends_at and row.ends_at - shift
        row.save()
    for health in HubHealth.objects.all():
        health.released_at = health.released_at and health.released_at - shift
        health.save()


@pytest.fixture
def published(redis_url):
    """Hub `a`, and a way to bring redirectors up to now; its factors, as they have them."""
    make_hub("a")
    publishing.publish("first")

    def refresh() -> dict[str, float]:
        publishing.refresh()
        [hub] = LiveSnapshot.objects.get().snapshot.hubs
        return {factor.name: factor.value for factor in hub.factors}

    return refresh


# What it does to launches


def test_launches_go_elsewhere_from_the_lead_to_the_end():
    make_downtime(make_hub("a"), starts=2, ends=4)
    seen = [factors().get("maintenance")]
    for hours in (0.9, 0.2, 1, 1.8, 0.2):
        let_pass(hours)
        seen.append(factors().get("maintenance"))
    assert seen == [None, None, 0, 0, 0, None]


def test_the_lead_is_a_setting():
    make_downtime(make_hub("a"), starts=2, ends=4)
    Policy(pk=1, drain_lead_minutes=180).save()
    assert factors() == {"maintenance": 0}


def test_the_reason_says_when_and_what_for():
    make_downtime(make_hub("a"), starts=0.5, ends=4, text="new disks")
    assert "drained ahead of planned maintenance until" in why()
    assert why().endswith("new disks")


def test_at_risk_is_a_notice_only():
    make_downtime(make_hub("a"), severity=AT_RISK)
    assert factors() == {}


def test_only_the_hubs_it_names_are_drained():
    make_downtime(make_hub("a"))
    make_hub("b")
    assert factors("b") == {}


def test_overlapping_ones_take_traffic_until_the_last_one_ends():
    hub = make_hub("a")
    make_downtime(hub, starts=-2, ends=1)
    make_downtime(hub, starts=-1, ends=3)
    make_downtime(hub, starts=2, ends=2.5)
    let_pass(1.5)
    assert factors() == {"maintenance": 0}
    let_pass(2)
    assert factors() == {}


def test_a_cancelled_one_takes_no_traffic():
    [row] = plan(make_hub("a"), starts=0.5, ends=2)
    downtimes.cancel(row, reason="the disks are late", by=None)
    assert factors() == {}


def test_a_hub_comes_back_from_maintenance_step_by_step(published):
    make_downtime(Hub.objects.get())
    assert published() == {"maintenance": 0}
    let_pass(2)
    assert published() == {"slow start": 0.1}
    let_pass(1 / 12)
    assert published() == {"slow start": 0.55}
    let_pass(1)
    assert published() == {}


def test_nobody_ever_sees_its_full_weight_when_it_comes_back(published):
    make_downtime(Hub.objects.get())
    published()
    let_pass(2)
    # Whoever looks first: here a version that is published for another reason.
    Hub.objects.update(weight=7)
    version = publishing.publish("more")
    live = publishing.newest_live()
    assert live.version == version.version
    assert [factor.name for factor in live.snapshot.hubs[0].factors] == ["slow start"]


def test_a_portal_that_was_away_at_the_end_begins_the_slow_start_late(published):
    make_downtime(Hub.objects.get())
    published()
    let_pass(20)
    assert published() == {"slow start": 0.1}


def test_a_hub_that_is_not_well_at_the_end_stays_out_by_its_health(published):
    hub = Hub.objects.get()
    make_downtime(hub)
    put_out(hub, reason="does not answer")
    assert published() == {"maintenance": 0, "health": 0}
    let_pass(2)
    assert published() == {"health": 0}
    bring_back(hub)
    assert published() == {"slow start": 0.1}


def test_a_hub_that_no_redirector_saw_drained_begins_no_slow_start(published):
    row = make_downtime(Hub.objects.get())
    downtimes.end_early(row, by=None)
    assert published() == {}


# The clock


def test_the_quick_task_lets_a_start_and_an_end_take_effect(published):
    make_downtime(Hub.objects.get(), starts=1 + 60 / 3600, ends=3)
    published()
    tasks.keep_downtimes()
    assert live_factors() == []
    let_pass(62 / 3600)
    tasks.keep_downtimes()
    assert live_factors() == ["maintenance"]
    let_pass(3 - 60 / 3600)
    tasks.keep_downtimes()
    tasks.keep_downtimes()
    assert live_factors() == ["slow start"]


def live_factors() -> list[str]:
    return [factor.name for factor in LiveSnapshot.objects.get().snapshot.hubs[0].factors]


def test_the_quick_task_costs_two_queries_when_nothing_happens(django_assert_num_queries):
    make_downtime(starts=5, ends=6)
    with django_assert_num_queries(2):
        assert not downtimes.keep()


def test_a_beat_that_was_down_is_caught_up_with_by_the_sweep(published):
    make_downtime(Hub.objects.get(), starts=2, ends=5)
    published()
    let_pass(3)
    assert not downtimes.keep()
    publishing.sweep()
    assert live_factors() == ["maintenance"]


# Planning


def test_several_hubs_are_planned_at_once():
    a, b = make_hub("a"), make_hub("b")
    rows = plan(a, b, a)
    assert {row.hub for row in rows} == {a, b}
    assert Downtime.objects.count() == 2


def test_a_downtime_without_a_start_begins_now():
    [row] = plan(make_hub("a"), starts=None, ends=1)
    assert row.phase(timezone.now()) == "on"
    assert factors() == {"maintenance": 0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"starts": 2, "ends": 1}, "It must end after it starts"),
        ({"starts": 2, "ends": 2}, "It must end after it starts"),
        ({"starts": -3, "ends": -2}, "It would be over already"),
        ({"starts": None, "ends": -2}, "It must end after it starts"),
        ({"starts": -3, "ends": 1}, "is in the past. Leave the start empty"),
        ({"starts": 1, "ends": 24 * 31 + 1}, "over 30 days"),
        ({"starts": 24 * 367, "ends": 24 * 367 + 1}, "more than a year ahead"),
        ({"text": " \n"}, "Say what happens"),
        ({"text": "x" * 501}, "Make it shorter"),
        ({"severity": "bad"}, "A downtime is"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_words(wrong, said):
    with pytest.raises(downtimes.DowntimesError, match=said):
        plan(make_hub("a"), **wrong)
    assert not Downtime.objects.exists()


def test_a_plan_needs_a_hub_that_is_not_retired():
    with pytest.raises(downtimes.DowntimesError, match="Choose a hub"):
        plan()
    with pytest.raises(downtimes.DowntimesError, match="is retired"):
        plan(make_hub("a"), make_hub("b", state=Hub.State.RETIRED, weight=0))
    assert not Downtime.objects.exists()


def test_maintainers_may_plan_and_others_may_not():
    hub = make_hub("a")
    [row] = plan(hub, by=make_maintainer())
    other = make_user()
    attempts = [
        lambda: plan(hub, by=other),
        lambda: downtimes.cancel(row, reason="no", by=other),
        lambda: downtimes.end_early(row, by=other),
        lambda: downtimes.extend(row, row.ends_at + timedelta(hours=1), by=other),
        lambda: downtimes.drain(hub, reason="no", by=other),
        lambda: downtimes.undrain(hub, by=other),
    ]
    for attempt in attempts:
        with pytest.raises(downtimes.NotAllowed):
            attempt()
    row.refresh_from_db()
    assert (row.sequence, row.cancelled_at) == (0, None)


@pytest.mark.parametrize(
    "wrong",
    [{"ends": None}, {"ends": -2}, {"text": " "}, {"severity": "bad"}],
)
def test_the_database_refuses_nonsense_by_itself(wrong):
    hub = make_hub("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_downtime(hub, **wrong)


# Changing


def test_extending_lets_it_end_later_and_says_so():
    person = make_maintainer("mara")
    row = make_downtime(ends=1)
    ends = row.ends_at + timedelta(hours=1)
    downtimes.extend(row, ends, by=person, reason="slower than thought")
    assert (row.ends_at, row.sequence, row.changed_by) == (ends, 1, person)
    assert row.change.startswith("extended to ")
    assert row.change.endswith("UTC: slower than thought")


@pytest.mark.parametrize(("hours", "said"), [(-0.5, "It already lasts until"), (24 * 31, "over 30 days")])
def test_an_extension_that_makes_no_sense_is_refused(hours, said):
    row = make_downtime(ends=1)
    with pytest.raises(downtimes.DowntimesError, match=said):
        downtimes.extend(row, row.ends_at + timedelta(hours=hours), by=None)


def test_one_that_is_over_is_not_extended_or_ended_again():
    row = make_downtime(starts=-3, ends=-1)
    with pytest.raises(downtimes.Settled, match="It is over"):
        downtimes.extend(row, timezone.now() + timedelta(hours=1), by=None)
    with pytest.raises(downtimes.Settled, match="It is over"):
        downtimes.end_early(row, by=None)


def test_of_two_extensions_at_once_the_first_counts():
    row = make_downtime(ends=1)
    same = Downtime.objects.get(pk=row.pk)
    downtimes.extend(row, row.ends_at + timedelta(hours=1), by=None)
    with pytest.raises(downtimes.Settled, match="extended to"):
        downtimes.extend(same, same.ends_at + timedelta(hours=2), by=None)


def test_ending_early_gives_launches_back(published):
    row = make_downtime(Hub.objects.get(), ends=3)
    published()
    downtimes.end_early(row, by=None)
    assert published() == {"slow start": 0.1}


def test_what_has_not_begun_is_called_off_and_not_ended():
    [row] = plan(make_hub("a"), starts=0.5, ends=2)
    with pytest.raises(downtimes.Settled, match="can be called off"):
        downtimes.end_early(row, by=None)
    downtimes.cancel(row, reason="rain", by=None)
    assert (row.phase(timezone.now()), row.cancel_reason) == ("cancelled", "rain")


def test_what_has_begun_is_ended_and_not_called_off():
    row = make_downtime()
    with pytest.raises(downtimes.Settled, match="can be ended early"):
        downtimes.cancel(row, reason="rain", by=None)


def test_calling_off_needs_a_reason():
    [row] = plan(make_hub("a"))
    with pytest.raises(reasons.NoReason):
        downtimes.cancel(row, reason=" ", by=None)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_call_it_off_at_once_exactly_one_wins():
    [row] = plan(make_hub("a"))
    barrier = threading.Barrier(4)

    def cancel(number: int) -> bool:
        with contextlib.closing(connection):
            mine = Downtime.objects.select_related("hub").get(pk=row.pk)
            barrier.wait(timeout=10)
            try:
                downtimes.cancel(mine, reason=f"reason {number}", by=None)
            except downtimes.Settled:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(cancel, range(4)))
    row.refresh_from_db()
    assert sum(won) == 1
    assert (row.sequence, row.cancel_reason) == (1, f"reason {won.index(True)}")


# Emergencies


def test_a_drain_takes_launches_away_at_once_and_until_it_is_undone(published, django_capture_on_commit_callbacks):
    hub = Hub.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        downtimes.drain(hub, reason="disk on fire", by=None)
    assert live_factors() == ["maintenance"]
    assert "emergency drain: disk on fire" in why()
    let_pass(100)
    assert factors() == {"maintenance": 0}
    with django_capture_on_commit_callbacks(execute=True):
        downtimes.undrain(hub, by=None)
    assert live_factors() == ["slow start"]


def test_a_drain_may_end_by_itself():
    hub = make_hub("a")
    downtimes.drain(hub, reason="disk on fire", until=timezone.now() + timedelta(hours=2), by=None)
    assert factors() == {"maintenance": 0}
    let_pass(3)
    assert factors() == {}
    with pytest.raises(downtimes.Settled, match="not drained"):
        downtimes.undrain(hub, by=None)


def test_a_drain_does_not_begin_ahead_of_time():
    """The lead is for what is planned."""
    row = make_downtime(make_hub("a"), starts=0.5, ends=None, emergency=True)
    assert not row.takes_traffic(timezone.now(), timedelta(hours=1))


def test_a_hub_is_drained_once_at_a_time():
    hub = make_hub("a")
    downtimes.drain(hub, reason="disk on fire", by=None)
    with pytest.raises(downtimes.AlreadyDrained):
        downtimes.drain(hub, reason="still", by=None)
    downtimes.undrain(hub, by=None)
    downtimes.drain(hub, reason="again", by=None)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_drain_a_hub_at_once_exactly_one_does():
    hub = make_hub("a")
    barrier = threading.Barrier(4)

    def drain(_: int) -> bool:
        with contextlib.closing(connection):
            barrier.wait(timeout=10)
            try:
                downtimes.drain(hub, reason="fire", by=None)
            except downtimes.AlreadyDrained:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(drain, range(4))) == 1
    assert Downtime.objects.count() == 1


def test_undraining_leaves_planned_maintenance_alone():
    hub = make_hub("a")
    make_downtime(hub)
    downtimes.drain(hub, reason="fire", by=None)
    downtimes.undrain(hub, by=None)
    assert "planned maintenance" in why()


@pytest.mark.parametrize(("hours", "said"), [(-1, "must end after"), (24 * 31, "over 30 days")])
def test_a_drain_until_a_senseless_time_is_refused(hours, said):
    with pytest.raises(downtimes.DowntimesError, match=said):
        downtimes.drain(make_hub("a"), reason="fire", until=timezone.now() + timedelta(hours=hours), by=None)


# No news


def test_a_hub_is_in_maintenance_from_the_drain_ahead_of_it_to_its_end_and_while_at_risk():
    now = timezone.now()
    hubs = {
        "drained ahead": make_downtime(starts=0.5, ends=2).hub,
        "in an outage": make_downtime().hub,
        "at risk": make_downtime(severity=AT_RISK).hub,
        "in an emergency": make_downtime(ends=None, emergency=True).hub,
        "later": make_downtime(starts=5, ends=6).hub,
        "at risk soon": make_downtime(starts=0.5, ends=6, severity=AT_RISK).hub,
        "over": make_downtime(starts=-5, ends=-4).hub,
        "called off": make_downtime(cancelled_at=now).hub,
        "well": make_hub(),
    }
    found = downtimes.in_maintenance([hub.pk for hub in hubs.values()], now)
    assert {name for name, hub in hubs.items() if hub.pk in found} == set(list(hubs)[:4])


def test_whether_hubs_are_in_maintenance_costs_two_queries(django_assert_num_queries):
    keys = [make_downtime().hub_id for _ in range(5)]
    with django_assert_num_queries(2):
        assert downtimes.in_maintenance(keys, timezone.now()) == set(keys)

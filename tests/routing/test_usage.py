"""What is read of usage: shares promised and received, by time, hub and repository."""

from datetime import UTC, date, datetime, timedelta

import pytest

from routing.models import Promise, UsageDay, UsageHour, UsageMinute, UsageRepository, UsageSource
from routing.services import promises, retention, usage
from tests.factories import change_weights, make_hub, make_usage

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, 30, 20, tzinfo=UTC)
DAY = NOW.date()


def promise(hub, share, at):
    return Promise.objects.create(hub=hub, share=share, at=at)


def test_shares_received_and_promised_stand_side_by_side():
    a, b = make_hub("a"), make_hub("b")
    promise(a, 0.75, NOW - timedelta(days=2))
    promise(b, 0.25, NOW - timedelta(days=2))
    make_usage(a, NOW - timedelta(minutes=5), 60)
    make_usage(b, NOW - timedelta(minutes=4), 30, reason="spill")
    make_usage(b, NOW - timedelta(minutes=4), 10, reason="cookie")
    found = usage.look(usage.WINDOWS["hour"], NOW)
    assert [(each.hub.key, each.total, each.received) for each in found.hubs] == [("a", 60, 0.6), ("b", 40, 0.4)]
    assert [each.promised for each in found.hubs] == [pytest.approx(0.75), pytest.approx(0.25)]
    assert found.total == 100
    assert found.spilled == pytest.approx(1 / 3)


def test_each_slot_has_its_launches():
    hub = make_hub("a")
    for minutes, launches in ((0, 3), (1, 2), (59, 7), (60, 100)):
        make_usage(hub, NOW - timedelta(minutes=minutes), launches)
    (found,) = usage.look(usage.WINDOWS["hour"], NOW).hubs
    assert (found.launches[-1], found.launches[-2], found.launches[0], found.total) == (3, 2, 7, 12)


@pytest.mark.parametrize("window", usage.WINDOWS.values(), ids=lambda window: window.key)
def test_every_window_holds_now_and_its_beginning(window):
    hub = make_hub("a")
    make_usage(hub, NOW, 1)
    make_usage(hub, window.begin(NOW), 1)
    found = usage.look(window, NOW)
    assert len(found.slots) == window.slots
    assert found.slots[-1] <= NOW < found.slots[-1] + window.step
    assert found.hubs[0].launches[0] == found.hubs[0].launches[-1] == 1


def test_a_promise_counts_for_as_long_as_it_held():
    hub = make_hub("a")
    promise(hub, 1.0, datetime(2026, 11, 1, tzinfo=UTC))
    promise(hub, 0.5, datetime(2026, 11, 11, tzinfo=UTC))
    found = usage.between(date(2026, 11, 1), date(2026, 11, 21), NOW)
    assert found.hubs[0].promised == pytest.approx(0.75)
    assert found.hubs[0].promises[9:11] == (1.0, 0.5)


def test_of_the_time_before_anybody_wrote_it_down_no_promise_is_known():
    hub = make_hub("a")
    promise(hub, 1.0, datetime(2026, 11, 11, tzinfo=UTC))
    found = usage.between(date(2026, 11, 1), date(2026, 11, 21), NOW)
    assert found.hubs[0].promised == pytest.approx(1.0)
    assert found.hubs[0].promises[:2] == (None, None)


def test_a_month_that_has_not_ended_counts_until_now():
    hub = make_hub("a")
    promise(hub, 0.4, datetime(2026, 10, 1, tzinfo=UTC))
    assert usage.between(date(2026, 11, 1), date(2026, 12, 1), NOW).hubs[0].promised == pytest.approx(0.4)


def test_without_anything_there_is_nothing_and_no_error():
    make_hub("a")
    found = usage.look(usage.WINDOWS["month"], NOW)
    assert (found.hubs, found.total, found.spilled) == ((), 0, None)


def test_promises_are_noted_when_they_change_and_only_then():
    make_hub("a"), make_hub("b")
    assert promises.note(NOW) == 2
    assert promises.note(NOW + timedelta(seconds=10)) == 0
    change_weights(a=3)
    assert promises.note(NOW + timedelta(seconds=20)) == 2
    assert sorted(Promise.objects.values_list("hub__key", "share")) == [
        ("a", 0.5),
        ("a", 0.75),
        ("b", 0.25),
        ("b", 0.5),
    ]


def test_a_hub_that_leaves_is_promised_nothing_from_then_on():
    hub = make_hub("a")
    promises.note(NOW)
    hub.state = "drained"
    hub.save()
    promises.note(NOW + timedelta(days=1))
    assert [each.share for each in hub.promises.all()] == [0.0, 1.0]


def test_top_repositories_are_summed_over_days_and_hubs():
    a, b = make_hub("a"), make_hub("b")
    for hub, day, name, launches in (
        (a, DAY, "gh/x/y", 5),
        (b, DAY - timedelta(days=1), "gh/x/y", 4),
        (a, DAY, "gh/rare/one", 1),
        (a, DAY - timedelta(days=9), "gh/old/one", 99),
    ):
        UsageRepository.objects.create(hub=hub, day=day, repository=name, launches=launches)
    since, until = DAY - timedelta(days=6), DAY + timedelta(days=1)
    assert usage.repositories(since, until) == [
        usage.Repository("gh/x/y", 9, {"a": 5, "b": 4}),
        usage.Repository("gh/rare/one", 1, {"a": 1}),
    ]
    assert usage.repositories(since, until, hubs=[b]) == [usage.Repository("gh/x/y", 4, {"b": 4})]
    assert len(usage.repositories(since, until, most=1)) == 1


def test_a_mix_says_what_it_does_not_name():
    hub = make_hub("a")
    make_usage(hub, NOW, 10)
    UsageRepository.objects.create(hub=hub, day=DAY, repository="gh/x/y", launches=7)
    assert usage.mix(DAY, DAY + timedelta(days=1)) == ({"gh/x/y": 7}, 3)


def test_reading_costs_the_same_for_many_hubs(django_assert_max_num_queries):
    for _ in range(8):
        make_usage(make_hub(), NOW, 1)
    promises.note(NOW - timedelta(hours=1))
    with django_assert_max_num_queries(3):
        usage.look(usage.WINDOWS["year"], NOW)


def test_minutes_go_after_two_days_hours_after_ninety_and_days_stay():
    hub = make_hub("a")
    for age in (timedelta(hours=47), timedelta(hours=49), timedelta(days=89), timedelta(days=92)):
        make_usage(hub, NOW - age, 1)
    UsageSource.objects.create(redirector="0" * 16, seen_at=NOW - timedelta(days=400))
    retention.forget_usage(NOW)
    assert [table.objects.count() for table in (UsageMinute, UsageHour, UsageDay, UsageSource)] == [1, 3, 3, 0]


def test_of_a_day_that_is_over_the_top_repositories_stay(monkeypatch):
    monkeypatch.setattr(retention, "REPOSITORIES", 2)
    a, b = make_hub("a"), make_hub("b")
    for age in (0, 3):
        for hub, name, launches in ((a, "gh/x/1", 3), (b, "gh/x/1", 3), (a, "gh/x/2", 5), (a, "gh/x/3", 4)):
            UsageRepository.objects.create(hub=hub, day=DAY - timedelta(days=age), repository=name, launches=launches)
    assert retention.forget_usage(NOW) == 1
    kept = UsageRepository.objects.filter(day=DAY - timedelta(days=3)).values_list("repository", flat=True)
    assert sorted(kept) == ["gh/x/1", "gh/x/1", "gh/x/2"]
    assert UsageRepository.objects.filter(day=DAY).count() == 4

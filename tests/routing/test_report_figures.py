"""The portal's own figures of a month: of a member, and of the federation."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from foundation.months import month_of
from members.models import MemberChange
from routing.launch_counts import LaunchCounts
from routing.models import HealthHour, Hub, LaunchDay, Promise
from routing.services import federation_reports, launches, report_figures, reports
from tests.factories import (
    change_weights,
    make_downtime,
    make_flips,
    make_hub,
    make_incident,
    make_member,
    make_offer,
    make_person,
    make_report,
    make_usage,
)

pytestmark = pytest.mark.django_db

OCTOBER = month_of("2026-10")
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
MIDDLE = datetime(2026, 10, 16, tzinfo=UTC)


@pytest.fixture
def busy():
    """Mossgate's two hubs and one of another member, in October 2026."""
    member = make_member("mossgate", name="Mossgate Library")
    hubs = [make_hub("otter", member=member), make_hub("mink", member=member), make_hub("heron")]
    Hub.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    for hub, share, count in zip(hubs, (0.3, 0.1, 0.6), (200, 100, 700), strict=True):
        Promise.objects.create(hub=hub, at=OCTOBER.begins_at, share=share)
        make_usage(hub, MIDDLE, count)
        make_flips(hub, (OCTOBER.begins_at - timedelta(days=1), "serving"))
    make_flips(hubs[0], (MIDDLE, "out"), (MIDDLE + timedelta(hours=31), "serving"))
    LaunchDay.objects.create(hub=hubs[0], day=MIDDLE.date(), succeeded=90, tried=100)
    HealthHour.objects.create(hub=hubs[0], hour=MIDDLE, samples=240, good=240, user_pods_mean=12.4)
    return member


def test_a_member_sees_what_its_hubs_did(busy):
    found = report_figures.of_member(busy, OCTOBER, NOW)
    assert (found["redirects"], found["all_redirects"], found["over"]) == (300, 1000, True)
    assert (found["received"], found["promised"]) == (pytest.approx(0.3), pytest.approx(0.4))
    # One of two hubs was out for 31 hours of 744.
    assert found["uptime"] == pytest.approx(1 - 31 / (2 * 744))
    assert (found["out_minutes"], found["user_hours"]) == (31 * 60, 12)
    assert (found["launches"], found["launches_succeeded"]) == (100, 90)
    assert [each["key"] for each in found["hubs"]] == ["otter", "mink"]
    assert (len(found["days"]), found["days"][15], sum(found["days"])) == (31, 300, 300)
    assert json.loads(json.dumps(found)) == found


def test_incidents_maintenance_offers_and_changes_of_the_month_are_told(busy):
    hub = busy.hubs.get(key="otter")
    make_incident(hub, title="Builds were slow", opened_at=MIDDLE, resolved_at=MIDDLE + timedelta(hours=2))
    make_incident(hub, title="Long ago", opened_at=MIDDLE - timedelta(days=60), resolved_at=MIDDLE - timedelta(days=59))
    make_incident(hub, title="A draft", opened_at=MIDDLE, draft=True)
    make_downtime(hub, starts_at=MIDDLE, ends_at=MIDDLE + timedelta(hours=3), text="New disks")
    make_downtime(hub, starts_at=MIDDLE, ends_at=MIDDLE + timedelta(hours=3), text="Called off", cancelled_at=MIDDLE)
    make_offer(busy, title="secret name", cpu_cores=64, provider="OVH", amount=999, currency="EUR")
    MemberChange.objects.create(member=busy, to_state="paused", from_state="active", at=MIDDLE, reason="private words")
    found = report_figures.of_member(busy, OCTOBER, NOW)
    assert [each["title"] for each in found["incidents"]] == ["Builds were slow"]
    assert [each["text"] for each in found["maintenance"]] == ["New disks"]
    assert found["offers"] == ["64 CPU cores at OVH"]
    assert [each["what"] for each in found["changes"]] == ["Mossgate Library became paused"]
    assert not {"secret name", "999", "private words"} & set(json.dumps(found).split('"'))


def test_a_weight_that_was_changed_is_told_with_its_reason(busy):
    change_weights(otter=5, reason="as agreed")
    month = month_of(f"{datetime.now(UTC):%Y-%m}")
    (change,) = report_figures.of_member(busy, month)["changes"]
    assert (change["what"], change["why"]) == ("OTTER: weight 1 → 5", "as agreed")


def test_planned_maintenance_is_neither_up_nor_out(busy):
    hub = busy.hubs.get(key="otter")
    make_downtime(hub, starts_at=MIDDLE, ends_at=MIDDLE + timedelta(hours=31))
    found = report_figures.of_member(busy, OCTOBER, NOW)
    assert (found["out_minutes"], found["planned_minutes"], found["uptime"]) == (0, 31 * 60, 1)


def test_of_what_nobody_counted_nothing_is_known(busy):
    found = report_figures.of_member(make_member("quiet"), month_of("2026-03"), NOW)
    assert (found["redirects"], found["received"], found["uptime"], found["launches"]) == (0, None, None, None)
    assert found["hubs"] == []


def test_the_federation_has_a_line_for_each_member_and_the_months_before(busy):
    make_usage(Hub.objects.get(key="heron"), datetime(2026, 8, 5, tzinfo=UTC), 11)
    found = report_figures.of_federation(OCTOBER, NOW)
    assert [(each["name"], each["redirects"]) for each in found["members"]] == [
        ("Heron", 700),
        ("Mossgate Library", 300),
    ]
    assert (found["redirects"], found["hubs"], len(found["days"])) == (1000, 3, 31)
    assert [(each["month"], each["redirects"]) for each in found["months"]] == [
        ("2026-08", 11),
        ("2026-09", 0),
        ("2026-10", 1000),
    ]
    said = federation_reports.opening(found)
    assert said.startswith(
        "In October 2026 the federation served 1,000 launches on hubs of 2 members; its hubs were up"
    )


@pytest.mark.parametrize("what", ["member", "federation"])
def test_figures_cost_the_same_for_many_hubs(busy, what, django_assert_max_num_queries):
    for _ in range(10):
        hub = make_hub(member=busy)
        make_usage(hub, MIDDLE, 5)
        make_incident(hub, opened_at=MIDDLE)
    with django_assert_max_num_queries(17):
        if what == "member":
            report_figures.of_member(busy, OCTOBER, NOW)
        else:
            report_figures.of_federation(OCTOBER, NOW)


def test_figures_are_frozen_when_the_report_is_sent(busy):
    report = make_report(busy)
    assert reports.figures(report)["redirects"] == 300
    report = reports.submit(report, {}, by=make_person(busy))
    make_usage(busy.hubs.get(key="otter"), MIDDLE, 1000)
    assert reports.figures(report)["redirects"] == 300


def test_launches_that_hubs_count_themselves_are_kept_by_the_day():
    hub, noon = make_hub("otter"), datetime(2026, 10, 5, 23, 59, tzinfo=UTC)
    for minute, counts in enumerate([(10, 10), (15, 20), (15, 20), (16, 21)]):
        launches.keep(hub.pk, LaunchCounts(*counts), noon + timedelta(minutes=minute))
    kept = list(LaunchDay.objects.order_by("day").values_list("day", "succeeded", "tried"))
    assert kept == [(date(2026, 10, 6), 6, 11)]

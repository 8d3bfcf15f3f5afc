"""Maintenance and emergency drains in the office, as a maintainer uses them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Notice
from routing.models import Downtime, Hub, LiveSnapshot
from routing.services import downtimes, publishing
from tests.factories import make_channel, make_downtime, make_hub, make_maintainer, make_user
from tests.routing.test_office_weights import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def maintainer(client, redis_url):
    person = make_maintainer("mara")
    client.force_login(person)
    return person


@pytest.fixture
def send(client, django_capture_on_commit_callbacks):
    def do(page: str, /, *arguments, **data):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse(f"admin:routing_{page}", args=arguments), data)

    return do


@pytest.fixture
def others():
    """Hubs enough that none is the last one."""
    return [make_hub(f"other{number}", weight=10) for number in range(5)]


def typed(at: datetime) -> str:
    """A moment as the browser sends it."""
    return f"{at:%Y-%m-%dT%H:%M}"


def plan_of(*hubs: Hub, **changes) -> dict:
    """What the form of a plan sends: tomorrow, for two hours."""
    begins = timezone.now() + timedelta(days=1)
    return {
        "hubs": [hub.pk for hub in hubs],
        "severity": "outage",
        "starts": typed(begins),
        "ends": typed(begins + timedelta(hours=2)),
        "zone": "UTC",
        "text": "new disks",
        **changes,
    }


def factors(key: str = "a") -> list[str]:
    hubs = LiveSnapshot.objects.get().snapshot.hubs
    return [factor.name for hub in hubs if hub.key == key for factor in hub.factors]


def token(response) -> str:
    return re.search(r'name="confirmed" value="(\w+)"', response.content.decode())[1]


# Planning


def test_maintenance_of_several_hubs_is_planned_in_one_form(send, client, others, maintainer):
    assert send("downtime_add", **plan_of(*others[:2])).status_code == 302
    assert {row.hub for row in Downtime.objects.all()} == set(others[:2])
    assert {row.by for row in Downtime.objects.all()} == {maintainer}
    page = text(client.get(reverse("admin:routing_downtime_changelist")))
    assert "Announced for OTHER0, OTHER1" in page
    assert re.search(r"OTHER0 .*○ coming .*UTC .*outage .*new disks", page)


@pytest.mark.parametrize(
    ("zone", "starts", "moment"),
    [
        ("Europe/London", "2027-07-01T09:00", datetime(2027, 7, 1, 8, tzinfo=UTC)),
        ("America/Los_Angeles", "2027-07-01T09:00", datetime(2027, 7, 1, 16, tzinfo=UTC)),
        ("Asia/Kolkata", "2027-07-01T09:00", datetime(2027, 7, 1, 3, 30, tzinfo=UTC)),
    ],
)
def test_times_are_meant_in_the_zone_that_was_chosen(send, others, zone, starts, moment):
    send("downtime_add", **plan_of(others[0], zone=zone, starts=starts, ends="2027-07-01T12:00"))
    assert Downtime.objects.get().starts_at == moment


def test_a_time_that_clocks_skip_is_said_beside_the_field(send, others):
    response = send(
        "downtime_add",
        **plan_of(others[0], zone="Europe/London", starts="2027-03-28T01:30", ends="2027-03-28T05:00"),
    )
    assert "does not exist in Europe/London" in text(response)
    assert not Downtime.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"hubs": []},
        {"hubs": [0]},
        {"hubs": ["x"]},
        {"severity": "bad"},
        {"starts": "tomorrow"},
        {"starts": "0001-01-01T00:00", "zone": "Asia/Kolkata"},
        {"ends": ""},
        {"ends": "2020-01-01T00:00"},
        {"ends": "9999-12-31T23:59", "zone": "America/Los_Angeles"},
        {"zone": "Mars/Olympus"},
        {"zone": ""},
        {"text": ""},
        {"text": "x" * 501},
        {"text": "\0"},
    ],
)
def test_a_bad_plan_announces_nothing_and_is_no_fault(send, others, wrong):
    response = send("downtime_add", **plan_of(others[0], **wrong))
    assert response.status_code == 200
    assert not Downtime.objects.exists()


def test_what_the_service_refuses_is_said_and_what_was_typed_stays(send, others):
    response = send("downtime_add", **plan_of(others[0], starts="2020-01-01T00:00", text="careful words"))
    assert "Leave the start empty to begin now" in text(response)
    assert 'value="careful words"' in response.content.decode()


def test_maintenance_of_all_hubs_at_once_asks_twice(send):
    hub = make_hub("a")
    question = send("downtime_add", **plan_of(hub))
    assert "No hub is left with weight" in text(question)
    assert not Downtime.objects.exists()
    assert send("downtime_add", **plan_of(hub, confirmed=token(question))).status_code == 302
    assert Downtime.objects.exists()


def test_a_notice_that_a_hub_is_at_risk_needs_no_second_question(send):
    assert send("downtime_add", **plan_of(make_hub("a"), severity="at_risk")).status_code == 302


def test_who_lost_the_role_plans_nothing(client, send, others):
    client.force_login(make_user(is_staff=True))
    assert send("downtime_add", **plan_of(others[0])).status_code == 403
    assert not Downtime.objects.exists()


def test_subscribers_are_told_once_of_a_plan_and_of_each_change(send, others):
    make_channel("chat")
    send("downtime_add", **plan_of(*others[:2]))
    row = Downtime.objects.first()
    send("downtime_cancel", row.pk, reason="the disks are late")
    told = list(Notice.objects.filter(kind="maintenance").order_by("pk"))
    assert [notice.subject for notice in told] == [
        "Outage of OTHER0, OTHER1: planned",
        f"Outage of {row.hub}: called off",
    ]
    assert "new disks" in told[0].body
    assert "Called off: the disks are late." in told[1].body


# Looking and changing


@pytest.mark.parametrize("when", ["on", "coming", "over", "cancelled"])
def test_the_list_is_filtered_by_time(client, when):
    make_downtime(text="it is on")
    make_downtime(starts=1, ends=2, text="it is coming")
    make_downtime(starts=-2, ends=-1, text="it is over")
    make_downtime(starts=1, ends=2, text="it is cancelled", cancelled_at=timezone.now())
    page = text(client.get(reverse("admin:routing_downtime_changelist"), {"when": when}))
    shown = re.findall(r"it is (\w+)", page)
    assert shown == [when]


@pytest.mark.parametrize("name", ["downtime", "incident"])
def test_a_long_list_asks_the_database_no_more_often(client, name, django_assert_max_num_queries):
    for number in range(12):
        hub = make_hub(f"hub{number}")
        make_downtime(hub)
    with django_assert_max_num_queries(14):
        client.get(reverse(f"admin:routing_{name}_changelist"))


@pytest.mark.parametrize(
    ("values", "buttons"),
    [
        ({}, {"End it now", "Extend it"}),
        ({"starts": 1, "ends": 2}, {"Extend it", "Call it off"}),
        ({"starts": -2, "ends": -1}, set()),
        ({"ends": None, "emergency": True}, {"End it now"}),
    ],
)
def test_a_downtime_offers_what_can_be_done_with_it_now(client, values, buttons):
    row = make_downtime(**values)
    page = text(client.get(reverse("admin:routing_downtime_change", args=[row.pk])))
    assert {each for each in ("End it now", "Extend it", "Call it off") if each in page} == buttons


def test_a_downtime_is_extended_in_a_zone_with_a_reason(send, client):
    row = make_downtime(ends=1)
    ends = row.ends_at + timedelta(hours=1)
    in_kolkata = ends + timedelta(hours=5, minutes=30)
    send("downtime_extend", row.pk, ends=typed(in_kolkata), zone="Asia/Kolkata", reason="slow copy")
    row.refresh_from_db()
    assert row.ends_at == ends.replace(second=0, microsecond=0)
    page = text(client.get(reverse("admin:routing_downtime_change", args=[row.pk])))
    assert re.search(r"Extended to .* UTC: slow copy .*by mara", page)


def test_a_downtime_is_ended_early_and_launches_come_back(send):
    row = make_downtime(make_hub("a"))
    publishing.publish("first")
    assert factors() == ["maintenance"]
    send("downtime_end_early", row.pk, reason="done already")
    assert factors() == ["slow start"]
    row.refresh_from_db()
    assert row.change == "ended early: done already"


def test_who_comes_second_reads_what_happened(send, client):
    row = make_downtime(starts=2, ends=3)
    downtimes.cancel(row, reason="rain", by=make_maintainer("theo"))
    send("downtime_cancel", row.pk, reason="snow")
    page = text(client.get(reverse("admin:routing_downtime_change", args=[row.pk])))
    assert "theo called it off already: rain" in page


@pytest.mark.parametrize("page", ["extend", "end_early", "cancel"])
def test_a_change_needs_its_reason(send, page):
    row = make_downtime(starts=2, ends=3)
    assert send(f"downtime_{page}", row.pk, ends=typed(row.ends_at + timedelta(hours=1)), zone="UTC").status_code == 200
    row.refresh_from_db()
    assert row.sequence == 0


@pytest.mark.parametrize("pk", ["0", "x", "99999999999999999999"])
def test_a_downtime_that_does_not_exist_is_not_found(client, pk):
    assert client.get(reverse("admin:routing_downtime_change", args=[pk])).status_code == 404


# Emergencies


def test_a_hub_is_drained_and_undrained_from_its_page(client, send, others, maintainer):
    hub = make_hub("a", name="Heron")
    publishing.publish("first")
    page = reverse("admin:routing_hub_change", args=[hub.pk])
    assert "Drain now" in text(client.get(page))
    assert send("hub_drain", hub.pk, reason="disk on fire", until="", zone="UTC").status_code == 302
    assert factors() == ["maintenance"]
    said = text(client.get(page))
    assert "Heron is drained." in said
    assert "disk on fire , since" in said
    assert "Undrain" in said
    assert "Drain now" not in said
    assert send("hub_undrain", hub.pk).status_code == 302
    assert factors() == ["slow start"]
    row = Downtime.objects.get()
    assert (row.text, row.by, row.change, row.changed_by) == ("disk on fire", maintainer, "undrained", maintainer)


def test_a_drain_may_have_an_end(send, others):
    hub = make_hub("a")
    until = timezone.now() + timedelta(hours=3)
    send("hub_drain", hub.pk, reason="disk on fire", until=typed(until), zone="UTC")
    assert Downtime.objects.get().ends_at == until.replace(second=0, microsecond=0)


def test_a_drain_needs_a_reason(send, others):
    assert send("hub_drain", make_hub("a").pk, reason="", until="", zone="UTC").status_code == 200
    assert not Downtime.objects.exists()


def test_draining_the_last_hub_asks_twice(send):
    hub = make_hub("a")
    question = send("hub_drain", hub.pk, reason="fire", until="", zone="UTC")
    assert "No hub is left with weight" in text(question)
    send("hub_drain", hub.pk, reason="fire", until="", zone="UTC", confirmed=token(question))
    assert Downtime.objects.exists()


def test_a_second_drain_is_refused_in_words(send, others):
    hub = make_hub("a")
    downtimes.drain(hub, reason="fire", by=None)
    assert "is drained already" in text(send("hub_drain", hub.pk, reason="smoke", until="", zone="UTC"))


def test_undraining_what_is_not_drained_is_refused_in_words(send, client, others):
    hub = make_hub("a")
    send("hub_undrain", hub.pk)
    assert "is not drained" in text(client.get(reverse("admin:routing_hub_change", args=[hub.pk])))

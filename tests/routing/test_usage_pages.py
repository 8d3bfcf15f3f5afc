"""Who gets the launches: on the page, the first page, the hub's page, in CSV and JSON; and each member's months."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.utils import timezone

from members.models import ComputeOffer, Member
from routing.models import HealthHour, Promise, UsageRepository
from routing.services import deliveries, usage
from routing.views import usage_drawings
from tests.factories import make_hub, make_maintainer, make_member, make_usage
from tests.routing.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy():
    """Two hubs with a past of three days."""
    now = timezone.now()
    hubs = make_hub("heron"), make_hub("otter")
    for hub, share, launches in zip(hubs, (0.75, 0.25), (70, 30), strict=True):
        Promise.objects.create(hub=hub, at=now - timedelta(days=3), share=share)
        make_usage(hub, now, launches)
        UsageRepository.objects.create(hub=hub, day=now.date(), repository="gh/busy/one", launches=launches - 20)
    make_usage(hubs[1], now, 20, reason="spill")
    UsageRepository.objects.create(hub=hubs[0], day=now.date(), repository="gl/a%2f%3cscript%3e/main", launches=3)
    return hubs


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return text_of(answer.content)


def rows(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.content.decode())))


@pytest.mark.parametrize("window", ["", "?window=hour", "?window=year", "?window=nonsense", "?window=%00"])
def test_the_page_has_both_shares_of_each_hub_and_the_top_repositories(client, busy, window):
    text = read(client, f"/usage{window}")
    assert "120 launches in" in text
    assert "Received 58.3% Promised 75%" in text
    assert "Received 41.7% Promised 25%" in text
    assert "16.7% of those that were new went to another hub" in text
    assert "busy/one 60 50%" in text
    assert "rarer ones 57" in text


def test_names_that_people_chose_are_text(client, busy):
    answer = client.get("/usage")
    assert b"<script>/main" not in answer.content
    assert "gl/a/<script>/main" in text_of(answer.content)
    assert b'href="https://github.com/busy/one"' in answer.content


def test_before_the_first_launch_the_page_says_so(client):
    assert "Nothing counted yet" in read(client, "/usage")


def test_a_promise_without_a_launch_is_shown(client):
    Promise.objects.create(hub=make_hub("a"), at=timezone.now() - timedelta(days=1), share=1.0)
    text = read(client, "/usage")
    assert "0 launches in" in text
    assert "Received unknown Promised 100%" in text


def test_the_first_page_shows_the_last_day(client, busy, redis_url):
    assert "The last 24 hours 120 launches an hour" in read(client, "/")


def test_a_members_page_shows_its_hubs_last_thirty_days(client, busy, redis_url):
    text = read(client, "/members/heron/")
    assert "Launches in the last 30 days 70 launches." in text
    assert "Received 58.3% Promised 75%" in text


def test_the_office_shows_what_each_hub_received(client, busy, redis_url):
    client.force_login(make_maintainer())
    text = read(client, "/admin/")
    assert "Received in the last hour" in text
    assert "58.3%" in text


def test_a_hubs_page_shows_its_week_and_what_it_launched_most(client, busy, redis_url):
    text = read(client, "/hubs/otter/")
    assert "Launches 50 Received 41.7% Promised 25% Spilled over to it 20 Came back to it 0" in text
    assert "busy/one 10 20%" in text


@pytest.mark.parametrize("address", ["/usage", "/usage?window=year", "/usage.json?window=year"])
def test_a_page_costs_the_same_for_many_hubs(client, django_assert_max_num_queries, address):
    now = timezone.now()
    for number in range(12):
        hub = make_hub()
        make_usage(hub, now, number + 1)
        UsageRepository.objects.create(hub=hub, day=now.date(), repository=f"gh/x/{number}", launches=number + 1)
        Promise.objects.create(hub=hub, at=now - timedelta(days=1), share=1 / 12)
    with django_assert_max_num_queries(7):
        answer = client.get(address)
    assert len(answer.content) < 150_000


def test_json_has_the_same_numbers_and_may_be_read_by_all(client, busy):
    answer = client.get("/usage.json?window=hour")
    assert answer["Access-Control-Allow-Origin"] == "*"
    data = answer.json()
    assert (data["launches"], len(data["slots"])) == (120, 60)
    heron = data["hubs"][0]
    assert (heron["key"], heron["launches"], heron["slots"][-1]["launches"]) == ("heron", 70, 70)
    assert heron["promised_share"] == pytest.approx(0.75)
    assert data["hubs"][1]["reasons"]["spill"] == 20
    assert data["repositories"]["top"][0] == {
        "name": "gh/busy/one",
        "launches": 60,
        "hubs": {"heron": 50, "otter": 10},
    }


def test_csv_has_a_row_for_each_slot_and_hub(client, busy):
    found = rows(client, "/usage.csv?window=day")
    assert len(found) == 2 * 24
    assert found[-2:][0]["hub"] == "heron"
    assert {row["launches"] for row in found[-2:]} == {"70", "50"}
    assert found[-1]["received_share"] == "0.416667"


def test_csv_of_repositories_and_of_one_hub(client, busy):
    assert rows(client, "/usage/repositories.csv?hub=otter") == [
        {"repository": "gh/busy/one", "hub": "otter", "launches": "10"}
    ]
    assert {row["hub"] for row in rows(client, "/usage.csv?hub=otter")} == {"otter"}
    assert {row["hub"] for row in rows(client, "/usage.csv?member=heron")} == {"heron"}


@pytest.mark.parametrize(
    "query", ["window=nonsense", "month=2026-13", "month=1999-01", "month=2099-01", "hub=nobody", "hub=%00", "month=x"]
)
@pytest.mark.parametrize("address", ["/usage.json", "/usage.csv", "/usage/repositories.csv"])
def test_what_there_is_not_is_not_found(client, busy, address, query):
    assert client.get(f"{address}?{query}").status_code == 404


def test_nothing_is_written_there(client):
    for address in ("/usage", "/usage.json", "/usage.csv"):
        assert client.post(address).status_code == 405


# Each member's months

NOW = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)


@pytest.fixture
def delivered():
    """A member with two hubs and one that is another's, in October 2026."""
    member = make_member("mossgate", name="Mossgate Library", funded_by="The Moss Fund")
    mine = [make_hub("otter", member=member), make_hub("mink", member=member)]
    other = make_hub("heron")
    for hub, share, launches in ((mine[0], 0.3, 200), (mine[1], 0.1, 100), (other, 0.6, 700)):
        Promise.objects.create(hub=hub, at=datetime(2026, 10, 1, tzinfo=UTC), share=share)
        make_usage(hub, datetime(2026, 10, 5, 9, tzinfo=UTC), launches)
    for hour in range(10):
        at = datetime(2026, 10, 5, hour, tzinfo=UTC)
        HealthHour.objects.create(hub=mine[0], hour=at, samples=240, good=240, user_pods_mean=12.5)
    UsageRepository.objects.create(hub=mine[0], day=date(2026, 10, 5), repository="gh/busy/one", launches=150)
    ComputeOffer.objects.create(
        member=member, title="secret name", state="active", cpu_cores=64, provider="OVH", amount=999, currency="EUR"
    )
    return member


def test_a_month_says_what_was_promised_and_what_was_given(delivered):
    found = deliveries.read(delivered, deliveries.month_of("2026-10"), NOW)
    assert (found.launches, found.usage.total, found.over) == (300, 1000, True)
    assert (found.received, found.promised) == (pytest.approx(0.3), pytest.approx(0.4))
    assert found.user_hours == deliveries.UserHours(125.0, 10, 744)
    assert dict(found.days())[datetime(2026, 10, 5, tzinfo=UTC)] == 300
    assert [each.name for each in found.repositories] == ["gh/busy/one"]


def test_the_page_of_a_month_can_be_shown_to_a_funder(client, delivered, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        answer = client.get("/members/mossgate/reports/traffic/2026-10/")
    text = text_of(answer.content)
    assert "Mossgate Library served 300 of the federation's 1,000 launches, funded by The Moss Fund" in text
    assert "Launches served 300 Share promised 40% Share received 30% User-hours 125" in text
    assert "64 CPU cores at OVH" in text
    assert "http://testserver/members/mossgate/reports/traffic/2026-10/" in text
    assert not re.search("secret name|999", text)


def test_what_no_hub_told_is_unknown_and_not_nothing(client, delivered):
    HealthHour.objects.all().delete()
    assert "User-hours unknown" in read(client, "/members/mossgate/reports/traffic/2026-10/")


def test_a_hub_that_moved_to_nobody_leaves_an_empty_month(client, delivered):
    make_member("quiet")
    text = read(client, "/members/quiet/reports/traffic/2026-10/")
    assert "served 0 of the federation's 1,000 launches" in text
    assert "None of its hubs was promised or sent anything" in text


@pytest.mark.parametrize("month", ["2026-09", "2026-9", "2099-01", "2026-13", "1999-12", "nonsense", "2026-10-01"])
def test_a_month_of_which_nothing_is_known_is_not_found(client, delivered, month):
    assert client.get(f"/members/mossgate/reports/traffic/{month}/").status_code == 404


def test_the_list_leads_to_a_month(client, delivered):
    newest = deliveries.newest_month()
    answer = client.get("/members/mossgate/reports/traffic/")
    assert answer["Location"] == f"/members/mossgate/reports/traffic/{newest}/"
    assert str(deliveries.months(NOW)[-1]) == "2026-10"


def test_before_anything_was_counted_there_is_a_word_on_it(client):
    make_member("quiet")
    assert "Nothing counted yet" in read(client, "/members/quiet/reports/traffic/")


def test_who_does_not_take_part_yet_has_no_public_report(client, delivered):
    Member.objects.filter(pk=delivered.pk).update(state="applicant")
    assert client.get("/members/mossgate/reports/traffic/2026-10/").status_code == 404


def test_a_running_month_says_that_it_still_grows(client, busy):
    month = deliveries.Month(timezone.now().date().replace(day=1))
    assert "the numbers still grow" in read(client, f"/members/heron/reports/traffic/{month}/")


# Drawings


def test_the_largest_column_is_as_high_as_the_chart_and_nothing_is_no_column():
    drawn = usage_drawings.columns([0, 5, 10], "words & <more>")
    assert "M10 100v-50.0h8V100z" in drawn
    assert "M20 100v-100.0h8V100z" in drawn
    assert "M0 100v" not in drawn
    assert "words &amp; &lt;more&gt;" in drawn


def test_lines_break_where_nothing_is_known():
    drawn = usage_drawings.shares([0.5, None, 0.25, 0.5], [None, 0.5, 0.5, 0.25], 0.5, "")
    assert 'class="line" d="M5 0.0h3M25 50.0L35 0.0"' in drawn
    assert 'class="line-promised" d="M10 0.0H20V0.0H30V50.0H40"' in drawn


def test_every_window_can_be_drawn(busy):
    for window in usage.WINDOWS.values():
        found = usage.look(window)
        assert found.total == 120

"""A hub's page: why it gets this much traffic, and everything that changed it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import redis
from django.utils import timezone

from members.models import User
from routing.models import Hub, Policy, WeightChange
from routing.services import hubs, publishing, timeline, weights
from routing.snapshot import REDIS_REDIRECTS
from routing.views.hub import _text
from tests.factories import (
    change_weights,
    make_checked_hub,
    make_downtime,
    make_flips,
    make_hub,
    make_incident,
    make_maintainer,
    make_samples,
    make_usage,
    make_user,
)
from tests.routing.reading import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def read(client):
    def do(url: str = "/hubs/a/") -> str:
        answer = client.get(url)
        assert answer.status_code == 200
        return text_of(answer.content)

    return do


def older(client, url: str) -> str | None:
    """The address behind the link to older entries of the timeline."""
    found = re.search(r'rel="next" href="(\?before=[^"#]+)', client.get(url).content.decode())
    return found and "/hubs/a/" + found[1]


def test_the_effective_weight_is_an_equation_with_reasons(read):
    now = timezone.now()
    make_checked_hub("a", weight=30, health={"returned_at": now - timedelta(minutes=5), "total_pods": 81, "quota": 100})
    make_checked_hub("b", weight=70)

    text = read()

    assert "It counts with less than its weight." in text
    assert "Weight 30 What the federation promises it. × slow start 0.55" in text
    assert "× quota 0.5 81 of 90 usable pods are taken = effective weight 8.25" in text
    assert "Promised 30%" in text
    assert "Due now 10.5%" in text


def test_with_nothing_to_take_away_the_equation_says_so(read):
    make_checked_hub("a", weight=30)

    assert "It counts with its whole weight." in read()
    assert "= effective weight 30 Nothing takes away from it." in read()


def test_a_hub_that_is_out_gets_nothing_and_says_why(read):
    make_checked_hub("a", name="Ants", health={"serving": False, "reason": "refuses connections"})

    text = read()

    assert "✕ Out : not answering since" in text
    assert "It gets no new launches now." in text
    assert "× health 0 Refuses connections = effective weight 0" in text


def test_what_it_received_today_stands_beside_what_it_was_promised(read, redis_url):
    make_checked_hub("a")
    assert "Received today unknown, or no launch yet" in read()
    with redis.Redis.from_url(redis_url) as client:
        client.hset(REDIS_REDIRECTS.format(day=datetime.now(UTC).date().isoformat()), mapping={"a": 1, "b": 3})

    assert "Received today 25%" in read()


def test_it_shows_each_check_and_what_the_hub_said(read):
    now = timezone.now()
    make_checked_hub(
        "a",
        health={
            "checks": {"versions": True, "Docker registry": False},
            "answer_seconds": 0.12,
            "user_pods": 62,
            "build_pods": 3,
            "total_pods": 65,
            "quota": 100,
            "certificate_expires": now + timedelta(days=12, hours=1),
            "launch_success_1h": 0.97,
        },
    )

    text = read()

    assert "✓ Versions is fine ✕ Docker registry fails" in text
    assert "Answered in 120 ms" in text
    assert "62 users, 3 builds of 100" in text
    assert "◐ 12 days left" in text
    assert "97% in the last hour" in text


def test_versions_stand_beside_the_primes(read):
    since = timezone.now() - timedelta(hours=3)
    make_checked_hub("p", prime=True, health={"versions": {"binderhub": "1", "builder": "x"}})
    make_checked_hub(
        "a", health={"versions": {"binderhub": "2", "builder": "x"}, "skew": "binderhub", "skew_since": since}
    )

    text = read()

    assert "Versions: different from the reference since" in text
    assert "binderhub 2 ◐ another 1 builder x x" in text


def test_pinned_versions_are_the_reference(read):
    Policy.objects.create(pk=1, pinned_binderhub="3")
    make_checked_hub("a", health={"versions": {"binderhub": "2"}})

    assert "binderhub 2 ◐ another 3" in read()


def test_answer_times_are_a_chart_and_a_table(client):
    make_samples(make_checked_hub("a"), 0.1, 0.3, None)

    html = client.get("/hubs/a/").content.decode()

    assert re.search(r'<path class="line" d="M\d+ [\d.]+h2', html)
    assert "200 ms 300 ms" in text_of(html)
    assert "500 ms 24 h ago now" in text_of(html)


def test_without_samples_there_is_no_chart(read):
    make_checked_hub("a")

    assert "Answer times" not in read()


def test_every_day_is_in_the_table(read):
    make_flips(make_checked_hub("a"), (timezone.now() - timedelta(days=100), "serving"))

    assert read().count("100% 1440 0 0 0") == 89


def test_an_unknown_hub_is_a_404(client):
    make_hub("a")

    assert [client.get(f"/hubs/b{end}").status_code for end in ("/", ".json", "/badge.svg")] == [404, 404, 404]


def test_a_hub_that_left_says_so_and_keeps_its_history(client, read):
    hub = make_checked_hub("a", name="Ants", weight=0, state=Hub.State.RETIRED)
    make_flips(hub, (timezone.now() - timedelta(days=5), "out"), reason="refuses connections")

    text = read()

    assert "This hub has left the federation" in text
    assert "✕ Out: not answering" in text
    assert "effective weight" not in text
    assert client.get("/hubs/a.json").json()["state"]["word"] == "retired"


def test_an_open_incident_and_its_maintenance_are_on_it_and_not_those_of_others(read):
    hub, other = make_checked_hub("a"), make_checked_hub("b")
    make_incident(hub, title="Ours")
    make_incident(other, title="Theirs")
    make_downtime(hub, starts=5, ends=6, text="Our disks")
    make_downtime(other, starts=5, ends=6, text="Their disks")

    text = read()

    assert "An incident is open: Ours" in text
    assert "Our disks" in text
    assert "Their" not in text


# The timeline ------------------------------------------------------------------------------------------------------


def test_the_timeline_joins_all_that_changed_the_traffic(read):
    now = timezone.now()
    hub = make_checked_hub("a", name="Ants", weight=1)
    publishing.publish("the first")
    change_weights(a=5, reason="they have new machines")
    publishing.publish("new machines")
    hubs.make_prime(Hub.objects.get(key="a"), reason="its turn", by=None)
    publishing.publish("its turn")
    hubs.change_state(Hub.objects.get(key="a"), "drained", reason="a flood", by=None)
    publishing.publish("a flood")
    make_flips(
        hub, (now - timedelta(days=1), "out"), (now - timedelta(hours=20), "serving"), reason="full: 9 of 9 pods"
    )
    make_flips(hub, (now - timedelta(days=2), "out"), reason="runs other versions than the prime: binderhub 2")
    make_flips(hub, (now - timedelta(days=3), "unknown"))
    make_downtime(hub, starts=-60, ends=-50, text="New disks", created_at=now - timedelta(days=9))
    make_downtime(hub, starts=-90, ends=-80, emergency=True, text="Smoke")
    make_downtime(hub, starts=-70, ends=-65, cancelled_at=now - timedelta(hours=75), cancel_reason="Not needed")
    make_incident(hub, opened_at=now - timedelta(hours=22), resolved_at=now - timedelta(hours=21))

    text = read()
    events = text[text.index("What changed its traffic") :]

    for said in (
        "→ Was entered, active the first",
        "→ Weight 1 → 5 they have new machines",
        "★ Became the prime: it serves the federation's pages its turn",
        "○ State active → drained a flood",
        "○ Resting: over its pod quota full: 9 of 9 pods",
        "● Well again",
        "✕ Out: running other versions than the rest of the federation",
        "? Not checked any more",
        "○ Maintenance began New disks",
        "● Maintenance is over New disks",
        "○ Taken out for the moment Smoke",
        "● No longer taken out Smoke",
        "● Maintenance was called off Not needed",
        "▲ An incident was opened Builds are slow",
        "● An incident was resolved Builds are slow",
    ):
        assert said in events
    assert events.index("Well again") < events.index("Resting") < events.index("Smoke")


def test_what_is_still_to_come_has_not_happened(read):
    make_downtime(make_checked_hub("a"), starts=5, ends=6)

    assert "Maintenance began" not in read()
    assert "Maintenance was announced" in read()


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        (None, "by somebody in charge"),
        (lambda: make_user("reader"), "by somebody in charge"),
        (lambda: make_maintainer("colleague"), "by Ada Lovelace"),
    ],
)
def test_who_did_it_is_named_to_maintainers_only(client, read, who, shown):
    ada = make_maintainer("ada")
    User.objects.filter(pk=ada.pk).update(first_name="Ada", last_name="Lovelace")
    make_checked_hub("a")
    change_weights(a=5, by=User.objects.get(pk=ada.pk))
    if who:
        client.force_login(who())

    text = read()

    assert f"Weight 1 → 5 {shown} as agreed" in text
    assert ("Lovelace" in text) == ("Ada" in shown)


def test_what_a_program_did_is_by_nobody(read):
    make_checked_hub("a")
    change_weights(a=5)

    assert "Weight 1 → 5 as agreed" in read()


def test_a_long_timeline_comes_in_pages_without_gap_or_repetition(client):
    now = timezone.now()
    hub = make_checked_hub("a")
    make_flips(hub, *((now - timedelta(hours=n), ("out", "serving")[n % 2]) for n in range(1, 45)), reason="odd")
    for number in range(2, 32):
        weights.change({hub.pk: Decimal(number)}, reason=f"edit {number}", by=None)

    seen, url = [], "/hubs/a/"
    while url:
        html = client.get(url).content.decode()
        seen += re.findall(r'<li><p class="when">.*?</li>', html, re.DOTALL)
        url = older(client, url)

    assert len(seen) == len(set(seen)) == 74


def test_entries_of_one_moment_are_neither_lost_nor_shown_twice(db):
    hub, at = make_hub("a"), timezone.now() - timedelta(hours=1)
    WeightChange.objects.bulk_create(
        WeightChange(hub=hub, at=at, from_weight=number, to_weight=number + 1, reason="one edit")
        for number in range(70)
    )

    page, found = timeline.page(hub), []
    while True:
        found += [entry.number for entry in page.entries]
        if page.older is None:
            break
        page = timeline.page(hub, timeline.Cursor.read(str(page.older)))

    assert len(found) == len(set(found)) == 70


def test_decisions_far_back_are_found_page_by_page(db, monkeypatch):
    monkeypatch.setattr(timeline, "VERSIONS", 5)
    make_hub("a")
    publishing.publish("entered")
    other = make_hub("b")
    for number in range(2, 20):
        Hub.objects.filter(pk=other.pk).update(weight=number)
        publishing.publish(f"version {number}")
    hub = Hub.objects.get(key="a")

    page, found, pages = timeline.page(hub), [], 1
    while page.older is not None:
        found += page.entries
        page, pages = timeline.page(hub, page.older), pages + 1
    found += page.entries

    assert [(entry.kind, entry.text) for entry in found] == [("state", "entered")]
    assert 3 <= pages <= 6


@pytest.mark.parametrize(
    "cursor", ["", "x", "~~", "2026-13-01T00:00:00.0Z~flip~1", "2026-01-01T00:00:00.0Z~flip~x", "\0"]
)
def test_a_cursor_that_is_none_shows_the_newest(client, cursor):
    make_flips(make_checked_hub("a"), (timezone.now(), "serving"))

    answer = client.get("/hubs/a/", {"before": cursor})

    assert "Well again" in answer.content.decode()


def test_the_page_takes_at_most_seventeen_queries(client, django_assert_max_num_queries):
    now = timezone.now()
    for number in range(30):
        make_checked_hub(f"hub-{number}")
    hub = make_checked_hub("a")
    publishing.publish("first")
    make_flips(hub, *((now - timedelta(hours=n), ("out", "serving")[n % 2]) for n in range(1, 40)))
    make_samples(hub, *[0.1] * 50)
    make_incident(hub)
    make_downtime(hub)
    make_usage(hub, now, 5)

    with django_assert_max_num_queries(17):
        client.get("/hubs/a/")


def test_a_version_within_a_version_is_told_in_words():
    assert _text({"build_image": "repo2docker:1", "more": {"a": None}}) == "build_image: repo2docker:1, more: a: "

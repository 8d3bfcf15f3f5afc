"""The status page, its JSON, its badges and /health."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db import OperationalError
from django.utils import timezone

from routing.models import Hub
from tests.factories import (
    make_checked_hub,
    make_downtime,
    make_flips,
    make_hub,
    make_incident,
    make_user,
)
from tests.routing.reading import text_of

pytestmark = pytest.mark.django_db

OUT = {"serving": False, "reason": "refuses connections"}


@pytest.fixture
def read(client):
    def do(url: str = "/status") -> str:
        answer = client.get(url)
        assert answer.status_code == 200
        return text_of(answer.content)

    return do


def test_the_sentence_comes_first_then_each_hub_with_its_state(read):
    make_checked_hub("a", name="Ants")
    make_checked_hub("b", name="Bees", health={**OUT, "since": timezone.now()})

    text = read()

    assert text.index("1 of 2 hubs is serving; Bees is out: not answering since") < text.index("Ants ● serving")
    assert "Bees ✕ out Not answering since" in text


def test_without_a_hub_it_says_so(read):
    assert "No hub yet" in read()


def test_uptime_is_shown_for_four_windows_and_unknown_time_as_unknown(read):
    now = timezone.now()
    hub = make_checked_hub("a")
    make_flips(
        hub,
        (now - timedelta(days=40), "serving"),
        (now - timedelta(days=4), "out"),
        (now - timedelta(days=3), "serving"),
    )
    make_checked_hub("b", name="New")

    text = read()

    assert "24 h 100% 7 days 85.71% 30 days 96.67% 90 days 97.50%" in text
    assert "24 h unknown 7 days unknown 30 days unknown 90 days unknown" in text


def test_the_bars_have_words_for_who_can_not_see_them(client):
    now = timezone.now()
    make_flips(make_checked_hub("a"), (now - timedelta(days=10), "serving"))

    html = client.get("/status").content.decode()

    label = re.search(r'class="days"[^>]* aria-label="([^"]+)"', html)
    assert label
    assert label[1].startswith("The last 90 days: 11 with checks, none with an outage, 79 of which nothing is known")


def test_an_open_incident_is_shown_with_what_was_said_in_safe_markdown(client):
    make_incident(make_checked_hub("a", name="Ants"), said="We **look** <script>alert(1)</script>")

    html = client.get("/status").content.decode()

    text = text_of(html)
    assert "What is going on Builds are slow Since" in text
    assert "On Ants . Investigating" in text
    assert "<strong>look</strong>" in html
    assert "<script>alert" not in html


def test_a_draft_is_not_shown(read):
    make_incident(make_checked_hub("a"), draft=True)

    assert "Builds are slow" not in read()


def test_past_incidents_stay_for_ninety_days(read):
    now = timezone.now()
    make_incident(title="Recent", opened_at=now - timedelta(days=80), resolved_at=now - timedelta(days=79))
    make_incident(title="Ancient", opened_at=now - timedelta(days=100), resolved_at=now - timedelta(days=99))
    make_incident(title="Old but open", opened_at=now - timedelta(days=100))

    text = read()

    assert text.index("Old but open") < text.index("Past incidents") < text.index("Recent")
    assert "Ancient" not in text


def test_coming_and_current_maintenance_is_shown_with_its_times(client):
    hub = make_checked_hub("a", name="Ants")
    coming = make_downtime(hub, starts=30, ends=32, text="New disks")
    make_downtime(hub, starts=-5, ends=-1, text="Long gone")
    make_downtime(hub, starts=-1, ends=None, emergency=True, text="Smells of smoke")
    make_downtime(hub, starts=5, ends=6, severity="at_risk", text="A new switch")

    html = client.get("/status").content.decode()

    text = text_of(html)
    assert "Ants ○ taken out for the moment" in text
    assert "Ants ○ planned" in text
    assert "Ants ◐ may be shaky" in text
    assert "Long gone" not in text
    assert f'<time datetime="{coming.starts_at:%Y-%m-%dT%H:%M:%SZ}" data-local>' in html


def test_with_fifty_hubs_it_takes_at_most_twelve_queries(client, django_assert_max_num_queries):
    now = timezone.now()
    for number in range(50):
        hub = make_checked_hub(f"hub-{number:02}")
        make_flips(hub, (now - timedelta(days=number + 1), "serving"))
        make_downtime(hub, starts=5, ends=6)
        make_incident(hub)
    client.force_login(make_user())

    with django_assert_max_num_queries(12):
        html = client.get("/status").content.decode()

    assert html.count('class="card hub-row"') == 50


def test_names_and_texts_are_text_never_html(client):
    hub = make_checked_hub("a", name="<b>Bold</b>", health=OUT)
    make_downtime(hub, text="<i>x</i>")
    make_incident(hub, title="<u>y</u>")

    html = client.get("/status").content.decode()

    assert not re.search(r"<b>Bold|<i>x|<u>y", html)


def test_the_pages_need_no_inline_script_or_style(client):
    hub = make_checked_hub("a")
    make_flips(hub, (timezone.now() - timedelta(days=3), "out"))

    for url in ("/status", "/hubs/a/"):
        html = client.get(url).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_the_page_only_reads(client):
    for url in ("/status", "/status.json", "/health", "/badge.svg"):
        assert client.post(url).status_code == 405


# For programs ------------------------------------------------------------------------------------------------------


def test_the_json_says_what_the_page_says(client):
    make_checked_hub("a", name="Ants", weight=3)
    hub = make_checked_hub("b", name="Bees", weight=1, health=OUT)
    make_incident(hub)
    make_downtime(hub, starts=5, ends=6)

    answer = client.get("/status.json")

    assert answer["Access-Control-Allow-Origin"] == "*"
    found = answer.json()
    assert found["status"]["kind"] == "limited"
    assert found["status"]["text"].startswith("1 of 2 hubs is serving; Bees is out: not answering since")
    assert [hub["key"] for hub in found["hubs"]] == ["a", "b"]
    assert found["hubs"][1]["state"] | {"since": None} == {
        "kind": "out",
        "word": "out",
        "cause": "health",
        "reason": "not answering",
        "since": None,
        "until": None,
    }
    assert found["hubs"][1]["weight"] == {
        "target": 1.0,
        "effective": 0.0,
        "promised_share": 0.25,
        "effective_share": 0.0,
        "factors": [{"name": "health", "value": 0.0, "reason": "refuses connections"}],
    }
    assert found["incidents"][0]["title"] == "Builds are slow"
    assert found["incidents"][0]["hubs"] == ["b"]
    assert found["maintenance"][0]["hub"] == "b"


def test_health_has_binderhubs_shape_and_a_check_for_each_hub(client):
    make_checked_hub("a", name="Ants")
    make_checked_hub("b", name="Bees", health=OUT)

    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer.json() == {
        "ok": True,
        "checks": [{"service": "Ants", "ok": True}, {"service": "Bees", "ok": False}],
    }


@pytest.mark.parametrize("values", [{"weight": 0}, {"health": OUT}, {"state": Hub.State.DRAINED}])
def test_health_is_503_when_no_hub_serves(client, values):
    make_checked_hub("a", **values)

    answer = client.get("/health")

    assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_health_of_nothing_is_503(client):
    assert client.get("/health").status_code == 503


def test_a_hub_that_was_never_checked_is_no_proof_of_health(client):
    make_hub("a")

    assert client.get("/health").status_code == 503


def test_health_goes_on_by_the_last_known_when_nobody_checks(client):
    make_checked_hub("a", health={"checked_at": timezone.now() - timedelta(hours=2)})

    assert client.get("/health").status_code == 200


def test_health_without_a_database_is_a_503_in_the_same_shape(client, monkeypatch):
    def refuse(*_args, **_values):
        raise OperationalError("connection refused")

    monkeypatch.setattr("routing.models.hubs.HubQuerySet.published", refuse)

    answer = client.get("/health")

    assert (answer.status_code, answer.json()) == (503, {"ok": False, "checks": []})


def badge(answer) -> tuple[str, str]:
    """The badge's title and its colour."""
    picture = ElementTree.fromstring(answer.content)
    space = "{http://www.w3.org/2000/svg}"
    rect = picture.find(f"{space}rect")
    assert rect is not None
    return picture.findtext(f"{space}title") or "", rect.get("fill", "")


def test_the_federations_badge_counts_the_hubs(client):
    make_checked_hub("a")
    make_checked_hub("b", health=OUT)

    answer = client.get("/badge.svg")

    assert answer["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert badge(answer)[0] == "BinderHub federation: 1 of 2 hubs serve"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Ants & <Co>: serving"),
        ({"health": OUT}, "Ants & <Co>: out"),
        ({"weight": 0}, "Ants & <Co>: resting"),
        ({"health": {"checked_at": None}}, "Ants & <Co>: unknown"),
        ({"weight": 0, "state": Hub.State.RETIRED}, "Ants & <Co>: retired"),
    ],
)
def test_a_hubs_badge_says_its_state(client, values, words):
    make_checked_hub("a", name="Ants & <Co>", **values)

    assert badge(client.get("/hubs/a/badge.svg"))[0] == words


def test_a_badge_is_kept_for_a_minute_and_sent_again_only_when_it_changed(client):
    hub = make_checked_hub("a")
    first = client.get("/hubs/a/badge.svg")

    again = client.get("/hubs/a/badge.svg", headers={"If-None-Match": first["ETag"]})
    Hub.objects.filter(pk=hub.pk).update(weight=0)
    changed = client.get("/hubs/a/badge.svg", headers={"If-None-Match": first["ETag"]})

    assert "max-age=60" in first["Cache-Control"]
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200


def test_badges_and_json_may_be_shown_on_any_page(client):
    make_checked_hub("a", name="W" * 100)

    for url in ("/badge.svg", "/hubs/a/badge.svg", "/status.json", "/hubs/a.json"):
        assert client.get(url)["Access-Control-Allow-Origin"] == "*"


def test_each_answer_for_programs_takes_few_queries(client, django_assert_max_num_queries):
    for number in range(10):
        make_incident(make_checked_hub(f"hub-{number}"))

    for url, most in (("/badge.svg", 4), ("/hubs/hub-1/badge.svg", 4), ("/health", 4), ("/hubs/hub-1.json", 10)):
        with django_assert_max_num_queries(most):
            client.get(url)


def test_the_shape_of_a_hubs_json_is_what_the_documentation_says(client, settings):
    make_checked_hub("a")

    found = client.get("/hubs/a.json").json()

    documented = (settings.BASE_DIR / "docs/status.md").read_text()
    example = json.loads(re.search(r"```json\n(.+?)```", documented, re.DOTALL)[1])
    assert set(found) == set(example)
    for part in ("state", "weight", "pods", "uptime"):
        assert set(found[part]) == set(example[part])
